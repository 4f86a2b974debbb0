"""The findings as markup, from the same outline as the report and Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.page.markup import plain, prose
from dotlint.report.steps import merged_titles
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dotlint.engine.finding import Listing
    from dotlint.report.model import Outline, ReportEntry, Row

_MAX_OPEN = 6  # a list with at most this many lines is open initially


def findings(outline: Outline, nodes: Mapping[str, int], whys: Mapping[str, str]) -> str:
    """Return all sections of an outline; `nodes` are numbers by name, `whys` the rationales of rules by code."""
    return "".join(_parts(outline, nodes, whys))


def _parts(outline: Outline, nodes: Mapping[str, int], whys: Mapping[str, str]) -> Iterable[str]:
    for section in outline.sections:
        yield f'<section class="group"><h3>{plain(section.heading)}</h3>'
        alone = len(section.entries) == 1
        for entry in section.entries:
            yield from _entry(entry, nodes, whys.get(entry.code), alone=alone)
        yield "</section>"
    if not outline.sections:
        yield '<p class="nothing">No findings.</p>'
    if outline.steps:
        yield _details("Required modifications", len(outline.steps), _steps(outline, nodes), is_open=True)
    if outline.holds:
        lines = "".join(f"<li><b>{prose(subject)}</b> {prose(text, nodes)}</li>" for subject, text in outline.holds)
        yield _details("Passed", len(outline.holds), f'<ul class="holds">{lines}</ul>')
    if outline.undecided:
        lines = "".join(f"<li><b>{prose(subject)}</b> {prose(needs)}</li>" for subject, needs in outline.undecided)
        yield _details("Skipped", outline.checks_skipped, f'<ul class="open">{lines}</ul>')


def _details(title: str, number: int, inside: str, *, is_open: bool = False) -> str:
    opened = " open" if is_open else ""
    return f'<details class="more"{opened}><summary><h3>{title}</h3><span class="count">{number}</span></summary>{inside}</details>'


def _steps(outline: Outline, nodes: Mapping[str, int]) -> str:
    steps = "".join(f"<li>{prose(step.text, nodes)} ({listed(step.references, 12)})</li>" for step in outline.steps)
    commands = "".join(
        f'<li>{plain(one.title.capitalize())}<div class="paste"><pre>{plain(one.command)}</pre>{_COPY}</div></li>'
        for one in outline.commands
    )
    return f'<ol class="todo">{steps}</ol>' + (f'<ul class="commands">{commands}</ul>' if commands else "")


_COPY = '<button type="button" class="copy" aria-label="Copy">Copy</button>'


def _entry(entry: ReportEntry, nodes: Mapping[str, int], why: str | None, *, alone: bool) -> Iterable[str]:
    number = "" if alone or not entry.number else f'<span class="number">{entry.number}</span>'
    kinds = f"{entry.severity}{' consequence' if entry.fixed_by else ''}"
    yield f'<article class="entry {kinds}"><header>{number}<span class="rule">{plain(entry.code)}</span>'
    yield f'<h4>{plain(entry.name.replace("-", " "))}</h4><span class="badge severity">{entry.severity}</span>'
    if entry.fixed_by:
        yield f'<span class="badge">fixed by {", ".join(entry.fixed_by)}</span>'
    elif entry.fix:
        yield f'<span class="badge {entry.fix}">{entry.fix} fix</span>'
    yield "</header>"
    for row in entry.rows:
        yield from _row(row, nodes)
    if entry.note:
        yield f'<p class="note">{prose(entry.note, nodes)}</p>'
    if entry.help:
        yield f'<p class="help">{prose(entry.help, nodes)}</p>'
    if entry.no_fix:
        yield f'<p class="note">no automatic fix: {prose(entry.no_fix, nodes)}</p>'
    if entry.fixes and not entry.fixed_by:
        yield f'<p class="fix">{prose(merged_titles(entry.fixes) or "; ".join(entry.fixes[:4]), nodes)}</p>'
    for listing in entry.listings:
        yield _listing(listing, nodes)
    if why:
        link = (
            f' <a href="{plain(entry.page)}" target="_blank" rel="noopener noreferrer">documentation of the rule</a>'
            if entry.page
            else ""
        )
        yield f'<details class="why"><summary>Why {plain(entry.code)}</summary><p>{prose(why)}{link}</p></details>'
    yield "</article>"


def _row(row: Row, nodes: Mapping[str, int]) -> Iterable[str]:
    location = f'<span class="place">{plain(row.location)}</span>' if row.positions else ""
    names = "".join(f"<code>{plain(name)}</code> " for name in row.nodes)
    more = f"<span>and {row.unnamed} more</span>" if row.unnamed else ""
    listed = f'<span class="names">{names}{more}</span>' if names or more else ""
    note = f'<span class="note">{prose(row.note, nodes)}</span>' if row.note else ""
    inside = f'<span class="message">{prose(row.message, nodes)}</span>{location}{listed}{note}'
    if not row.findings:
        yield f'<p class="row">{inside}</p>'
        return
    which = " ".join(str(index) for index in row.findings)
    yield f'<button type="button" class="row" tabindex="-1" aria-pressed="false" data-findings="{which}">{inside}</button>'


def _listing(listing: Listing, nodes: Mapping[str, int]) -> str:
    note = f' <span class="aside">{prose(listing.note, nodes)}</span>' if listing.note else ""
    title = f"<b>{prose(listing.title, nodes)}</b>{note}"
    if not listing.lines:
        return f'<p class="list">{title}</p>'
    if not listing.paste:
        lines = "".join(f"<li>{prose(line, nodes)}</li>" for line in listing.lines)
        return f'<details class="list"{_opened(listing)}><summary>{title}</summary><ul>{lines}</ul></details>'
    lines = plain_lines(listing.lines)
    number = f'<span class="count">{count(len(listing.lines), "edge")}</span>'
    return (
        f'<details class="list"{_opened(listing)}><summary>{title}{number}</summary>'
        f'<div class="paste"><pre>{lines}</pre>{_COPY}</div></details>'
    )


def plain_lines(lines: Iterable[str]) -> str:
    """Return lines that can be copied from a page, separated only by line breaks."""
    return "\n".join(plain(line) for line in lines)


def _opened(listing: Listing) -> str:
    return " open" if len(listing.lines) <= _MAX_OPEN else ""
