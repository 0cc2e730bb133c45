"""Learning from faces without labels: the masked autoencoder."""
