"""Fixes: text edits on the lossless tree, never a re-print."""
