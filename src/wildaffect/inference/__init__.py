"""Predictions from faces: artifacts, a person's neutral, calibration, the analyzer."""
