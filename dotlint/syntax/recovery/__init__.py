"""Parsing that goes on after a mistake, and the diagnosis of the mistake."""
