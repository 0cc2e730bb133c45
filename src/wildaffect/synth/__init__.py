"""A generated world: people, behavior, annotators, scenes, and the data sets made of them.

Everything is drawn from one seed. Importing this package imports no renderer.
"""
