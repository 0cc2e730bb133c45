"""Comparison of conditions over the participants of a study."""
