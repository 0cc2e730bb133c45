"""Recipes, batches, the loop, checkpoints and runs of temporal multi-task training."""
