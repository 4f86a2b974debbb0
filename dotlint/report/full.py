"""`full`: each finding with the lines it is about, after the manner of rustc."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from dotlint.checks.grouping import listed
from dotlint.report.links import page
from dotlint.report.merge import shorter
from dotlint.report.ranges import shortened
from dotlint.text.display import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.engine.facts import SourceLines
    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult

_RED, _YELLOW, _CYAN, _BLUE, _BOLD, _OFF = (
    "\x1b[1;31m",
    "\x1b[1;33m",
    "\x1b[1;36m",
    "\x1b[1;34m",
    "\x1b[1m",
    "\x1b[0m",
)
_COLOURS = {"error": _RED, "warning": _YELLOW, "info": _CYAN}
_TAB = "    "
_MOST_RELATED = 6


def render(results: Sequence[FileResult], *, width: int, color: bool, links: bool = False) -> str:
    """Give a code frame for each finding; lines wider than `width` are cut around the place.

    `links` makes each code a link to the page of its rule, for a terminal that shows such links.
    """
    lines: list[str] = []
    for result in results:
        if result.unreadable is not None:
            lines += [
                _paint("error", _RED, color) + f": {one_line(result.path, 4096)}: {one_line(result.unreadable)}",
                "",
            ]
            continue
        for index, finding in enumerate(result.findings):
            if index:
                lines.append("")
            lines += _finding(finding, result, width, color, page(finding.code, finding.name) if links else None)
        if result.findings:
            lines.append("")
    return "".join(line.rstrip() + "\n" for line in lines)


def _paint(text: str, code: str, color: bool) -> str:
    return f"{code}{text}{_OFF}" if color else text


def _finding(finding: Finding, result: FileResult, width: int, color: bool, link: str | None) -> Iterable[str]:
    source = result.source
    code = f"\x1b]8;;{link}\x1b\\{finding.code}\x1b]8;;\x1b\\" if link else finding.code
    head = _paint(f"{finding.severity}[{code}]", _COLOURS[finding.severity], color)
    yield f"{head}{_paint(': ' + one_line(finding.message, 2000), _BOLD, color)}"
    place = source.position(finding.start)
    here = next((r for r in finding.related if (r.start, r.end) == (finding.start, finding.end)), None)
    elsewhere = [r for r in finding.related if r is not here]
    related = elsewhere[:_MOST_RELATED]
    last = max([place.line, *(source.position(r.start).line for r in related)])
    gutter = len(str(last))
    bar = " " * gutter + _paint(" |", _BLUE, color)
    yield f"{' ' * gutter}{_paint('-->', _BLUE, color)} {one_line(result.path, 4096)}:{place.line}:{place.column}"
    yield bar
    tint = _COLOURS[finding.severity]
    spots = [(finding.start, finding.end, "^", here.message if here else "", tint)]
    spots += [(r.start, r.end, "-", r.message, _BLUE) for r in related]
    before = 0
    for start, end, mark, message, colour_of in sorted(spots, key=lambda spot: spot[:2]):
        line = source.position(start).line
        if before and line > before + 1:
            yield " " * gutter + _paint("...", _BLUE, color)
        yield from _frame(source, start, end, mark, message, gutter, width, color, colour_of)
        before = line
    if len(elsewhere) > len(related):
        yield f"{bar} and {len(elsewhere) - len(related)} more places"
    yield bar
    lead = " " * gutter + _paint(" = ", _BLUE, color)
    said = all(f"`{name}`" in finding.message for name in finding.nodes)
    if len(finding.nodes) > 1 and not finding.missing_edges and not said:
        names, left = shortened(finding.nodes, 24)
        yield f"{lead}nodes: {one_line(', '.join(names), 2000)}{f' and {left} more' if left else ''}"
    for listing in shorter(finding.listings):
        yield f"{lead}{one_line(listing.title)}{': ' + one_line(listing.note) if listing.note else ''}"
        yield from (f"{' ' * gutter}       {one_line(line, 2000)}" for line in listing.lines)
    if finding.note:
        yield f"{lead}note: {one_line(finding.note, 2000)}"
    if finding.help:
        yield f"{lead}help: {one_line(finding.help, 2000)}"
    if finding.caused_by:
        causes = listed(
            [
                f"{result.findings[i].code} at line {source.position(result.findings[i].start).line}"
                for i in finding.caused_by
            ],
            8,
        )
        yield f"{lead}mended by the repair of {causes}"


def _frame(
    source: SourceLines,
    start: int,
    end: int,
    mark: str,
    message: str,
    gutter: int,
    width: int,
    color: bool,
    tint: str,
) -> Iterable[str]:
    """One line of the file with its place underlined; a place of several lines is underlined to its first line's end."""
    place = source.position(start)
    line = source.line_text(place.line).removesuffix("\r")
    first = min(place.column - 1, len(line))
    final = source.position(end)
    last = final.column - 1 if final.line == place.line else len(line)
    last = max(last, first + 1)
    if message and final.line > place.line:
        message = f"{message}, to line {final.line}"
    room = max(20, width - gutter - 4)
    text, under_from, under_to = _window(line, first, last, room)
    number = _paint(f"{place.line:>{gutter}} |", _BLUE, color)
    yield f"{number} {text}"
    marks = " " * under_from + _paint(mark * max(1, under_to - under_from), tint, color)
    note = f" {_paint(one_line(message), tint, color)}" if message else ""
    yield f"{' ' * gutter}{_paint(' |', _BLUE, color)} {marks}{note}"


def _window(line: str, first: int, last: int, room: int) -> tuple[str, int, int]:
    """Cut a line to `room` columns around a place; give the text and the place's columns in it."""
    cut_left = 0
    if _columns(line[: min(last, len(line))]) > room or _columns(line) > room:
        cut_left = max(0, first - room // 3) if _columns(line[:first]) > room // 2 else 0
    head = "…" if cut_left else ""
    shown = head + _expand(line[cut_left:])
    under_from = len(head) + _columns(line[cut_left:first])
    under_to = under_from + _columns(line[first:last] or " ")
    if _width(shown) > room:
        while _width(shown) > room - 1:
            shown = shown[: max(1, len(shown) - max(1, (_width(shown) - room) // 2))]
        shown += "…"
        under_to = min(under_to, room)
    return shown, under_from, max(under_to, under_from + 1)


def _expand(text: str) -> str:
    return visible(text).replace("\t", _TAB)


def _columns(text: str) -> int:
    return _width(_expand(text))


def _width(text: str) -> int:
    """Columns of a terminal that a visible text takes: wide East Asian characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
