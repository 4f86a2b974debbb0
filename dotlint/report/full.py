"""`full`: each finding with its source lines, in the style of rustc."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from dotlint.report.links import page
from dotlint.report.merge import names_its_nodes, shorter
from dotlint.report.ranges import shortened
from dotlint.text.display import one_line, visible
from dotlint.text.english import listed

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
_COLORS = {"error": _RED, "warning": _YELLOW, "info": _CYAN}
_TAB = "    "
_MOST_RELATED = 6


def render(results: Sequence[FileResult], *, width: int, color: bool, links: bool = False) -> str:
    """Return a code frame for each finding; source lines wider than `width` columns are cut around the location.

    `links` makes each code a terminal hyperlink (OSC 8) to the page of its rule.
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
            lines += _finding_lines(finding, result, width, color, page(finding.code, finding.name) if links else None)
        if result.findings:
            lines.append("")
    return "".join(line.rstrip() + "\n" for line in lines)


def _paint(text: str, code: str, color: bool) -> str:
    return f"{code}{text}{_OFF}" if color else text


def _finding_lines(finding: Finding, result: FileResult, width: int, color: bool, link: str | None) -> Iterable[str]:
    source = result.source
    code = f"\x1b]8;;{link}\x1b\\{finding.code}\x1b]8;;\x1b\\" if link else finding.code
    head = _paint(f"{finding.severity}[{code}]", _COLORS[finding.severity], color)
    yield f"{head}{_paint(': ' + one_line(finding.message, 2000), _BOLD, color)}"
    position = source.position(finding.start)
    here = next((r for r in finding.related if (r.start, r.end) == (finding.start, finding.end)), None)
    elsewhere = [r for r in finding.related if r is not here]
    related = elsewhere[:_MOST_RELATED]
    last = max([position.line, *(source.position(r.start).line for r in related)])
    gutter = len(str(last))
    bar = " " * gutter + _paint(" |", _BLUE, color)
    yield f"{' ' * gutter}{_paint('-->', _BLUE, color)} {one_line(result.path, 4096)}:{position.line}:{position.column}"
    yield bar
    tint = _COLORS[finding.severity]
    spans = [(finding.start, finding.end, "^", here.message if here else "", tint)]
    spans += [(r.start, r.end, "-", r.message, _BLUE) for r in related]
    before = 0
    for start, end, mark, message, span_tint in sorted(spans, key=lambda span: span[:2]):
        line = source.position(start).line
        if before and line > before + 1:
            yield " " * gutter + _paint("...", _BLUE, color)
        yield from _frame_lines(source, start, end, mark, message, gutter, width, color, span_tint)
        before = line
    if len(elsewhere) > len(related):
        yield f"{bar} and {len(elsewhere) - len(related)} more locations"
    yield bar
    lead = " " * gutter + _paint(" = ", _BLUE, color)
    if len(finding.nodes) > 1 and not finding.missing_edges and not names_its_nodes(finding):
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
        yield f"{lead}fixed by {causes}"


def _frame_lines(
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
    """Yield a source line and its underline; a span of several lines is underlined to the end of the first one."""
    position = source.position(start)
    line = source.line_text(position.line).removesuffix("\r")
    first = min(position.column - 1, len(line))
    final = source.position(end)
    last = final.column - 1 if final.line == position.line else len(line)
    last = max(last, first + 1)
    if message and final.line > position.line:
        message = f"{message}, to line {final.line}"
    room = max(20, width - gutter - 4)
    text, under_from, under_to = _window(line, first, last, room)
    number = _paint(f"{position.line:>{gutter}} |", _BLUE, color)
    yield f"{number} {text}"
    marks = " " * under_from + _paint(mark * max(1, under_to - under_from), tint, color)
    note = f" {_paint(one_line(message), tint, color)}" if message else ""
    yield f"{' ' * gutter}{_paint(' |', _BLUE, color)} {marks}{note}"


def _window(line: str, first: int, last: int, room: int) -> tuple[str, int, int]:
    """Cut a line to `room` columns around a span; return the text, and the start and end column of the span in it."""
    cut_left = 0
    if _columns(line[: min(last, len(line))]) > room or _columns(line) > room:
        cut_left = max(0, first - room // 3) if _columns(line[:first]) > room // 2 else 0
    head = "…" if cut_left else ""
    text = head + _expand(line[cut_left:])
    under_from = len(head) + _columns(line[cut_left:first])
    under_to = under_from + _columns(line[first:last] or " ")
    if _width(text) > room:
        while _width(text) > room - 1:
            text = text[: max(1, len(text) - max(1, (_width(text) - room) // 2))]
        text += "…"
        under_to = min(under_to, room)
    return text, under_from, max(under_to, under_from + 1)


def _expand(text: str) -> str:
    return visible(text).replace("\t", _TAB)


def _columns(text: str) -> int:
    return _width(_expand(text))


def _width(text: str) -> int:
    """Return the terminal columns of a printable text: two for wide East Asian characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
