"""From a source to its results: the Python API, and jobs that write files."""
