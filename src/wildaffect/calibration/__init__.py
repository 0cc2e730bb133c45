"""Outputs on validation subjects to ensembles, thresholds, temperatures and smoothing."""
