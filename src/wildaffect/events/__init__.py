"""Events in the rows of a result table: action units, expressions, blinks, gaze, nods."""
