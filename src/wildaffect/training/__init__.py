"""Training of temporal multi-task models: recipes, batches, loop, checkpoints, runs."""
