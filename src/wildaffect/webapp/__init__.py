"""Static web app that analyzes video in the browser, and the overlay of all web pages."""
