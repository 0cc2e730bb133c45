"""Data types shared by all stages. Symbols: T frames of a sequence, H and W pixels."""
