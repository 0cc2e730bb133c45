"""Everything with weights: crops to features, features over time to every task."""
