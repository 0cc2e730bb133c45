"""Files of other programs: written from results, read to compare with results."""
