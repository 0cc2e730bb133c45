"""Frames to detections, tracks, landmarks, blendshapes, pose and aligned crops."""
