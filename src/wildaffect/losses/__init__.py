"""Losses per task and task weighting."""
