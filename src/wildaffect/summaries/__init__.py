"""Summaries of result tables: one row per video and person."""
