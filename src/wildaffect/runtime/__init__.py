"""The one inference runtime (OpenVINO): every network of the light core runs through it."""
