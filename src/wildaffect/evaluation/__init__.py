"""Predictions, annotations and a protocol to a report."""
