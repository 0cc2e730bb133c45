"""Faces to predictions: artefacts, a person's neutral, calibration, the analyzer."""
