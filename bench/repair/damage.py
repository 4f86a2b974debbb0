"""Break a DOT text at one token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.syntax.tokens import tokens

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

Span = tuple[int, int]
_IGNORED = {"BLANK", "LINE_COMMENT", "BLOCK_COMMENT"}


def spans(text: str) -> list[Span]:
    """Return the spans of all tokens; each quote of a string counts as one, too."""
    return list(_spans(text))


def _spans(text: str) -> Iterator[Span]:
    for token in tokens(text):
        if token.type in _IGNORED:
            continue
        yield token.at, token.to
        if token.type in {"STRING", "HTML"}:
            yield token.at, token.at + 1
            yield token.to - 1, token.to


def deleted(text: str, span: Span, _draw: random.Random) -> str:
    """Delete the token."""
    return text[: span[0]] + text[span[1] :]


def doubled(text: str, span: Span, draw: random.Random) -> str:
    """Write the token twice, sometimes with a blank in between."""
    return text[: span[1]] + draw.choice(("", " ")) + text[span[0] :]


def requoted(text: str, span: Span, draw: random.Random) -> str:
    """Write other quotes around the token, if it is a string, or around every string of the file."""
    one = text[slice(*span)]
    if len(one) < 2 or one[0] != '"':
        return text
    if draw.random() < 0.5:
        return f"{text[: span[0]]}'{one[1:-1]}'{text[span[1] :]}"
    pieces = (token.raw for token in tokens(text))
    return "".join(f"'{raw[1:-1]}'" if len(raw) > 1 and raw[0] == '"' else raw for raw in pieces)


DAMAGES: tuple[Callable[[str, Span, random.Random], str], ...] = (deleted, doubled, requoted)
