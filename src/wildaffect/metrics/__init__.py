"""Official scores as pure functions of arrays, pooled over frames; numpy alone."""
