"""Text edits on the lossless tree: what a fix is made of."""
