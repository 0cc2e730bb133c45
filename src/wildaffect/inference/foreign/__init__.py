"""Networks of other projects, described in a small file, as artifacts."""
