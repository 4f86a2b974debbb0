"""Configuration: what applies to a file."""
