"""One module per command: its flags, and what it prints."""
