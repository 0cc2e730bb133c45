"""Training of temporal multi-task models on stored features."""
