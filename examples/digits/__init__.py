"""Handwritten digits: a small image classifier."""
