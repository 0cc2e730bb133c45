"""Table formats, one module each, with the interface of `tables.format.TableFormat`."""
