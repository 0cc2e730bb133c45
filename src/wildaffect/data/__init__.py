"""Samples from annotations and features; splits and folds that do not leak."""
