"""HTTP service: jobs in worker processes, live sessions, and pages for a browser."""
