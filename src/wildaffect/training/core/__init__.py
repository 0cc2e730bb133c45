"""What every kind of training shares: one trainer, run folder, checkpoint and schedule."""
