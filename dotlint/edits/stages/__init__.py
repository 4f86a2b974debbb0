"""A missing stage and its output, written as its siblings are."""
