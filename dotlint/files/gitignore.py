"""Lines of a `.gitignore`: globs, re-inclusions (`!`) and comments."""

from __future__ import annotations

from msgspec import Struct

from dotlint.text.glob import Glob, read_glob


class IgnoreRule(Struct, frozen=True):
    """One line: its glob, and whether it excludes or re-includes."""

    glob: Glob
    excludes: bool


def read_line(line: str) -> IgnoreRule | None:
    """Parse a line; None if it is blank or a comment. Raises `GlobError` if the pattern can never match."""
    if line.startswith("#") or not line.strip(" "):
        return None
    text = _without_trailing_spaces(line)
    excludes = not text.startswith("!")
    return IgnoreRule(read_glob(text if excludes else text[1:]), excludes)


def _without_trailing_spaces(line: str) -> str:
    """Strip trailing spaces, except one that is escaped by a backslash."""
    text = line.rstrip(" ")
    escapes = len(text) - len(text.rstrip("\\"))
    return text + " " if escapes % 2 and len(text) < len(line) else text
