"""Features per face and frame: geometry, extraction, and the feature store."""
