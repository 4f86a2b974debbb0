"""A text as tokens, none left out: for editors, and for tests of losslessness."""

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
    """Split a text; the `raw` of all tokens joined is the text.

    Types are those of the grammar, with BLANK and comments; what never ends (a string, a comment, `<`) is
    one token of the type UNKNOWN up to the end of the text, as is each character that DOT has no use for.
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
