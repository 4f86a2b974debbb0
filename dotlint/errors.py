"""The one tree of exceptions: everything dotlint raises on purpose derives from `DotlintError`."""

from __future__ import annotations


class DotlintError(Exception):
    """A mistake that a user can mend; `str(error)` is one clear line: what, where, what would be right."""
