"""Evaluation of predictions against annotations under a protocol."""
