"""`report`: the report for a terminal. Only this module imports Rich."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.engine.finding import Listing
    from dotlint.report.model import Outline, ReportEntry, Row, Section

_VERDICTS = {
    "correct": ("✓ CORRECT", "bold green"),
    "warned": ("", "bold yellow"),
    "incorrect": ("✗ INCORRECT", "bold red"),
    "unreadable": ("✗ UNREADABLE", "bold red"),
}
_COLORS = {"error": "bold red", "warning": "yellow", "info": "cyan"}


def render(outlines: Sequence[Outline], *, width: int, color: bool) -> str:
    """Return the reports for a terminal of `width` columns; without color there are no escape sequences."""
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
    for index, outline in enumerate(outlines):
        if index:
            console.print()
        for part in _report_parts(outline, width):
            console.print(part)
    # Rich pads lines to the width, which a file does not need.
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n")) if not color else out.getvalue()


def _report_parts(outline: Outline, width: int) -> Iterable[RenderableType]:
    word, style = _VERDICTS[outline.kind]
    yield _two_ends(Text(one_line(outline.path, 4096), style="bold"), Text(word or outline.verdict, style=style))
    if outline.caveat:
        yield _two_ends(Text(), Text(outline.caveat, style=style))
    for fact in outline.facts:
        yield Text(one_line(fact), style="dim" if outline.kind != "unreadable" else "")
    if outline.tally:
        yield Text(outline.tally)
    if outline.sections:
        yield _heading("Critical issues" if _has_errors(outline) else "Issues")
        for section in outline.sections:
            yield Text()
            yield from _section_parts(section, width)
    if outline.holds:
        yield _heading("Passed")
        yield _pair_table(outline.holds, "✓", "green")
    if outline.undecided:
        yield _heading("Skipped")
        yield _pair_table(outline.undecided, "–", "dim")
    if outline.modifications:
        yield _heading("Required modifications")
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(justify="right")
        table.add_column(overflow="fold")
        for number, modification in enumerate(outline.modifications, 1):
            text = Text(one_line(modification.text))
            if modification.command:
                text.append(f"\n{one_line(modification.command, 4096)}", style="bold")
            table.add_row(f"{number}.", text)
        yield Padding(table, (0, 0, 0, 3))
    if outline.files:
        yield _heading("Files for modification")
        for path in outline.files:
            yield Text(f"   {one_line(path, 4096)}")


def _has_errors(outline: Outline) -> bool:
    return any(entry.severity == "error" for section in outline.sections for entry in section.entries)


def _heading(text: str) -> RenderableType:
    return Padding(Text(text, style="bold underline"), (1, 0, 0, 0))


def _two_ends(left: Text, right: Text) -> RenderableType:
    """Return a line with one text at each end; they wrap if they do not fit."""
    table = Table.grid(expand=True)
    table.add_column(ratio=1, overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    table.add_row(left, right)
    return table


def _pair_table(pairs: Iterable[tuple[str, str]], mark: str, style: str) -> RenderableType:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(min_width=14, max_width=34, overflow="fold")
    table.add_column(overflow="fold")
    last = ""
    for subject, text in pairs:
        repeated = subject == last
        table.add_row(Text(mark, style=style), Text("" if repeated else one_line(subject)), Text(one_line(text)))
        last = subject
    return Padding(table, (0, 0, 0, 3))


def _section_parts(section: Section, width: int) -> Iterable[RenderableType]:
    if len(section.entries) == 1:
        yield _two_ends(Text(section.heading, style="bold"), _status(section.entries[0]))
        yield from _entry_parts(section.entries[0], width, indent=3)
        return
    yield Text(section.heading, style="bold")
    for entry in section.entries:
        heading = Text(f"   {entry.number} ", style="bold").append(entry.name.replace("-", " "))
        yield _two_ends(heading, _status(entry))
        yield from _entry_parts(entry, width, indent=7)


def _status(entry: ReportEntry) -> Text:
    code = Text(entry.code, style=f"bold link {entry.page}" if entry.page else "bold")
    status = Text.assemble(code, " ").append(entry.severity, style=_COLORS[entry.severity])
    if entry.fixed_by:
        status.append(f" · fixed by {', '.join(entry.fixed_by)}", style="dim")
    elif entry.fix:
        status.append(f" · {entry.fix} fix", style="green" if entry.fix == "safe" else "magenta")
    return status


def _entry_parts(entry: ReportEntry, width: int, indent: int) -> Iterable[RenderableType]:
    rows: list[RenderableType] = [part for row in entry.rows for part in _row_parts(row)]
    if entry.note:
        rows.append(_note_text(entry.note))
    if entry.help:
        rows.append(Text("help: ", style="bold cyan").append(one_line(entry.help), style="not bold default"))
    if entry.listings:
        rows.append(Text())
        rows.append(_listing_columns(entry.listings, width - indent))
    yield Padding(Group(*rows), (0, 0, 0, indent))


def _row_parts(row: Row) -> Iterable[RenderableType]:
    text = Text(one_line(row.message))
    yield text.append(f"  {row.location}", style="dim") if row.lines else text
    if row.nodes:
        names = Text(one_line(", ".join(row.nodes), 4000), style="cyan")
        if row.unnamed:
            names.append(f" and {row.unnamed} more", style="not bold default")
        yield Padding(names, (0, 0, 0, 2))
    if row.note:
        yield Padding(_note_text(row.note), (0, 0, 0, 2))


def _note_text(note: str) -> Text:
    return Text(f"note: {one_line(note)}", style="dim")


def _listing_columns(listings: tuple[Listing, ...], width: int) -> RenderableType:
    """Return listings side by side if they are for pasting and at least two fit, otherwise one below the other."""
    pasted = all(listing.paste for listing in listings)
    widest = max((len(line) for listing in listings for line in (listing.title, *listing.lines)), default=0) + 3
    columns = max(1, width // widest) if pasted else 1
    if columns == 1 or len(listings) == 1:
        stacked: list[RenderableType] = []
        for index, listing in enumerate(listings):
            stacked += ([Text()] if index else []) + [_listing_part(listing)]
        return Group(*stacked)
    grids: list[RenderableType] = []
    for start in range(0, len(listings), columns):
        some = listings[start : start + columns]
        table = Table.grid(padding=(0, 3, 0, 0))
        for _ in some:
            table.add_column(no_wrap=True)
        table.add_row(*(_listing_part(listing) for listing in some))
        grids += ([Text()] if start else []) + [table]
    return Group(*grids)


def _listing_part(listing: Listing) -> RenderableType:
    text = Text(one_line(listing.title), style="bold")
    if listing.note:
        text.append(f"   {one_line(listing.note)}", style="not bold")
    if not listing.lines:
        return text
    body = Text("\n".join(one_line(line, 4000) for line in listing.lines))
    return Group(text, body if listing.paste else Padding(body, (0, 0, 0, 2)))
