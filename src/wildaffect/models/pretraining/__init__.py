"""Pre-training on faces without labels: masked autoencoder."""
