"""A block: DOT text that is a part of a document, with the way back to the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.syntax.source import Edited

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Iterator

Piece = tuple[int, int, str | None]
"""(start, end, text): this part of the document stands for `text`; None if it is DOT as it is."""


class Block(Struct, frozen=True):
    """DOT text inside a document.

    `text` is the text without what the document puts around it: indentation, comment marks, escapes. It can map its
    offsets back. `encode` returns one line of DOT as the document spells it.
    """

    text: Edited
    encode: Callable[[str], str] = str


def assemble(parent: str, pieces: Iterable[Piece]) -> Edited:
    """Return a text made of pieces of `parent`, which are ascending and do not overlap."""
    parts: list[str] = []
    cuts: list[tuple[int, int, int]] = []
    length = last = 0
    for start, end, text in pieces:
        part = parent[start:end] if text is None else text
        cuts.append((length, start, end))
        parts.append(part)
        length += len(part)
        last = end
    made = Edited("".join(parts))
    made.cuts, made.parent = [*cuts, (length, last, last)], parent
    return made


def unescaped(start: int, end: int, escapes: Iterable[re.Match[str]], meaning: Callable[[str], str]) -> Iterator[Piece]:
    """Yield the pieces of a string: what it spells as it is, and the meaning of each of its escapes."""
    at = start
    for escape in escapes:
        if escape.start() > at:
            yield at, escape.start(), None
        yield *escape.span(), meaning(escape[0])
        at = escape.end()
    if end > at:
        yield at, end, None


def inner(block: Block, encode: Callable[[str], str]) -> Block:
    """Return a block that was found in a text which `encode` spells as the document does."""
    own = block.encode
    return Block(block.text, lambda line: encode(own(line)))
