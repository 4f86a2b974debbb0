"""A: attributes, their elements and their values."""
