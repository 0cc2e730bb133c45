"""Training on face crops: supervised backbones and masked autoencoders."""
