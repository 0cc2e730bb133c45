"""One function per verb: what the commands do, from Python."""
