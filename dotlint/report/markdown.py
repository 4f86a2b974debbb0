"""`markdown`: the report as a Markdown document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.text.display import one_line
from dotlint.text.english import listed
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.engine.finding import Listing
    from dotlint.report.model import Outline, ReportEntry
    from dotlint.syntax.source import Position

_MOST_LOCATIONS = 3
_SPECIAL = regex(r"([\\`*_{}\[\]<>#+!|~&$])")


def render(outlines: Sequence[Outline], last: str = "") -> str:
    """Return the reports as Markdown, with a final newline; all text from the file is escaped.

    Of several files, those without findings have one line.
    """
    several = len(outlines) > 1
    parts = [
        f"{_sentence(outline)}\n" if several and not outline.sections else "\n".join(_report_lines(outline)) + "\n"
        for outline in outlines
    ]
    return "\n".join([*parts, *([f"{escape(last)}.\n"] if last else [])])


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


def _sentence(outline: Outline, subject: str = "") -> str:
    subject = subject or code(outline.path)
    if outline.kind == "unreadable":
        return f"{subject} is **UNREADABLE**: {escape(outline.facts[0])}."
    words = f"has **{outline.verdict}**" if outline.kind == "warned" else f"is **{outline.verdict.upper()}**"
    return f"{subject} {words}{f', {outline.caveat}' if outline.caveat else ''}."


def _report_lines(outline: Outline) -> Iterable[str]:
    yield f"# DAG error analysis: {code(outline.path)}"
    yield ""
    yield _sentence(outline, "The file" if outline.kind == "unreadable" else "The graph")
    facts = outline.facts if outline.kind != "unreadable" else ()
    if facts or outline.tally:
        yield ""
    for fact in facts:
        yield f"- {escape(fact)}"
    if outline.tally:
        yield f"- {escape(outline.tally)}"
    if outline.sections:
        critical = any(section.severity == "error" for section in outline.sections)
        yield from ("", "## Critical issues" if critical else "## Issues")
        for section in outline.sections:
            yield from ("", f"### {section.heading}", "")
            for entry in section.entries:
                yield from _entry_lines(entry, outline)
    for title, number, items in (
        ("Passed", len(outline.holds), [f"- ✓ **{escape(s)}**: {escape(t)}" for s, t in outline.holds]),
        ("Skipped", outline.checks_skipped, [f"- **{escape(s)}**: {escape(t)}" for s, t in outline.undecided]),
    ):
        if items:
            yield from ("", f"<details><summary>{title} ({number})</summary>", "", *items, "", "</details>")
    if outline.steps:
        yield from ("", "## Required modifications", "")
        for number, step in enumerate(outline.steps, 1):
            yield f"{number}. {escape(step.text)} ({listed(step.references, 12)})"
        for command in outline.commands:
            yield from ("", f"{escape(command.title[0].upper() + command.title[1:])}: {code(command.command)}")
    if outline.files:
        yield from ("", "## Files for modification", "")
        yield from (f"- {code(path)}" for path in outline.files)


def _entry_lines(entry: ReportEntry, outline: Outline) -> Iterable[str]:
    number = f"{entry.number} " if "." in entry.number else ""
    if entry.fixed_by:
        yield f"- {_follow_on(entry)} (fixed by {listed(entry.fixed_by, 8)})"
        return
    fix = f" ({entry.fix} fix)" if entry.fix else ""
    path: str | None = outline.path
    for row in entry.rows:
        nodes = f": {', '.join(code(node) for node in row.nodes)}" if row.nodes else ""
        more = f" and {row.unnamed} more" if row.unnamed else ""
        at = f" ({_location(row.positions, path)})" if row.positions else ""
        yield f"- {number}**{entry.code} {entry.severity}**{fix}: {escape(row.message)}{at}{nodes}{more}"
        number, path = "", None if row.positions else path
        if row.note:
            yield f"  - note: {escape(row.note)}"
    if entry.note:
        yield f"  - note: {escape(entry.note)}"
    if entry.help and not entry.step:
        yield f"  - help: {escape(entry.help)}"
    if entry.no_fix:
        yield f"  - no automatic fix: {escape(entry.no_fix)}"
    for listing in entry.listings:
        yield ""
        yield from (f"  {line}".rstrip() for line in _listing_lines(listing))


def _location(positions: Sequence[Position], path: str | None) -> str:
    """Return locations; the first one has the path, and those beyond the third are counted."""
    texts = [f":{position.line}:{position.column}" for position in positions[:_MOST_LOCATIONS]]
    more = len(positions) - len(texts)
    texts[0] = code(f"{path or ''}{texts[0]}") if path else texts[0]
    return ", ".join(texts) + (f" and {more} more" if more else "")


def _follow_on(entry: ReportEntry) -> str:
    if sum(len(row.findings) for row in entry.rows) == 1:
        nodes = ", ".join(map(code, entry.rows[0].nodes))
        return f"{entry.code}: {escape(entry.rows[0].message)}{f': {nodes}' if nodes else ''}"
    names = ", ".join(map(code, entry.nodes))
    return f"{entry.code} {entry.words}: {names or f'{sum(len(row.findings) for row in entry.rows)} findings'}"


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
