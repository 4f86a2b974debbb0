"""The sections of the report for a terminal, with their entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from dotlint.report.frame import window
from dotlint.report.rich_paragraphs import hanging, height, listing_columns
from dotlint.text.display import one_line, visible
from dotlint.text.english import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from dotlint.report.model import Outline, ReportEntry, Row, Section
    from dotlint.syntax.source import Position

_COLORS = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_FIXES = {"safe": "green", "unsafe": "magenta"}
INDENT = 3
_SHORT = 60  # names up to this length follow the message in its paragraph
_MOST_LOCATIONS = 3


def section_parts(section: Section, outline: Outline, width: int) -> Iterable[RenderableType]:
    """Yield a section after an empty line; one that has only follow-on findings is a mere paragraph if it is short."""
    heading = Text(section.heading, style="bold")
    if section.severity is None:
        items = Text("; ").join(_follow_on(entry, outline) for entry in section.entries)
        paragraph = Text.assemble(heading, "  ", items)
        if paragraph.cell_len <= 2 * (width - INDENT):
            if section is outline.sections[0]:
                yield Text()
            yield hanging(paragraph, width, 0, INDENT)
            return
    yield Text()
    yield heading
    located = [row for entry in section.entries if not entry.fixed_by for row in entry.rows if row.positions]
    # A long path, which the head and the first location have, would take a line of each section.
    path = 3 * len(outline.path) <= width or section is next(s for s in outline.sections if s.severity is not None)
    locations = {id(row): _location(row.positions, outline, path=path and row is located[0]) for row in located}
    for entry in section.entries:
        if entry.fixed_by:
            yield hanging(_follow_on(entry, outline), width, INDENT, 2)
        else:
            yield from _entry_parts(entry, locations, width)


def _entry_parts(entry: ReportEntry, locations: Mapping[int, Text], width: int) -> Iterable[RenderableType]:
    """Yield an entry, with the location of each row by the `id` of the row: beside its source line, or after its message.

    A note that makes the paragraph of its finding no longer stands in it.
    """
    beside_note: str | None = None
    for row in entry.rows:
        text = _status(entry, number=row is entry.rows[0]).append(one_line(row.message), style="not dim")
        names = _names(row)
        inline = 0 < names.cell_len <= _SHORT
        if inline:
            text.append(": ").append_text(names)
        location = locations.get(id(row))
        beside = row.frame is not None and location is not None and 2 * location.cell_len <= width
        if location is not None and not beside:
            text.append("  ").append_text(location)
        note = row.note or (entry.note if len(entry.rows) == 1 else None)
        if note and not row.frame and (inline or not row.nodes):
            noted = text.copy().append("  ").append_text(_hint_text("note", note))
            if height(noted, width, INDENT, 2) == height(text, width, INDENT, 2):
                text, beside_note = noted, note
        yield hanging(text, width, INDENT, 2)
        # Many lines of names are more than an info is worth.
        if row.nodes and not inline and (entry.severity != "info" or names.cell_len <= width - INDENT - 2):
            yield hanging(names, width, INDENT + 2, 0)
        if row.frame:
            gutter = location if beside and location is not None else Text(f"{row.frame.line}")
            yield from _frame_lines(row, gutter, entry, width)
        if row.note and row.note != beside_note:
            yield _hint("note", row.note, width)
    if entry.note and entry.note != beside_note:
        yield _hint("note", entry.note, width)
    if entry.help and not entry.step:
        yield _hint("help", entry.help, width)
    if entry.no_fix:
        yield _hint("no automatic fix", entry.no_fix, width)
    if entry.listings:
        alone = len(entry.listings) == 1 and entry.listings[0].paste and not entry.listings[0].note
        yield Padding(listing_columns(entry.listings, width - 5, titles=not alone), (0, 0, 0, 5))


def _names(row: Row) -> Text:
    names = Text(one_line(", ".join(row.nodes), 4000), style="cyan")
    return names.append(f" and {row.unnamed} more", style="not bold default") if row.unnamed else names


def _status(entry: ReportEntry, *, number: bool) -> Text:
    status = Text()
    if number and "." in entry.number:
        status.append(f"{entry.number} ")
    status.append(entry.code, style=f"bold link {entry.page}" if entry.page else "bold")
    status.append(" ").append(entry.severity, style=_COLORS[entry.severity])
    if entry.fix:
        status.append(" (").append(f"{entry.fix} fix", style=_FIXES[entry.fix]).append(")")
    return status.append(": ")


def _follow_on(entry: ReportEntry, outline: Outline) -> Text:
    """Return the findings of a rule that others cause, as one text with folded names."""
    text = Text(style="dim").append(entry.code, style=f"link {entry.page}" if entry.page else "")
    findings = sum(len(row.findings) for row in entry.rows)
    if findings == 1:
        nodes = f": {', '.join(entry.rows[0].nodes)}" if entry.rows[0].nodes else ""
        text.append(f" {one_line(entry.rows[0].message + nodes, 4000)}")
    else:
        names = f": {one_line(', '.join(entry.nodes), 4000)}" if entry.nodes else ""
        text.append(f" {entry.words}{names}" if names else f" {findings} × {entry.words}")
        if not names:
            starts = [position for row in entry.rows for position in row.positions]
            text.append(" ").append_text(_location(starts, outline, path=False))
    return text.append(f" (fixed by {listed(entry.fixed_by, 8)})")


def _location(positions: Sequence[Position], outline: Outline, *, path: bool) -> Text:
    """Return locations, each with a link if the terminal shows them: `path:3:9, :12:5`, or without the path."""
    text = Text(style="dim")
    for index, position in enumerate(positions[:_MOST_LOCATIONS]):
        name = one_line(outline.path, 4096) if path and not index else ""
        link = f"link {outline.address}#{position.line}" if outline.address else ""
        text.append(", " if index else "").append(f"{name}:{position.line}:{position.column}", style=link)
    more = len(positions) - _MOST_LOCATIONS
    return text.append(f" and {more} more") if more > 0 else text


def _frame_lines(row: Row, gutter: Text, entry: ReportEntry, width: int) -> Iterator[RenderableType]:
    """Yield the source line, and carets under the mistake unless the message quotes it and it is easy to find."""
    assert row.frame is not None
    text, first, last = window(row.frame, max(20, width - INDENT - 5 - gutter.cell_len))
    mistake = visible(row.frame.text[row.frame.first : row.frame.last])
    inset = len(text) - len(text.lstrip())
    line = Text.assemble(gutter, (" | ", "dim"), text[inset:])
    if len(mistake) > 2 and f"`{mistake}`" in row.message and text.count(mistake) == 1:
        line.highlight_words([mistake], _COLORS[entry.severity])
        yield Padding(line, (0, 0, 0, INDENT + 2))
        return
    marks = Text.assemble((" " * gutter.cell_len + " | ", "dim"), " " * (first - inset))
    yield Padding(line, (0, 0, 0, INDENT + 2))
    yield Padding(marks.append("^" * (last - first), style=_COLORS[entry.severity]), (0, 0, 0, INDENT + 2))


def _hint(label: str, text: str, width: int) -> RenderableType:
    return hanging(_hint_text(label, text), width, INDENT + 2, 2)


def _hint_text(label: str, text: str) -> Text:
    style = "bold cyan" if label == "help" else "dim"
    return Text(f"{label}: ", style=style).append(one_line(text), style="not bold default" if label == "help" else "")
