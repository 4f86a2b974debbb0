"""All rules of a run: the built-in rules and those of users and plugins."""
