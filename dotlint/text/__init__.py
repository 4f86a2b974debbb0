"""Plain text: linear-time patterns, spelling suggestions, TOML."""
