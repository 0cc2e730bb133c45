"""The `wildaffect demo` command: an analysis of material that ships with the package."""
