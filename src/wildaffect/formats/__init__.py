"""Every annotation and submission format: readers, writers, codes, label spaces."""
