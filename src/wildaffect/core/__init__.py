"""The nouns that every stage shares. Symbols: T frames of a sequence, H and W pixels."""
