"""What an analysis leaves behind: tables, overlay pictures and videos, summaries."""
