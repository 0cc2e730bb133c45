"""Perceived valence, arousal, expressions and action units from video in the wild."""
