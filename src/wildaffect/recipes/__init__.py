"""Built-in recipes, each as a function."""
