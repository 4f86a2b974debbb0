"""Spans by what they contain, for files with thousands of comments."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Span = tuple[int, int]


class Intervals:
    """Spans that may overlap, in the order of their starts; a tree over their ends finds those around an offset."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self.spans = list(spans)
        self._starts = [start for start, _ in self.spans]
        self._leaves = 1 << max(len(self.spans) - 1, 0).bit_length()
        # Node i has the nodes 2i and 2i + 1 below it; it holds the largest end of the spans under it.
        ends = [end for _, end in self.spans]
        self._largest = [-1] * self._leaves + ends + [-1] * (self._leaves - len(ends))
        for node in range(self._leaves - 1, 0, -1):
            self._largest[node] = max(self._largest[2 * node], self._largest[2 * node + 1])

    def around(self, offset: int) -> Iterator[int]:
        """Yield the indexes of the spans that contain an offset, the last one first."""
        limit = bisect_right(self._starts, offset)
        waiting = [(1, 0, self._leaves)]
        while waiting:
            node, first, width = waiting.pop()
            if first >= limit or self._largest[node] <= offset:
                continue
            if width == 1:
                yield first
                continue
            half = width // 2
            waiting += [(2 * node, first, half), (2 * node + 1, first + half, half)]
