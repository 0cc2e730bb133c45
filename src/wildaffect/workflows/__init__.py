"""The commands as Python functions, one per command."""
