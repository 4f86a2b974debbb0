"""Unbalanced quotes and angle brackets: guess from the lines which one is at fault."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from dotlint.data.graphviz import HTML_TAGS, attributes
from dotlint.syntax.recovery.bounds import next_statement
from dotlint.syntax.terminals import STRING, html_end
from dotlint.text.lines import line_end, line_start
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.syntax.problem import Replacement

_QUOTE = regex(r'(?<!\\)(?:\\\\)*+(")')
_LINE_TAIL = regex(r"(?=[ \t]*\]?[ \t]*[;,]?[ \t]*\}?[ \t]*(?://.*)?\Z)")
_MOST_LINES = 30
_MOST_QUOTES = 8
_LONGEST_LINE = 6_000
_LIST_END = regex(r"[ \t]*\][ \t]*;?[ \t]*(?://.*)?\Z")
_ARROW = regex(r"[ \t]*-[->]")
_PAIR = r'(?:[ \t]*[,;][ \t]*|[ \t]+)([A-Za-z_]\w*)[ \t]*=[ \t]*(?:"[^"]*"|[\w.#-]+)'
_ONE_PAIR = regex(_PAIR)
_PAIRS_TO_END = regex(rf"(?:{_PAIR})+[ \t]*\][ \t]*;?[ \t]*(?://.*)?\Z")
_REST_OF_LIST = regex(r"[ \t]*(?:,[ \t]*|;[ \t]*|[ \t]+)[A-Za-z_]\w*[ \t]*=[^\n]*\Z")


def guess_string_ends(text: str, start: int, end: int, stop: int) -> Iterator[tuple[int, int, int, str]]:
    """Yield guesses for an unbalanced quote: (its offset, where to insert one, end of the line, kind of guess).

    A line with an odd number of quotes has one; its partner belongs before the end of the statement, or after the `=`
    before it. Labels may span lines, so the parser decides which guess is right.
    """
    at = line_start(text, start)
    while at <= min(stop, end):
        last = line_end(text, at)
        quotes: list[int] = []
        if last - at < _LONGEST_LINE:
            quotes = [one.start(1) for one in _QUOTE.finditer(text, max(at, start), last)]
        if len(quotes) % 2:
            # On a line with many quotes, only its ends and the quotes near the mistake are tried.
            near = sorted(quotes, key=lambda quote: abs(quote - stop))[:_MOST_QUOTES]
            yield from _guess_partners(text, sorted({*quotes[:2], *near, *quotes[-2:]}), last)
        at = text.find("\n", last) + 1
        if not at:
            return


def find_unbalanced_string(text: str, start: int, end: int) -> int | None:
    """Return the start of the first string in `text[start:end]` that contains lines that look like statements."""
    for string in _STRING.finditer(text, start, end + _LONGEST_LINE):
        if string.start() >= end:
            break
        if next_statement(text, string.start(), string.end()) is not None:
            return string.start()
    return None


def _guess_partners(text: str, quotes: list[int], last: int) -> Iterator[tuple[int, int, int, str]]:
    for quote in reversed(quotes):
        before = text[line_start(text, quote) : quote].rstrip()
        if before.endswith(("=", "[", ",", ">", "-", "{", ";", "+")) or not before:
            # An opening quote: its string ends before the rest of the list, or before the end of the line.
            line = text[quote + 1 : last]
            rest = _REST_OF_LIST.search(line)
            arrow = _ARROW.search(line)
            known = _known_rest(line)
            ends = [] if known is None else [known]
            ends += [one.start() for one in (rest, arrow) if one]
            ends.extend(tail.start() for tail in _LINE_TAIL.finditer(line))
            for end in dict.fromkeys(ends):
                yield quote, quote + 1 + end, last, "close"
            yield from _further_down(text, quote, last)
        else:
            equal = text.rfind("=", line_start(text, quote), quote)
            if equal >= 0 and '"' not in text[equal:quote]:
                value = equal + 1 + len(text[equal + 1 : quote]) - len(text[equal + 1 : quote].lstrip())
                yield quote, value, last, "open"
    for quote in quotes:
        yield quote, quote, last, "remove"


def _known_rest(line: str) -> int | None:
    """Return where the trailing attributes with known names start that extend to the end of the list, or None."""
    rest = _PAIRS_TO_END.search(line)
    if rest is None:
        return None
    known = attributes()
    start: int | None = None
    for pair in _ONE_PAIR.finditer(line, rest.start()):
        if pair[1] not in known:
            start = None
        elif start is None:
            start = pair.start()
    return start


def _further_down(text: str, quote: int, last: int) -> Iterator[tuple[int, int, int, str]]:
    """Yield closings of a multi-line string at the end of one of the next lines, as long as they have no quotes."""
    for _ in range(_MOST_LINES):
        at = text.find("\n", last) + 1
        last = line_end(text, at)
        line = text[at:last]
        if not at or '"' in line:
            return
        tail = _LIST_END.search(line)
        if tail is not None:
            yield quote, at + tail.start(), last, "close"


_STRING = regex(STRING)
_HTML_START = regex(r"=\s*<")
_HTML_STOP = regex(r">(?=\s*(?:\]|[,;]\s*\w+\s*=|\s\w+\s*=))")
_TAG = regex(
    r"<(?:/?[A-Za-z][\w:-]*(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s<>]+))*\s*/?|!--.*?--)>",
    re.DOTALL,
)


_ANY_TAG = regex(r"<(/?\w[^\s>/]*)[^<>]*>")
_HTML_LOST = regex(r"\s*(?:,\s*[A-Za-z_]+\s*=|\]\s*;?\s*$)")


def unclosed_value_line_end(text: str, start: int) -> int | None:
    """Return the end of the line at `start` if a string or HTML value on it is not closed, else None."""
    last = line_end(text, start)
    if last - start < _LONGEST_LINE and sum(1 for _ in _QUOTE.finditer(text, start, last)) % 2:
        return last
    opened = _HTML_START.search(text, start, last)
    return last if opened is not None and any(_never_closed(text, opened.end() - 1)) else None


def _never_closed(text: str, first: int) -> Iterator[tuple[int, int, list[Replacement], int]]:
    """Yield guesses for the end of an HTML value that continues on other lines.

    It ends on its first line, before an attribute or the closing bracket.
    """
    last, whole = line_end(text, first), html_end(text, first)
    if 0 <= whole <= last:
        return
    for lost in _HTML_LOST.finditer(text, first + 1, last):
        brackets = text[first : lost.start()]
        if brackets.count("<") - brackets.count(">") == 1 and not _text_brackets(text, first, lost.start()):
            yield first, first + 1, [(lost.start(), lost.start(), ">")], last


def _text_brackets(text: str, first: int, last: int) -> list[Replacement]:
    """Return edits that escape the angle brackets between two offsets that belong to no tag."""
    edits: list[Replacement] = []
    at = first + 1
    for tag in [*_TAG.finditer(text, first + 1, last), None]:
        until = tag.start() if tag else last
        for bracket in re.finditer("[<>]", text[at:until]):
            offset = at + bracket.start()
            edits.append((offset, offset + 1, "&lt;" if bracket[0] == "<" else "&gt;"))
        at = tag.end() if tag else last
    return edits


def guess_bare_html(text: str, start: int, stop: int) -> Iterator[tuple[int, int, bool, int]]:
    """Yield values that start with a tag or with text in angle brackets: (start, end, whether it is HTML, end of line).

    HTML needs angle brackets of its own around it, and text needs quotes.
    """
    for opened in _HTML_START.finditer(text, start, stop):
        first, last = opened.end() - 1, line_end(text, opened.end())
        if html_end(text, first) > stop:
            continue
        for closed in islice(_HTML_STOP.finditer(text, first + 1, last), 3):
            end = closed.end()
            names = [one[1].lower() for one in _ANY_TAG.finditer(text, first, end)]
            known = [name.lstrip("/") in HTML_TAGS for name in names]
            if end < stop or text[first:end].count("<") != text[first:end].count(">"):
                continue
            if names and not any(known):
                yield first, end, False, last
            elif all(known) and sum(name[0] == "/" for name in names) == sum(name[0] != "/" for name in names):
                yield first, end, True, last


def guess_html_fixes(text: str, start: int, end: int, stop: int) -> Iterator[tuple[int, int, list[Replacement], int]]:
    """Yield guesses for an HTML value with unbalanced brackets: (start, end, edits, end of the statement).

    Everything in it that is not a tag is text, so its `<` and `>` are escaped; it ends at a `>` that is followed by
    `]` or another attribute.
    """
    limit = min(len(text), start + 20_000)
    for opened in _HTML_START.finditer(text, start, max(stop + 1, min(end, limit))):
        first = opened.end() - 1
        if first > stop:
            return
        yield from _never_closed(text, first)
        whole = html_end(text, first)
        behind = text[whole:limit].lstrip()[:1] if 0 <= whole <= stop else ""
        if behind and behind in ",;]" and not _text_brackets(text, first, whole - 1):
            continue  # its tags balance and it ends correctly: the mistake is after it
        for closed in islice(_HTML_STOP.finditer(text, first + 1, limit), 3):
            last = closed.start()
            edits = _text_brackets(text, first, last)
            if edits:
                yield edits[0][0], edits[-1][1], edits, max(line_end(text, last), 0)
