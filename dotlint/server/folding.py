"""Folding ranges: blocks, statements and comments of several lines, and the stages of a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.server.messages import FoldSpan, Symbol
    from dotlint.server.text import Text


def folding_ranges(text: Text, folds: Iterable[FoldSpan], symbols: Sequence[Symbol]) -> list[types.FoldingRange]:
    """Return one range for each line on which something begins that can be folded, the longest.

    The closing brace of a block stays visible. The extent of a stage that is no cluster is folded only if it does not
    cross that of something else.
    """
    found: dict[int, types.FoldingRange] = {}
    for fold in sorted(folds, key=lambda one: (one.start, -one.end)):
        first, last = text.position(fold.start)[0], text.position(fold.end)[0]
        if fold.kind == "block":
            last -= 1
        if first < last and first not in found:
            kind = types.FoldingRangeKind.Comment if fold.kind == "comment" else None
            found[first] = types.FoldingRange(first, last, kind=kind)
    for start, end in _stages(symbols):
        first, last = text.position(start)[0], text.position(end)[0]
        if first < last and first not in found and not any(_cross(first, last, one) for one in found.values()):
            found[first] = types.FoldingRange(first, last, kind=types.FoldingRangeKind.Region)
    return [found[first] for first in sorted(found)]


def _stages(symbols: Iterable[Symbol]) -> Iterator[tuple[int, int]]:
    for symbol in symbols:
        if symbol.kind in {"phase", "stage"}:
            yield symbol.start, symbol.end
        if symbol.kind in {"graph", "phase"}:
            yield from _stages(symbol.children)


def _cross(first: int, last: int, other: types.FoldingRange) -> bool:
    start, end = other.start_line, other.end_line
    return first < start <= last < end or start < first <= end < last
