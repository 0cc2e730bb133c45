"""Numbers per face and frame: geometry, extraction with a given embedder, the store."""
