"""Networks that read sound: samples at 16 kHz to features (T, D)."""
