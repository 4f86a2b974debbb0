"""`full`: each finding with its source lines, in the style of rustc."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from dotlint.report.causes import causes_first
from dotlint.report.frame import frame_of, window
from dotlint.report.links import page
from dotlint.report.merge import names_its_nodes, shorter
from dotlint.report.ranges import shortened
from dotlint.text.display import one_line
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
_MOST_RELATED = 6


def render(results: Sequence[FileResult], *, width: int, color: bool, links: bool = False, last: str = "") -> str:
    """Return a code frame for each finding, and the `last` line; causes come before what follows from them.

    Source lines wider than `width` columns are cut around the location, and prose is wrapped. `links` makes each code a terminal hyperlink
    (OSC 8) to the page of its rule.
    """
    lines: list[str] = []
    for result in results:
        if result.unreadable is not None:
            lines += [
                _paint("error", _RED, color) + f": {one_line(result.path, 4096)}: {one_line(result.unreadable)}",
                "",
            ]
            continue
        for index, finding in enumerate(causes_first(result.findings)):
            if index:
                lines.append("")
            lines += _finding_lines(finding, result, width, color, page(finding.code, finding.name) if links else None)
        if result.findings:
            lines.append("")
    if last:
        lines.append(_paint(last, _BOLD, color))
    return "".join(line.rstrip() + "\n" for line in lines)


def _paint(text: str, code: str, color: bool) -> str:
    return f"{code}{text}{_OFF}" if color else text


def _finding_lines(finding: Finding, result: FileResult, width: int, color: bool, link: str | None) -> Iterable[str]:
    source = result.source
    code = f"\x1b]8;;{link}\x1b\\{finding.code}\x1b]8;;\x1b\\" if link else finding.code
    head = _paint(f"{finding.severity}[{code}]", _COLORS[finding.severity], color)
    room = len(f"{finding.severity}[{finding.code}]")
    first, *more = _wrapped(f": {one_line(finding.message, 2000)}", width, room, 4)
    yield f"{head}{_paint(first, _BOLD, color)}"
    yield from (f"    {_paint(line, _BOLD, color)}" for line in more)
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

    def remark(text: str, indent: int = 3) -> Iterable[str]:
        first, *more = _wrapped(text, width, gutter + indent, gutter + indent + 2)
        yield f"{lead if indent == 3 else ' ' * (gutter + indent)}{first}"
        yield from (" " * (gutter + indent + 2) + line for line in more)

    if len(finding.nodes) > 1 and not finding.missing_edges and not names_its_nodes(finding):
        names, left = shortened(finding.nodes, 24)
        yield from remark(f"nodes: {one_line(', '.join(names), 2000)}{f' and {left} more' if left else ''}")
    for listing in shorter(finding.listings):
        yield from remark(f"{one_line(listing.title)}{': ' + one_line(listing.note) if listing.note else ''}")
        for written in (one_line(each, 2000) for each in listing.lines):
            yield from [f"{' ' * gutter}       {written}"] if listing.paste else remark(written, 7)
    if finding.note:
        yield from remark(f"note: {one_line(finding.note, 2000)}")
    if finding.help:
        yield from remark(f"help: {one_line(finding.help, 2000)}")
    if finding.caused_by:
        causes = listed(
            [
                f"{result.findings[i].code} at line {source.position(result.findings[i].start).line}"
                for i in finding.caused_by
            ],
            8,
        )
        yield from remark(f"fixed by {causes}")


def _wrapped(text: str, width: int, first: int, rest: int) -> list[str]:
    """Wrap a text to lines of `width` columns, of which the first has `first` columns before it and others `rest`."""
    lines = wrap(
        text,
        max(width, rest + 24),
        initial_indent=" " * first,
        subsequent_indent=" " * rest,
        break_on_hyphens=False,
        break_long_words=False,
    )
    return [line[rest if index else first :] for index, line in enumerate(lines)] or [""]


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
    frame = frame_of(source, start, end)
    final = source.position(end)
    if message and final.line > frame.line:
        message = f"{message}, to line {final.line}"
    text, under_from, under_to = window(frame, max(20, width - gutter - 4))
    number = _paint(f"{frame.line:>{gutter}} |", _BLUE, color)
    yield f"{number} {text}"
    marks = " " * under_from + _paint(mark * max(1, under_to - under_from), tint, color)
    note = f" {_paint(one_line(message), tint, color)}" if message else ""
    yield f"{' ' * gutter}{_paint(' |', _BLUE, color)} {marks}{note}"
