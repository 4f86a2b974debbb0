"""Schemes drawn at random from a grammar, so that nobody can fit a reading to them."""
