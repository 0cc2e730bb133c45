"""Training on generated faces with exact ground truth."""
