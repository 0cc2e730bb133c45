"""The `wildaffect demo` command: an analysis of sample media in the package."""
