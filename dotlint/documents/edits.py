"""Edits of a block as edits of its document, which keep its indentation, comment marks and escapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.documents.block import Block

Change = tuple[int, int, str]


def in_document(document: str, block: Block, changes: Sequence[Change]) -> list[Change] | None:
    """Return changes (start, end, text) of a block as changes of the document; None if they do not fit."""
    found: list[Change] = []
    for start, end, text in changes:
        first, last = block.text.source_offset(start), block.text.source_offset(end)
        lines = text.split("\n")
        separator = _line_break(document, block, start) if len(lines) > 1 else ""
        if separator is None or last < first:
            return None
        found.append((first, last, separator.join(map(block.encode, lines))))
    return found


def _line_break(document: str, block: Block, offset: int) -> str | None:
    """Return what the document writes between two lines of a block, taken from the nearest line that is not blank."""
    text = block.text
    blank: str | None = None
    for at in _line_ends(text, offset):
        first, last = text.source_offset(at), text.source_offset(at + 1)
        if first < last:  # else the document has no such line; it only implies it
            if text[at + 1 : at + 2].strip("\r\n"):
                return document[first:last]
            blank = blank or document[first:last]
    return blank


def _line_ends(text: str, offset: int) -> Iterator[int]:
    """Yield the offsets of the line ends, the nearest before `offset` first, then those after it."""
    at = text.rfind("\n", 0, offset)
    while at >= 0:
        yield at
        at = text.rfind("\n", 0, at)
    at = text.find("\n", offset)
    while at >= 0:
        yield at
        at = text.find("\n", at + 1)
