"""Split a text into tokens without loss, for editors and for tests."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from dotlint.syntax.lexemes import Lexeme
from dotlint.syntax.terminals import KEYWORDS, PATTERNS, html_end

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMED = "|".join(
    f"(?P<{name}>{PATTERNS[name]})"
    for name in ("BLANK", "LINE_COMMENT", "BLOCK_COMMENT", "NAME", "NUMBER", "STRING", "EDGEOP")
)


@cache
def _token() -> re.Pattern[str]:
    return re.compile(rf"{_NAMED}|(?P<OTHER>[\s\S])")


def tokens(text: str) -> Iterator[Lexeme]:
    """Yield the tokens of a text; their `raw` spellings concatenated are the text.

    The types are those of the grammar plus BLANK and comments. What is never closed (a string, a comment, `<`) is one
    token of type UNKNOWN up to the end of the text; so is each character that has no meaning in DOT.
    """
    pattern = _token()
    at = 0
    while at < len(text):
        match = pattern.match(text, at)
        assert match is not None
        kind, end = match.lastgroup or "OTHER", match.end()
        first = text[at]
        if kind == "NAME" and match[0].lower() in KEYWORDS:
            kind = match[0].upper()
        elif kind == "OTHER":
            kind = PATTERNS.get(first, "UNKNOWN")
            if first == "<" and (end := html_end(text, at)) > 0:
                kind = "HTML"
            elif first in '<"' or text.startswith("/*", at):
                kind, end = "UNKNOWN", len(text)
        yield Lexeme(kind, text, at, end)
        at = end
