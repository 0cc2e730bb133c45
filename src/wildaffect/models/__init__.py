"""Everything with weights; needs the extra `train`."""
