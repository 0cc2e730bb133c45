"""Analysis of a source: options, jobs that write files, and terminal output."""
