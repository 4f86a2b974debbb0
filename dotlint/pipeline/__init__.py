"""One file from text to findings with fixes, and many files; fixing to a fixed point."""
