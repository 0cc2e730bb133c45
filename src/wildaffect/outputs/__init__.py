"""Outputs of an analysis: tables, overlay pictures and videos, summaries."""
