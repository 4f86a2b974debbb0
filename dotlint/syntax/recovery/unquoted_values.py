"""Attribute values without their quotes: find where they start and end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.syntax.recovery.certainty import Applicability, of_value
from dotlint.syntax.terminals import BLOCK_COMMENT, HTML, KEYWORDS, NAME, NUMBER, STRING
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.syntax.problem import Replacement

_NAMED = regex(rf"\s*+({NAME}|{STRING})\s*+=(?!=)[ \t]*+(?:{BLOCK_COMMENT}[ \t]*+)*+")
_OPENS = regex(rf"{STRING}|//[^\n]*+|[\[;\n{{}}]")
_PIECE = regex(rf"{STRING}|{HTML}|[\[({{\])}},;\n]|\s++|[^\s\[({{\])}},;\"<]++|[\"<]")
_FINE_VALUE = regex(rf"(?:{NAME}|{NUMBER}|{STRING}(?:\s*\+\s*{STRING})*|{HTML})\Z")
_NEXT = regex(rf"[,;\s]*+({NAME}|{STRING})\s*+=(?!=)")
_COMMENT = regex(r"\s+(?://|/\*|#[ \t]).*\Z", re.DOTALL)
_COMMENT_START = regex(r"//|#(?:[ \t]|[^\S\n]*$)", re.MULTILINE)
_HIDDEN_COMMENT = regex(r"(?<!:)//|(?<!\S)#[ \t]")
_INNER_COMMENT = regex(rf"\s*{BLOCK_COMMENT}")

QUOTES = ("''", "``", '""', "\u201c\u201d", "\u201e\u201c", "\u201d\u201d", "\u2018\u2019", "\u2019\u2019")
OTHER_QUOTES_GROUP = "other quotes"
# A string in single or curly quotes, or what may contain such quotes.
OTHER_QUOTES = regex(
    rf"{STRING}|{HTML}|{BLOCK_COMMENT}|//[^\n]*+"
    r"|(?<![^\s,;:=\[{(>-])('[^\n]{0,2000}?'|'[^']{0,5000}'"
    r"|[\u201c\u201e\u201d][^\u201c-\u201e\"]{0,5000}[\u201c\u201d]|[\u2018\u2019][^\u2018\u2019\"]{0,5000}\u2019)"
    r"(?=\s*(?:[\],;:=\[{}]|->|--|\n|\Z|//|/\*|[A-Za-z_]\w*\s*=)|\s+['\u201c\u201e\u2018])"
)
LENGTHS = dict.fromkeys(
    ("height", "len", "margin", "nodesep", "pad", "ranksep", "size", "width"), "inches"
) | dict.fromkeys(("fontsize", "labelfontsize", "penwidth"), "points")
_PER_INCH = {"in": 1, "cm": 2.54, "mm": 25.4, "pt": 72, "px": 96}
_LENGTH = regex(r"(\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})[ ]?(in|cm|mm|pt|px)", re.IGNORECASE)
Found = tuple[str, int, int, str, Applicability]  # attribute, start, end, replacement, how certain


def quoted_value(raw: str) -> str:
    """Return a value in double quotes; quotes around it, single or double, are replaced."""
    if len(raw) > 1 and raw[0] + raw[-1] in QUOTES:
        raw = raw[1:-1]
    raw = re.sub(r'\\(["\'])', r"\1", raw)
    if raw.endswith("\\") and not raw.endswith("\\\\"):
        raw += "\\"
    return '"' + raw.replace('"', '\\"') + '"'


def without_unit(name: str, raw: str) -> str | None:
    """Return a length in inches or points, whichever Graphviz takes for the attribute; None if it is none."""
    length = _LENGTH.fullmatch(raw)
    if length is None or name not in LENGTHS:
        return None
    inches = float(length[1]) / _PER_INCH[length[2].lower()]
    return f"{inches * (72 if LENGTHS[name] == 'points' else 1):.3g}"


def requoted(text: str) -> list[Replacement]:
    """Return the edits that write double quotes around every string in other quotes; a quote may be a letter to DOT."""
    return [(*one.span(1), quoted_value(one[1])) for one in OTHER_QUOTES.finditer(text) if one[1]]


def without_semicolon(text: str, start: int, end: int) -> int:
    """Return where the statement `text[start:end]` ends without the semicolons and blanks behind it."""
    return start + len(text[start:end].rstrip().rstrip(";").rstrip())


def find_unquoted_values(text: str, start: int, end: int) -> list[Found]:
    """Return the values of the statement `text[start:end]` that need quotes."""
    first = _NAMED.match(text, start, end)
    if first is not None:
        stop = without_semicolon(text, start, end)
        comment = _COMMENT.search(text, first.end(), stop)
        if comment is not None:
            stop = comment.start()
        found = _needs_quotes(text, first, stop, in_list=False)
        return [found] if found else []
    at = start
    results: list[Found] = []
    while True:
        opened = next((one for one in _OPENS.finditer(text, at, end) if one[0] == "["), None)
        if opened is None:
            return results
        at = opened.end()
        while True:
            named = _NAMED.match(text, at, end)
            if named is None:
                break
            if _NAMED.match(text, named.end(), end):
                at = named.end()  # an attribute without a value
                continue
            stop = bare_value(text, named.end(), end)
            found = _needs_quotes(text, named, stop)
            if found:
                results.append(found)
            at = stop
            while at < end and text[at] in ",; \t\r\n":
                at += 1
            if stop <= named.end():
                break
        closed = text.find("]", at, end)
        if closed < 0:
            return results
        at = closed + 1


def _needs_quotes(text: str, named: re.Match[str], stop: int, *, in_list: bool = True) -> Found | None:
    raw = text[named.end() : stop]
    stop = named.end() + len(raw.rstrip())
    raw = raw.rstrip()
    if raw[:1] in {'"', "<"} and not raw.startswith("<-"):
        return None  # it has quotes; the mistake is something else
    if "\n" in raw and raw[:1] not in {"[", "(", "{"}:
        return None
    if _NAMED.match(raw):
        return None  # it is the next attribute, and this one has no value
    if not raw or (_FINE_VALUE.match(raw) and raw.lower() not in KEYWORDS):
        return None
    comments = "".join(_INNER_COMMENT.findall(raw))
    quoted = quoted_value(_INNER_COMMENT.sub("", raw))
    name, following = named[1].strip('"'), _NEXT.match(text, stop)
    if _HIDDEN_COMMENT.search(raw):
        return name, named.end(), stop, quoted, None
    if plain := without_unit(name, raw):
        return name, named.end(), stop, plain, "unsafe"
    certainty = of_value(name, quoted[1:-1], following[1].strip('"') if following else "", in_list=in_list)
    return name, named.end(), stop, quoted + comments, certainty


def bare_value(text: str, start: int, end: int) -> int:
    """Return where the value that starts at `start` ends.

    It ends before the next `name=`, or before the `]` that closes its list.
    """
    depth = 0
    last = at = start
    while at < end:
        piece = _PIECE.match(text, at, end)
        if piece is None:
            break
        mark = piece[0]
        if (at > last or at == start) and _COMMENT_START.match(text, at):
            return last
        if mark in "[({" and len(mark) == 1:
            depth += 1
        elif mark in {"]", ")", "}"}:
            if mark == "]" and (not depth or text.find("]", at + 1, end) < 0):
                return last
            depth = max(depth - 1, 0)
        elif not depth and (mark in {",", ";"} or mark.isspace()) and _NEXT.match(text, at, end):
            return last
        if not mark.isspace():
            last = piece.end()
            if mark in {",", ";"} and not depth and _NEXT.match(text, at, end):
                return at
        at = piece.end()
    return last
