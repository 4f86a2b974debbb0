"""Strategies as people have them: the launch options of engines, in commands, scripts and configuration files."""
