"""`html`: findings, picture, source and fixes in one file that needs nothing else; style and script stand beside."""
