"""Fusion of feature sets: features (B, T, D) with absent sets to rows (B, T, H)."""
