"""Everything with weights: tensors in, tensors out; no loss, no optimizer, no files."""
