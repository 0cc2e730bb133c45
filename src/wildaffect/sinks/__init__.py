"""Programs and files that receive rows while a source is read."""
