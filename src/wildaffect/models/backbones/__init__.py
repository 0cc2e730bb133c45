"""Backbones (crops to features): networks, registry, imported weights."""
