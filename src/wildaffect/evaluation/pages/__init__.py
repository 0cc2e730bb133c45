"""A report for people: terminal, Markdown, and one self-contained HTML page."""
