"""Trained models to files that run without torch."""
