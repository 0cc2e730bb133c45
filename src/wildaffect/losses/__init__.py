"""What is minimized: a loss per task, and how tasks are weighed."""
