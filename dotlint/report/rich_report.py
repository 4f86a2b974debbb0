"""`report`: the report for a terminal. Only this module imports Rich."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dotlint.report.frame import window
from dotlint.text.display import one_line
from dotlint.text.english import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.engine.finding import Listing
    from dotlint.report.frame import Frame
    from dotlint.report.model import Outline, ReportEntry, Row, Section
    from dotlint.syntax.source import Position

_VERDICTS = {
    "correct": ("✓ CORRECT", "bold green"),
    "warned": ("", "bold yellow"),
    "incorrect": ("✗ INCORRECT", "bold red"),
    "unreadable": ("✗ UNREADABLE", "bold red"),
}
_COLORS = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_FIXES = {"safe": "green", "unsafe": "magenta"}
_WRAPPING = Console(file=io.StringIO(), legacy_windows=False)
_INDENT = 3
_SHORT = 60  # names up to this length follow the message in its paragraph
_MOST_LOCATIONS = 3


def render(outlines: Sequence[Outline], *, width: int, color: bool, verbose: bool = False, last: str = "") -> str:
    """Return the reports for a terminal of `width` columns, and the `last` line; without color no escape sequences.

    Of several files, those without findings have one line. `verbose` lists what passed and what was skipped.
    """
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    before = False
    for outline in outlines:
        brief = len(outlines) > 1 and not outline.sections and not verbose
        if before or (not brief and outline is not outlines[0]):
            console.print()
        parts = _head(outline, width) if brief else _report_parts(outline, width, verbose=verbose)
        for part in parts:
            console.print(part)
        before = not brief
    if last:
        console.print(*([] if not outlines else [""]), Text(last, style="bold"), sep="\n")
    # Rich pads lines to the width, which a file does not need.
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n")) if not color else out.getvalue()


def _report_parts(outline: Outline, width: int, *, verbose: bool) -> Iterable[RenderableType]:
    yield from _head(outline, width)
    for fact in outline.facts if outline.kind != "unreadable" else ():
        yield Text(one_line(fact), style="dim")
    if outline.tally:
        yield Text(outline.tally)
    for section in outline.sections:
        yield Text()
        yield from _section_parts(section, outline, width)
    if verbose:
        for title, pairs, mark, style in (
            ("Passed", outline.holds, "✓", "green"),
            ("Skipped", outline.undecided, "–", "dim"),
        ):
            if pairs:
                yield Padding(Text(title, style="bold"), (1, 0, 0, 0))
                yield _pair_table(pairs, mark, style)
    elif outline.passed or outline.skipped:
        yield Text()
        yield from (
            _labeled(title, text, width)
            for title, text in (("Passed", outline.passed), ("Skipped", outline.skipped))
            if text
        )
    if outline.steps:
        yield Text()
        yield Text("Required modifications", style="bold")
        yield from _step_lines(outline, width)
    if outline.files:
        yield _labeled("Files for modification", ", ".join(one_line(path, 4096) for path in outline.files), width)


def _head(outline: Outline, width: int) -> Iterable[RenderableType]:
    """Return the path and the verdict at the two ends of a line; what does not fit goes to the next one."""
    word, style = _VERDICTS[outline.kind]
    word = word or outline.verdict
    path = Text(one_line(outline.path, 4096), style=f"bold link {outline.address}" if outline.address else "bold")
    more = one_line(outline.facts[0]) if outline.kind == "unreadable" else outline.caveat
    whole = f"{word}, {more}" if more else word
    fitting = next((text for text in (whole, word) if path.cell_len + len(text) + 2 <= width), "")
    gap = " " * (width - path.cell_len - len(fitting)) if fitting else ""
    yield Text.assemble(path, gap, (fitting, style))
    rest = whole if not fitting else more if fitting != whole else ""
    if rest:
        yield Text(rest, style=style)


def _labeled(label: str, text: str, width: int) -> RenderableType:
    return _hanging(Text(label, style="bold").append("  " + one_line(text, 8000), style="not bold"), width, 0, _INDENT)


def _step_lines(outline: Outline, width: int) -> Iterable[RenderableType]:
    wide = len(str(len(outline.steps)))
    for number, step in enumerate(outline.steps, 1):
        text = Text(f"{number:>{wide}}. {one_line(step.text)}")
        text.append(f" ({listed(step.references, 12)})", style="dim")
        yield _hanging(text, width, _INDENT, wide + 2)
    for command in outline.commands:
        written = one_line(command.command, 4096)
        line = Text(f"{command.title}: ").append(written, style="bold")
        if line.cell_len + _INDENT <= width:
            yield Padding(line, (0, 0, 0, _INDENT))
        else:
            yield Padding(Text(f"{command.title}:"), (0, 0, 0, _INDENT))
            yield _hanging(Text(written, style="bold"), width, _INDENT + 2, 2)


def _hanging(text: Text, width: int, indent: int, hang: int) -> RenderableType:
    """Return a paragraph of which every line but the first is indented by `hang` more columns."""
    if text.cell_len + indent <= width:
        return Padding(text, (0, 0, 0, indent))
    end = len(text.wrap(_WRAPPING, max(8, width - indent), overflow="fold")[0].plain)
    rest = len(text.plain) - len(text.plain[end:].lstrip(" "))
    return Group(Padding(text[:end], (0, 0, 0, indent)), Padding(text[rest:], (0, 0, 0, indent + hang)))


def _section_parts(section: Section, outline: Outline, width: int) -> Iterable[RenderableType]:
    heading = Text(section.heading, style="bold")
    if section.severity is None:
        items = Text("; ").join(_follow_on(entry, outline) for entry in section.entries)
        paragraph = Text.assemble(heading, "  ", items)
        if paragraph.cell_len <= 2 * (width - _INDENT):
            yield _hanging(paragraph, width, 0, _INDENT)
            return
    yield heading
    first = next((row for entry in section.entries for row in entry.rows if row.positions), None)
    for entry in section.entries:
        if entry.fixed_by:
            yield _hanging(_follow_on(entry, outline), width, _INDENT, 2)
        else:
            yield from _entry_parts(entry, outline, width, first)


def _entry_parts(entry: ReportEntry, outline: Outline, width: int, first: Row | None) -> Iterable[RenderableType]:
    """Yield an entry; the locations of the `first` row of the section have the path."""
    for row in entry.rows:
        text = _status(entry, number=row is entry.rows[0]).append(one_line(row.message), style="not dim")
        names = _names(row)
        inline = 0 < names.cell_len <= _SHORT
        if inline:
            text.append(": ").append_text(names)
        location = _location(row.positions, outline, path=row is first)
        beside = row.frame is not None and 3 * location.cell_len <= width  # the location is beside the source line
        if row.positions and not beside:
            text.append("  ").append_text(location)
        yield _hanging(text, width, _INDENT, 2)
        if row.nodes and not inline:
            yield _hanging(names, width, _INDENT + 2, 0)
        if row.frame:
            yield from _frame_lines(row.frame, location if beside else Text(f"{row.frame.line}"), entry, width)
        if row.note:
            yield _hint("note", row.note, width)
    if entry.note:
        yield _hint("note", entry.note, width)
    if entry.help and not entry.step:
        yield _hint("help", entry.help, width)
    if entry.no_fix:
        yield _hint("no automatic fix", entry.no_fix, width)
    if entry.listings:
        alone = len(entry.listings) == 1 and entry.listings[0].paste and not entry.listings[0].note
        yield Padding(_listing_columns(entry.listings, width - 5, titles=not alone), (0, 0, 0, 5))


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
        names = [name for row in entry.rows for name in row.nodes]
        text.append(f" {entry.words}: {one_line(', '.join(names), 4000)}" if names else f" {findings} × {entry.words}")
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


def _frame_lines(frame: Frame, gutter: Text, entry: ReportEntry, width: int) -> Iterator[RenderableType]:
    text, first, last = window(frame, max(20, width - _INDENT - 5 - gutter.cell_len))
    inset = len(text) - len(text.lstrip())
    line = Text.assemble(gutter, (" | ", "dim"), text[inset:])
    marks = Text.assemble((" " * gutter.cell_len + " | ", "dim"), " " * (first - inset))
    yield Padding(line, (0, 0, 0, _INDENT + 2))
    yield Padding(marks.append("^" * (last - first), style=_COLORS[entry.severity]), (0, 0, 0, _INDENT + 2))


def _hint(label: str, text: str, width: int) -> RenderableType:
    style = "bold cyan" if label == "help" else "dim"
    return _hanging(
        Text(f"{label}: ", style=style).append(one_line(text), style="not bold default" if label == "help" else ""),
        width,
        _INDENT + 2,
        2,
    )


def _pair_table(pairs: Iterable[tuple[str, str]], mark: str, style: str) -> RenderableType:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(min_width=14, max_width=34, overflow="fold")
    table.add_column(overflow="fold")
    before = ""
    for subject, text in pairs:
        table.add_row(Text(mark, style=style), "" if subject == before else one_line(subject), one_line(text))
        before = subject
    return Padding(table, (0, 0, 0, _INDENT))


def _listing_columns(listings: tuple[Listing, ...], width: int, *, titles: bool) -> RenderableType:
    """Return listings side by side if they are for pasting and at least two fit, otherwise one below the other."""
    pasted = all(listing.paste for listing in listings)
    widest = max((len(line) + 3 for listing in listings for line in (f"// {listing.title}", *listing.lines)), default=3)
    columns = max(1, (width + 3) // widest) if pasted else 1
    if columns == 1:
        return Group(*(part for listing in listings for part in _listing_parts(listing, width, titles=titles)))
    grids: list[RenderableType] = []
    for start in range(0, len(listings), columns):
        some = listings[start : start + columns]
        table = Table.grid(padding=(0, 3, 0, 0))
        if len(some) > 1:
            table.add_row(*(Group(*_listing_parts(listing, width, titles=titles)) for listing in some))
            grids.append(table)
            continue
        lines = some[0].lines
        high = -(-len(lines) // columns)
        table.add_row(*(_pasted(lines[at : at + high]) for at in range(0, len(lines), high)))
        grids += [*([_listing_title(some[0])] if titles else []), table]
    return Group(*grids)


def _listing_parts(listing: Listing, width: int, *, titles: bool) -> Iterator[RenderableType]:
    if listing.paste:
        if titles:
            yield _listing_title(listing)
        yield _pasted(listing.lines)
    elif listing.lines and all(": " in line for line in listing.lines):
        yield _hanging(_listing_title(listing).append(f"  {one_line('; '.join(listing.lines), 4000)}"), width, 0, 2)
    else:
        yield _hanging(_listing_title(listing), width, 0, 2)
        yield from (_hanging(Text(one_line(line, 4000)), width, 2, 2) for line in listing.lines)


def _listing_title(listing: Listing) -> Text:
    """Return the title; of lines to paste it is a comment, so that it can be pasted with them."""
    title = one_line(f"{'// ' if listing.paste else ''}{listing.title}{f'  {listing.note}' if listing.note else ''}")
    return Text(title, style="dim" if listing.paste else "")


def _pasted(lines: Sequence[str]) -> RenderableType:
    return Text("\n".join(one_line(line, 4000) for line in lines), no_wrap=True, overflow="fold")
