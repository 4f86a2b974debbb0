"""The bounds of lines in a text."""

from __future__ import annotations


def line_end(text: str, offset: int) -> int:
    """Return the offset of the LF (or CR LF) that ends the line, or the end of the text."""
    found = text.find("\n", offset)
    if found < 0:
        return len(text)
    return found - 1 if found > offset and text[found - 1] == "\r" else found


def line_start(text: str, offset: int) -> int:
    """Return the offset of the start of the line that contains `offset`."""
    return text.rfind("\n", 0, offset) + 1
