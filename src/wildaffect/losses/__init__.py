"""What is minimised: a loss per task, and how tasks are weighed."""
