"""Split names and labels into words and numbers."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from dotlint.syntax.lexemes import interned
from dotlint.text.regex import regex

_BREAK = regex(r"\\[nlr]|<(?:br|/?t[rdh]|/?table|[hv]r)\b[^<>]*>|\r?\n|\r|&#10;", re.IGNORECASE)
_TAG = regex(r"<[^<>]*>")
_PARTS = regex(r"\d+|[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]")
# A record's label has fields between `|` and braces, ports in `<>`; a backslash makes them text.
_FIELD = regex(r"(?<!\\)[|{}]")
_PORT = regex(r"(?<!\\)<[^<>]*>")
_ESCAPE = regex(r"\\([ {}<>|])")
# A digit inside these is part of the word: `all2all` has no index 2.
_WHOLE = regex(r"all2all|a2a|p2p|h2d|d2h|d2d|n2n|1f1b|2d", re.IGNORECASE)
_DIGITS = regex(r"\d+")


def label_lines(label: str) -> list[str]:
    r"""Split a label into its visible lines at `\n`, `\l`, `\r`, line breaks, `<br/>` and cells.

    HTML tags are removed, and entities are replaced by their characters.
    """
    if "\\" in label or "\n" in label or "<" in label or "\r" in label:
        lines = _BREAK.split(label)
        if any("<" in line for line in lines):
            lines = [_TAG.sub("", line) for line in lines]
    else:
        lines = [label]
    if "&" in label:
        from html import unescape  # noqa: PLC0415 - its table of entities is large, and few labels have any

        lines = [" ".join(unescape(line).splitlines()) for line in lines]
    return [interned(line.strip()) for line in lines if line.strip()]


def record_lines(label: str) -> list[str]:
    """Split the label of a record into the visible lines of its fields; ports and braces are removed."""
    fields = _PORT.sub("", _FIELD.sub("\n", label))
    return [interned(_ESCAPE.sub(r"\1", line)) for line in label_lines(fields)]


class Name(Struct, frozen=True, gc=False):
    """A name as the pattern of its family, and its numbers.

    `family` is the name with every number replaced by `#`; `numbers` are those numbers in order; `words` is the word
    before each in lower case ("" if there is none), `before` the word before that; `glued` is whether the number
    directly follows its word.
    """

    family: str
    numbers: tuple[int, ...]
    words: tuple[str, ...]
    glued: tuple[bool, ...]
    before: tuple[str, ...]


def name_parts(text: str) -> list[str]:
    """Return words and numbers of a name in order, split at camel case and underscores: `attnQKV2_1` -> attn QKV 2 1."""
    return [text[start:end] for start, end in part_spans(text)]


@lru_cache(maxsize=256)  # what is made of the parts is cached, too
def part_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Return the spans of the words and numbers of a name; parts of one compound such as `SwiGLU` touch."""
    if not _may_have_whole(text):
        return tuple([match.span() for match in _PARTS.finditer(text)])
    spans: list[tuple[int, int]] = []
    position = 0
    for whole in _WHOLE.finditer(text):
        before, after = text[: whole.start()][-1:], text[whole.end() :][:1]
        if (before.isalpha() and not before.islower() and whole[0][0].islower()) or after.isalpha():
            continue
        spans += (match.span() for match in _PARTS.finditer(text, position, whole.start()))
        spans.append(whole.span())
        position = whole.end()
    return (*spans, *[match.span() for match in _PARTS.finditer(text, position)])


def _may_have_whole(text: str) -> bool:
    return "2" in text or "1f" in text or "1F" in text


def number_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of the numbers in a name: digits that are not part of a word such as `all2all`."""
    protected = [match.span() for match in _WHOLE.finditer(text)] if _may_have_whole(text) else []
    spans = (match.span() for match in _DIGITS.finditer(text))
    return [
        (start, end)
        for start, end in spans
        if end - start <= 9 and not any(first <= start < last for first, last in protected)
    ]


@lru_cache(maxsize=16384)
def parse_name(text: str) -> Name:
    """Parse a name: `layer3_expert12_tp0` is the family `layer#_expert#_tp#` with 3, 12 and 0."""
    numbers: list[int] = []
    words: list[str] = []
    glued: list[bool] = []
    earlier: list[str] = []
    family: list[str] = []
    position = 0
    for start, end in number_spans(text):
        before = text[position:start]
        word, previous, touches = _last_words(before)
        family += (before, "#")
        words.append(word)
        glued.append(touches)
        earlier.append(previous)
        numbers.append(int(text[start:end]))
        position = end
    family.append(text[position:])
    common = _shared_parts("".join(family), tuple(words), tuple(glued), tuple(earlier))
    return Name(common[0], tuple(numbers), *common[1:])


@lru_cache(maxsize=16384)
def _shared_parts(
    family: str, words: tuple[str, ...], glued: tuple[bool, ...], before: tuple[str, ...]
) -> tuple[str, tuple[str, ...], tuple[bool, ...], tuple[str, ...]]:
    """Return the objects of the first name of the family, so that all its names share them."""
    return family, words, glued, before


@lru_cache(maxsize=16384)
def _last_words(text: str) -> tuple[str, str, bool]:
    """Return the word before a number in lower case, the one before that, and whether the number touches its word."""
    words = ["", "", *name_parts(text)]
    return words[-1].lower(), words[-2].lower(), text[-1:].isalpha()


@lru_cache(maxsize=16384)
def plain_words(text: str) -> str:
    """Return the words of a text in lower case, separated and surrounded by spaces, without numbers: ` all to all `."""
    words = [part.lower() for part in name_parts(text) if not part.isdigit()]
    return f" {' '.join(words)} "


@lru_cache(maxsize=16384)
def word_set(text: str) -> frozenset[str]:
    """Return the words of a text in lower case, without numbers."""
    return frozenset(plain_words(text).split())
