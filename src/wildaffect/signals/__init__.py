"""Signals of eyes, gaze and mouth, measured from a face without a further network."""
