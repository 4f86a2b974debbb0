"""Files: found, read, left out of a search, written whole or not at all."""
