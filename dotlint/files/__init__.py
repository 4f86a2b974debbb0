"""Files: discovery, exclusion, reading, atomic writing, watching."""
