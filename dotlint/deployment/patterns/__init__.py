"""Patterns that sibling units share, and what a unit lacks of them."""
