"""One file per table format; all have the signature of `tables.format.TableFormat`."""
