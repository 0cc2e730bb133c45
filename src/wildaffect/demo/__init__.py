"""What `wildaffect demo` shows: the main job on material that ships with the package."""
