"""Grids of ranks: conversion between the coordinates along every axis and ranks."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.strategy.gpus import GpuSet, merge_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dotlint.strategy.gpus import IdRun


class Grid(Struct, frozen=True):
    """Ranks 0 to size - 1 laid out over `axes`, outermost (slowest) first; `sizes` are their lengths."""

    axes: tuple[str, ...]
    sizes: tuple[int, ...]

    @property
    def size(self) -> int:
        """The number of ranks."""
        return prod(self.sizes)

    def length(self, axis: str) -> int:
        """Return the length along `axis`; 1 if the grid does not have that axis."""
        return self.sizes[self.axes.index(axis)] if axis in self.axes else 1

    def select(self, fixed: Mapping[str, int]) -> GpuSet:
        """Return the ranks whose coordinates are those of `fixed`, with any coordinate along the other axes."""
        runs: Sequence[IdRun] = [(0, 1)]
        stride = 1
        for axis, size in zip(reversed(self.axes), reversed(self.sizes), strict=True):
            if axis in fixed:
                offset = fixed[axis] * stride
                runs = [(start + offset, stop + offset) for start, stop in runs]
            elif runs == [(0, stride)]:
                runs = [(0, stride * size)]
            else:
                steps = range(0, stride * size, stride)
                runs = merge_runs((start + step, stop + step) for step in steps for start, stop in runs)
            stride *= size
        return GpuSet(tuple(runs))

    def slices(self, axes: tuple[str, ...], within: Mapping[str, int]) -> Iterator[GpuSet]:
        """Yield the ranks at each coordinate along `axes` (jointly, the first one slowest), with `within` fixed.

        Each is what one shard occupies; together they partition the ranks of `within`.
        """
        for coordinate in product(*(range(self.length(axis)) for axis in axes)):
            yield self.select({**within, **dict(zip(axes, coordinate, strict=True))})

    def groups(self, axes: tuple[str, ...]) -> Iterator[GpuSet]:
        """Yield the groups along `axes`: ranks that differ only there, ordered by their first rank."""
        others = tuple(axis for axis in self.axes if axis not in axes)
        yield from self.slices(others, {})

    def split(self, axis: str, outer: str, inner: str, inner_size: int) -> Grid:
        """Return the grid with `axis` split in two: `inner` is its `inner_size` fastest steps, `outer` the rest."""
        index = self.axes.index(axis)
        axes = (*self.axes[:index], outer, inner, *self.axes[index + 1 :])
        sizes = (*self.sizes[:index], self.sizes[index] // inner_size, inner_size, *self.sizes[index + 1 :])
        return Grid(axes, sizes)
