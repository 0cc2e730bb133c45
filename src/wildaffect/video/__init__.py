"""Reading of videos, images, cameras and addresses as timed frames; writing of video."""
