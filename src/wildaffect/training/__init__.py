"""Training: what every kind shares, temporal models, networks on crops."""
