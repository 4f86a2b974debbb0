"""Lines of a `.gitignore`: globs, exceptions (`!`), comments."""

from __future__ import annotations

from msgspec import Struct

from dotlint.text.glob import Glob, read_glob


class Line(Struct, frozen=True):
    """A pattern, and whether what it matches is left out or kept after all."""

    glob: Glob
    leaves_out: bool


def read_line(line: str) -> Line | None:
    """Read a line; None for one that is blank or a comment. `GlobError` for one that can never match."""
    if line.startswith("#") or not line.strip(" "):
        return None
    text = _without_blanks(line)
    leaves_out = not text.startswith("!")
    return Line(read_glob(text if leaves_out else text[1:]), leaves_out)


def _without_blanks(line: str) -> str:
    """Cut the blanks at the end off, up to one that a backslash keeps."""
    text = line.rstrip(" ")
    escapes = len(text) - len(text.rstrip("\\"))
    return text + " " if escapes % 2 and len(text) < len(line) else text
