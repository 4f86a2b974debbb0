"""Random bytes, in the likeness of DOT, thrown at all that dotlint does."""
