"""Plain text: patterns that cannot hang, spelling, TOML."""
