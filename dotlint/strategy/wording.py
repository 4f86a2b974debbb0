"""The description of a strategy as plain text for a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from dotlint.strategy.handoff_text import handoff_notes, handoff_tables
from dotlint.strategy.memory.table import memory_cells, memory_notes, memory_title
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.strategy.arithmetic import Calculation
    from dotlint.strategy.describe import Description, PhaseDescription, StageRow
    from dotlint.strategy.handoff import Handoff
    from dotlint.strategy.memory.budget import Memory
    from dotlint.strategy.placement import Partition

_MOST_STAGES = 32
_GAP = "  "


def plain_text(description: Description, width: int = 80) -> str:
    """Return the description in lines of at most `width` columns (at least 40), ending with a line feed."""
    return "\n".join(_lines(description, max(40, width))) + "\n"


def _lines(description: Description, width: int) -> Iterator[str]:
    yield from _wrapped(description.source, width)
    yield from _wrapped(f"layout {description.layout}: {description.layout_text}", width)
    if len(description.phases) > 1:
        pool = f", pool {description.pool}" if description.pool else ""
        yield f"{description.total} GPUs in total{pool}"
    for phase in description.phases:
        yield ""
        yield from _phase_lines(phase, width)
    if description.handoff is not None:
        yield ""
        yield from _handoff_lines(description.handoff, width)
    if description.notes:
        yield ""
    for note in description.notes:
        yield from _wrapped(f"– {note}", width, hanging="  ")
    refused = [phase for phase in description.phases if phase.refusals]
    if refused:
        yield ""
        names = ", ".join(phase.name for phase in refused if phase.name)
        rules = ", ".join(dict.fromkeys(code for phase in refused for code, _ in phase.refusals))
        yield from _wrapped(f"✗ impossible{f' ({names})' if names else ''}: {rules}", width)


def _phase_lines(phase: PhaseDescription, width: int) -> Iterator[str]:
    title = f"{phase.name}: " if phase.name else ""
    assumed = " (assumed)" if phase.assumed else ""
    file = f", file {phase.file}" if phase.file else ""
    yield from _wrapped(f"{title}{count(phase.total, 'GPU')}, {phase.gpus.short()}{file}{assumed}", width)
    if phase.formula:
        yield from _wrapped(f"{phase.formula} GPUs" if "=" in phase.formula else phase.formula, width, _GAP)
    yield ""
    cells = [(f"{row.axis.upper()}={row.degree}", row.name, row.meaning, row.origin) for row in phase.degrees]
    yield from table([row if any(each[3] for each in cells) else row[:3] for row in cells], width)
    yield ""
    for label, part in divisions(phase.stages[0]):
        yield from _wrapped(f"{label}: {part_text(part)}", width, _GAP)
    yield ""
    yield from table(stage_cells(phase), width)
    if phase.memory is not None:
        yield ""
        yield from _memory_lines(phase.memory, width)
    if phase.sums:
        yield ""
    details = [_details(each, tuple(phase.options(each).values())) for _, each in phase.sums]
    for (code, each), own, following in zip(phase.sums, details, [*details[1:], None], strict=False):
        yield from _calculation_lines(code, each, () if own == following else own, width)
    notes = []
    if phase.verdict != "ok" and not phase.verdict.startswith("impossible"):
        notes.append(f"– {phase.verdict}")
    notes.extend(f"– {note}" for note in phase.notes)
    if notes and not phase.sums:
        yield ""
    for note in notes:
        yield from _wrapped(note, width, _GAP, hanging="  ")


def _handoff_lines(found: Handoff, width: int) -> Iterator[str]:
    yield from _wrapped(f"KV cache from {found.prefill} to {found.decode}", width)
    for cells in handoff_tables(found):
        yield ""
        yield from table(cells, width)
    for index, note in enumerate(handoff_notes(found)):
        if index == 0:
            yield ""
        yield from _wrapped(f"– {note}", width, _GAP, hanging="  ")


def _memory_lines(memory: Memory, width: int) -> Iterator[str]:
    yield from _wrapped(memory_title(memory), width, _GAP, hanging="  ")
    cells = memory_cells(memory)
    if sum(len(_GAP) + max(map(len, column)) for column in zip(*cells, strict=True)) <= width:
        yield from table(cells, width, right=True)
    else:
        for row in cells[1:]:
            listing = ", ".join(f"{title} {cell}" for title, cell in zip(cells[0], row, strict=True))
            yield from _wrapped(listing, width, _GAP, hanging="  ")
    for note in memory_notes(memory):
        yield from _wrapped(f"– {note}", width, _GAP, hanging="  ")


def _details(each: Calculation, options: tuple[str, ...]) -> tuple[str, ...]:
    """Return where a failed requirement is stated, and what would meet it."""
    return () if each.holds else (*options, each.source, *each.advice.split("; "))


def _calculation_lines(code: str, each: Calculation, details: tuple[str, ...], width: int) -> Iterator[str]:
    mark = "✓" if each.holds else "!" if each.warning else "✗"
    yield from _wrapped(f"{mark} {each.text} ({code})", width, _GAP, hanging="  ")
    for more in details:
        yield from _wrapped(more, width, _GAP * 2, hanging="  ")


def divisions(stage: StageRow) -> list[tuple[str, Partition]]:
    """Return how a stage is divided, by label; empty if it is not."""
    parts = [
        ("TP shards", stage.shards),
        ("sequence parts", stage.sequence),
        ("expert groups", stage.experts),
    ]
    return [(label, part) for label, part in parts if part.parts > 1]


def part_text(part: Partition) -> str:
    """Return a partition in words, such as "2 per stage, 8 GPUs each, any equal parts"."""
    open_parts = ", any equal parts" if part.slices is None else ""
    return f"{part.parts} per stage, {count(part.size, 'GPU')} each{open_parts}"


def stage_cells(phase: PhaseDescription) -> list[tuple[str, ...]]:
    """Return the table of stages, its header first, without the middle of many stages and without open partitions."""
    rows = list(phase.stages)
    fixed = [label for label, part in divisions(rows[0]) if part.slices is not None]
    layers = any(row.layers is not None for row in rows)
    cells: list[tuple[str, ...]] = [("stage", "GPUs", *(["layers"] if layers else []), *fixed)]
    for index, row in enumerate(rows):
        if len(rows) > _MOST_STAGES and _MOST_STAGES // 2 <= index < len(rows) - 2:
            if index == _MOST_STAGES // 2:
                cells.append(("...",) * len(cells[0]))
            continue
        parts = [slices_text(part) for label, part in divisions(row) if label in fixed]
        cells.append((str(row.number), row.gpus.short(), *([layers_text(row)] if layers else []), *parts))
    return cells


def layers_text(row: StageRow) -> str:
    """Return layers such as "1-4", or "1-2, 9-10" with chunks."""
    pairs = row.layers or ()
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in pairs)


def slices_text(part: Partition) -> str:
    """Return GPU sets such as "0-7 | 8-15", without the middle of many."""
    slices = part.slices or ()
    texts = [each.short(20) for each in slices]
    return " | ".join(texts if len(texts) <= 4 else [*texts[:2], "...", texts[-1]])


def table(rows: Sequence[tuple[str, ...]], width: int, *, right: bool = False) -> Iterator[str]:
    """Yield the rows of an indented table; cells that do not fit are wrapped within their column.

    With `right`, all columns but the first are aligned to the right, as figures are.
    """
    if not rows:
        return
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    words = [max((len(word) for cell in column for word in cell.split()), default=0) for column in columns]
    room = width - len(_GAP) * len(widths)
    while sum(widths) > room and max(widths) > 8:
        # Words are broken only if all columns are as narrow as their longest one.
        loose = [size for size, word in zip(widths, words, strict=True) if size > word] or widths
        widths[widths.index(max(loose))] -= 1
    for row in rows:
        cells = [
            textwrap.wrap(cell, size, break_on_hyphens=False) or [""] for cell, size in zip(row, widths, strict=True)
        ]
        for index in range(max(map(len, cells))):
            parts = [cell[index] if index < len(cell) else "" for cell in cells]
            left = (part.ljust(size) for part, size in zip(parts, widths, strict=True))
            figures = (part.rjust(size) for part, size in zip(parts[1:], widths[1:], strict=True))
            padded = (parts[0].ljust(widths[0]), *figures) if right else left
            yield (_GAP + _GAP.join(padded)).rstrip()


def _wrapped(text: str, width: int, indent: str = "", hanging: str = "") -> list[str]:
    clean = "".join(character if character.isprintable() else " " for character in text)
    return textwrap.wrap(
        clean, width, initial_indent=indent, subsequent_indent=indent + hanging, break_on_hyphens=False
    )
