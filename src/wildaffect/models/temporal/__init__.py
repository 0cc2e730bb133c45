"""Temporal encoders: features (B, T, D) of a window to states (B, T, H)."""
