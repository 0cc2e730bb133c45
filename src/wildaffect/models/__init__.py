"""Networks: backbones (crops to features) and temporal multi-task models."""
