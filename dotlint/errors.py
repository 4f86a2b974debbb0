"""The base class of all exceptions that dotlint raises on purpose."""

from __future__ import annotations


class DotlintError(Exception):
    """A mistake that the user can fix; `str(error)` is one line: what is wrong, where, and what would be right."""
