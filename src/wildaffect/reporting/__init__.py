"""Tables and pages of reports, the same in the terminal, in Markdown and in HTML."""
