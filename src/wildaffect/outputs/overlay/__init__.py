"""Results drawn on frames: boxes, labels, a valence/arousal dial, action-unit bars."""
