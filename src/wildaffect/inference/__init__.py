"""Faces to predictions: artifacts, a person's neutral, calibration, the analyzer."""
