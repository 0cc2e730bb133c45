"""Crop to features: networks, the registry that names them, weights of other people."""
