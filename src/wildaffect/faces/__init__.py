"""Face chain: detection, tracking, landmarks, blendshapes, pose and aligned crops."""
