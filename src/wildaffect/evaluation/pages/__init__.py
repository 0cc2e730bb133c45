"""Report formats: terminal, Markdown, and a self-contained HTML page."""
