"""Agreement, F1, the official challenge scores and their intervals, in pure numpy."""
