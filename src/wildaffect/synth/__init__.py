"""Synthetic data: people, behavior, annotators, scenes, and data sets of them.

Everything is determined by one seed. Importing this package does not import the renderer.
"""
