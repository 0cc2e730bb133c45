"""Fitting of ensembles, thresholds, temperatures and smoothing on validation outputs."""
