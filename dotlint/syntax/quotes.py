"""Quotes and angle brackets that do not pair up: which one is the odd one, to judge by the lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.syntax.region import line_end, line_start
from dotlint.syntax.terminals import html_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.syntax.problem import Edit

_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*+(")')
# What may follow the value at the end of a line.
_TAIL = re.compile(r"[ \t]*(?:\][ \t]*)?(?:[;,][ \t]*)?(?:\}[ \t]*)?(?://.*)?\Z")
_REST_OF_LIST = re.compile(r"[ \t]*(?:,[ \t]*|;[ \t]*|[ \t]+)[A-Za-z_]\w*[ \t]*=[^\n]*\Z")


def close_string(text: str, start: int, end: int, stop: int) -> Iterator[tuple[int, int, int, str]]:
    """Give guesses at the quote that lacks its partner: (its offset, where to put the partner, end of the line, how).

    A line with an odd number of quotes has one; the partner stands before what ends the line, or after the `=` before it.
    Labels may go over lines, so the parser has the last word.
    """
    at = line_start(text, start)
    while at <= min(stop, end):
        last = line_end(text, at)
        quotes = [one.start(1) for one in _QUOTE.finditer(text, max(at, start), last)]
        if len(quotes) % 2:
            yield from _partners(text, quotes, last)
        at = text.find("\n", last) + 1
        if not at:
            return


def _partners(text: str, quotes: list[int], last: int) -> Iterator[tuple[int, int, int, str]]:
    for quote in reversed(quotes):
        before = text[line_start(text, quote) : quote].rstrip()
        if before.endswith(("=", "[", ",", ">", "-", "{", ";", "+")) or not before:
            # It opens: what it opens ends before the rest of the list, or before what ends the line.
            line = text[quote + 1 : last]
            rest = _REST_OF_LIST.search(line)
            places = [rest.start()] if rest else []
            for tail in re.finditer(r"(?=[ \t]*\]?[ \t]*[;,]?[ \t]*\}?[ \t]*(?://.*)?\Z)", line):
                places.append(tail.start())
            for place in dict.fromkeys(places):
                yield quote, quote + 1 + place, last, "close"
        else:
            equal = text.rfind("=", line_start(text, quote), quote)
            if equal >= 0 and '"' not in text[equal:quote]:
                value = equal + 1 + len(text[equal + 1 : quote]) - len(text[equal + 1 : quote].lstrip())
                yield quote, value, last, "open"


_HTML_START = re.compile(r"=\s*<")
_HTML_STOP = re.compile(r">(?=\s*(?:\]|[,;]\s*\w+\s*=|\s\w+\s*=))")
_TAG = re.compile(r"<(?:/?[A-Za-z][\w:-]*(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s<>]+))*\s*/?|!--.*?--)>", re.DOTALL)


def escape_html(text: str, start: int, end: int, stop: int) -> Iterator[tuple[int, int, list[Edit], int]]:
    """Give guesses at an HTML value whose brackets do not balance: (start, end, edits, end of the statement).

    Everything in it that is not a tag is text, so its `<` and `>` become entities; it ends at a `>` that a `]` or another
    attribute follows.
    """
    limit = min(len(text), start + 20_000)
    for opened in _HTML_START.finditer(text, start, max(stop + 1, min(end, limit))):
        first = opened.end() - 1
        if first > stop:
            return
        count = 0
        for closed in _HTML_STOP.finditer(text, first + 1, limit):
            count += 1
            if count > 3:
                break
            last = closed.start()
            edits: list[Edit] = []
            at = first + 1
            for tag in [*_TAG.finditer(text, first + 1, last), None]:
                until = tag.start() if tag else last
                for bracket in re.finditer("[<>]", text[at:until]):
                    place = at + bracket.start()
                    edits.append((place, place + 1, "&lt;" if bracket[0] == "<" else "&gt;"))
                at = tag.end() if tag else last
            if edits or html_end(text, first) != last + 1:
                place = edits[0][0] if edits else first
                if edits:
                    yield place, edits[-1][1], edits, max(line_end(text, last), 0)
