"""Break a DOT text at one token."""

from __future__ import annotations

import re
from bisect import bisect
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


def commented(text: str, span: Span, draw: random.Random) -> tuple[str, Span]:
    """Write a comment before one of the next tokens or the last ones; return the text and where the span is in it."""
    starts = [token.at for token in tokens(text) if token.type not in _IGNORED]
    here = bisect(starts, span[0])
    at = draw.choice(starts[max(here - 4, 0) : here + 3])
    note = draw.choice(("/* note */", " /* note */ ", "// note\n", " # note\n"))
    moved = len(note) if at <= span[0] else 0
    return text[:at] + note + text[at:], (span[0] + moved, span[1] + moved)


def deleted(text: str, span: Span, _draw: random.Random) -> str:
    """Delete the token."""
    return text[: span[0]] + text[span[1] :]


def doubled(text: str, span: Span, draw: random.Random) -> str:
    """Write the token twice, sometimes with a blank in between."""
    return text[: span[1]] + draw.choice(("", " ")) + text[span[0] :]


def swapped(text: str, span: Span, _draw: random.Random) -> str:
    """Swap the token with the next one; what is between them stays."""
    after = next((one for one in _spans(text[span[1] :])), None)
    if after is None:
        return text
    start, end = after[0] + span[1], after[1] + span[1]
    return text[: span[0]] + text[start:end] + text[span[1] : start] + text[slice(*span)] + text[end:]


def inserted(text: str, span: Span, draw: random.Random) -> str:
    """Write a brace, a bracket, a separator, a quote or a letter before the token or after it."""
    at = draw.choice(span)
    return text[:at] + draw.choice("{}{}[]()\",;=x'") + text[at:]


_MISTAKEN = {
    ",": ";.:", ";": ",:", "=": (":", "==", "-", ":="), "->": ("=>", "-->", "-", ">", "--"), "--": ("->", "-", "---"),
    "[": "({", "]": ")}", "{": "[(", "}": "])", ":": ";.", "+": "&",
}  # fmt: skip


def mistaken(text: str, span: Span, draw: random.Random) -> str:
    """Write another sign for the token, such as `;` for `,`, or other quotes for those of a string."""
    one = text[slice(*span)]
    if len(one) > 1 and one[0] == one[-1] == '"':
        opened, closed = draw.choice((("'", "'"), ("\u201c", "\u201d"), ("`", "`"), ("'", '"'), ('"', "'"), ("", "")))
        return text[: span[0]] + opened + one[1:-1] + closed + text[span[1] :]
    return text[: span[0]] + draw.choice(_MISTAKEN.get(one, (one,))) + text[span[1] :]


def quoted_inside(text: str, span: Span, draw: random.Random) -> str:
    """Write quotes around a word inside of the string, or lose the backslash of those in it."""
    one = text[slice(*span)]
    words = list(re.finditer(r"\w+", one)) if one[:1] == '"' else []
    if '\\"' in one:
        one = one.replace('\\"', '"')
    elif words:
        word = draw.choice(words)
        one = f'{one[: word.start()]}"{word[0]}"{one[word.end() :]}'
    return text[: span[0]] + one + text[span[1] :]


def cut(text: str, span: Span, draw: random.Random) -> str:
    """End the text after a part of the token."""
    return text[: draw.randint(*span)]


def joined(text: str, span: Span, _draw: random.Random) -> str:
    """Join the token with the next one."""
    return text[: span[1]] + text[span[1] :].lstrip()


def requoted(text: str, span: Span, draw: random.Random) -> str:
    """Write other quotes around the token, if it is a string, or around every string of the file."""
    one = text[slice(*span)]
    if len(one) < 2 or one[0] != '"':
        return text
    opened, closed = draw.choice(("''", "\u201c\u201d"))
    if draw.random() < 0.5:
        return text[: span[0]] + opened + one[1:-1] + closed + text[span[1] :]
    pieces = (token.raw for token in tokens(text))
    return "".join(opened + raw[1:-1] + closed if len(raw) > 1 and raw[0] == '"' else raw for raw in pieces)


DAMAGES: tuple[Callable[[str, Span, random.Random], str], ...] = (
    deleted, doubled, swapped, inserted, mistaken, quoted_inside, requoted, joined, cut,
)  # fmt: skip
