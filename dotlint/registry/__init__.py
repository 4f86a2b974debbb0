"""All rules of a run: built-in, user's and plugins'."""
