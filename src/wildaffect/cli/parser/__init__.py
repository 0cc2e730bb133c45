"""Command lines from records: flags, errors, help and shell completion."""
