"""Every experiment that ships, as a function that returns its recipe."""
