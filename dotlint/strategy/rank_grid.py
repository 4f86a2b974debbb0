"""A grid of ranks: the arithmetic that turns a coordinate along every axis into a rank and back."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.strategy.gpus import GpuSet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dotlint.strategy.gpus import Run


class Grid(Struct, frozen=True):
    """Ranks 0 to size-1 laid out over `axes`, outermost (slowest) first, `sizes` long each."""

    axes: tuple[str, ...]
    sizes: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many ranks the grid has."""
        return prod(self.sizes)

    def length(self, axis: str) -> int:
        """How long the grid is along `axis`; 1 where it does not have that axis."""
        return self.sizes[self.axes.index(axis)] if axis in self.axes else 1

    def select(self, fixed: Mapping[str, int]) -> GpuSet:
        """Return the ranks whose coordinates are those of `fixed`, free along every other axis."""
        runs: list[Run] = [(0, 1)]
        stride = 1
        for axis, size in zip(reversed(self.axes), reversed(self.sizes), strict=True):
            if axis in fixed:
                offset = fixed[axis] * stride
                runs = [(start + offset, stop + offset) for start, stop in runs]
            elif runs == [(0, stride)]:
                runs = [(0, stride * size)]
            else:
                steps = range(0, stride * size, stride)
                runs = _joined((start + step, stop + step) for step in steps for start, stop in runs)
            stride *= size
        return GpuSet(tuple(runs))

    def slices(self, axes: tuple[str, ...], within: Mapping[str, int]) -> Iterator[GpuSet]:
        """Return the ranks at each coordinate along `axes` (jointly, the first one slowest), `within` fixed.

        What one shard occupies: together they partition the ranks of `within`.
        """
        for coordinate in product(*(range(self.length(axis)) for axis in axes)):
            yield self.select({**within, **dict(zip(axes, coordinate, strict=True))})

    def groups(self, axes: tuple[str, ...]) -> Iterator[GpuSet]:
        """Return the groups along `axes`: ranks that differ in nothing else, ordered by their first."""
        others = tuple(axis for axis in self.axes if axis not in axes)
        yield from self.slices(others, {})

    def split(self, axis: str, outer: str, inner: str, inner_size: int) -> Grid:
        """Return the grid with `axis` as two: `inner` its `inner_size` fastest steps, `outer` the rest."""
        index = self.axes.index(axis)
        axes = (*self.axes[:index], outer, inner, *self.axes[index + 1 :])
        sizes = (*self.sizes[:index], self.sizes[index] // inner_size, inner_size, *self.sizes[index + 1 :])
        return Grid(axes, sizes)


def _joined(runs: Iterator[Run]) -> list[Run]:
    """Ascending runs, those that touch joined."""
    found: list[Run] = []
    for start, stop in runs:
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], stop)
        else:
            found.append((start, stop))
    return found
