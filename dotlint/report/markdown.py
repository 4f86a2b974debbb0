"""`markdown`: the report as a Markdown document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.text.display import one_line
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.engine.finding import Listing
    from dotlint.report.model import Outline, ReportEntry

_SPECIAL = regex(r"([\\`*_{}\[\]<>#+!|~&$])")


def render(outlines: Sequence[Outline]) -> str:
    """Return the reports as Markdown, with a final newline; all text from the file is escaped."""
    return "\n".join("\n".join(_report_lines(outline)) + "\n" for outline in outlines)


def escape(text: str) -> str:
    """Escape a text for Markdown; parts between backquotes become inline code."""
    parts = one_line(text, 4000).split("`")
    if len(parts) % 2 == 0:
        return _SPECIAL.sub(r"\\\1", "`".join(parts))
    return "".join(
        f"`{part}`" if index % 2 and part else _SPECIAL.sub(r"\\\1", part) for index, part in enumerate(parts)
    )


def code(text: str) -> str:
    """Return a text as inline code; the text may contain backquotes."""
    line = one_line(text, 4000)
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def _report_lines(outline: Outline) -> Iterable[str]:
    yield f"# DAG error analysis: {code(outline.path)}"
    yield ""
    words = f"has **{outline.verdict}**" if outline.kind == "warned" else f"is **{outline.verdict.upper()}**"
    yield f"The graph {words}{f', {outline.caveat}' if outline.caveat else ''}."
    yield ""
    for fact in outline.facts:
        yield f"- {escape(fact)}"
    if outline.tally:
        yield f"- {escape(outline.tally)}"
    if outline.sections:
        critical = any(entry.severity == "error" for section in outline.sections for entry in section.entries)
        yield from ("", "## Critical issues" if critical else "## Issues")
        for section in outline.sections:
            yield from ("", f"### {section.heading}")
            for entry in section.entries:
                yield ""
                yield from _entry_lines(entry, alone=len(section.entries) == 1)
    if outline.holds:
        yield from ("", "## Passed", "")
        yield from (f"- ✓ **{escape(subject)}**: {escape(text)}" for subject, text in outline.holds)
    if outline.undecided:
        yield from ("", "## Skipped", "")
        yield from (f"- {escape(subject)}: {escape(needs)}" for subject, needs in outline.undecided)
    if outline.modifications:
        yield from ("", "## Required modifications", "")
        for number, modification in enumerate(outline.modifications, 1):
            command = f": {code(modification.command)}" if modification.command else ""
            yield f"{number}. {escape(modification.text)}{command}"
    if outline.files:
        yield from ("", "## Files for modification", "")
        yield from (f"- {code(path)}" for path in outline.files)


def _entry_lines(entry: ReportEntry, *, alone: bool) -> Iterable[str]:
    number = "" if alone else f"{entry.number} "
    status = f"{entry.severity}"
    if entry.fixed_by:
        status += f", fixed by {', '.join(entry.fixed_by)}"
    elif entry.fix:
        status += f", {entry.fix} fix"
    yield f"**{number}{entry.code} {entry.name}** ({status})"
    yield ""
    for row in entry.rows:
        nodes = f": {', '.join(code(node) for node in row.nodes)}" if row.nodes else ""
        more = f" and {row.unnamed} more" if row.unnamed else ""
        yield f"- {escape(row.message)}{f' ({row.location})' if row.lines else ''}{nodes}{more}"
        if row.note:
            yield f"  - note: {escape(row.note)}"
    if entry.note:
        yield f"- note: {escape(entry.note)}"
    if entry.help:
        yield f"- help: {escape(entry.help)}"
    for listing in entry.listings:
        yield ""
        yield from _listing_lines(listing)


def _listing_lines(listing: Listing) -> Iterable[str]:
    note = f" ({escape(listing.note)})" if listing.note else ""
    if not listing.lines:
        yield f"{escape(listing.title)}{note}"
        return
    yield f"{escape(listing.title)}{note}:"
    yield ""
    if listing.paste:
        longest = max((len(run) for line in listing.lines for run in re.findall("`+", line)), default=0)
        fence = "`" * max(3, longest + 1)
        yield f"{fence}dot"
        yield from (one_line(line, 1 << 20) for line in listing.lines)
        yield fence
    else:
        yield from (f"- {escape(line)}" for line in listing.lines)
