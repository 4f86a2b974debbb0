"""Keep a report short: each note once, and source lines for its first findings alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.report.model import ReportEntry, Row, Section

_MOST_FRAMES = 8


def without_repetition(sections: Iterable[Section]) -> tuple[Section, ...]:
    """Return the sections without notes that an earlier entry has, and without frames beyond the first eight."""
    seen: set[str] = set()
    frames = _MOST_FRAMES

    def new(note: str | None) -> str | None:
        if note is None or note in seen:
            return None
        seen.add(note)
        return note

    def row_once(row: Row) -> Row:
        nonlocal frames
        frames -= row.frame is not None
        return replace(row, note=new(row.note), frame=row.frame if frames >= 0 else None)

    def entry_once(entry: ReportEntry) -> ReportEntry:
        return replace(entry, rows=tuple(map(row_once, entry.rows)), note=new(entry.note))

    return tuple(replace(section, entries=tuple(map(entry_once, section.entries))) for section in sections)
