"""Patterns that sibling units share, and what units lack of them."""
