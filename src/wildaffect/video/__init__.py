"""Video files, images, cameras and addresses to timed frames; frames back to video."""
