"""The rank grids of a phase: which ranks form a stage, a shard, an expert group, a communication group."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dotlint.errors import expect
from dotlint.strategy.error import StrategyError
from dotlint.strategy.gpus import disjoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.strategy.degrees import Degrees
    from dotlint.strategy.gpus import GpuSet
    from dotlint.strategy.rank_grid import Grid

EXPERT_AXES: Final = ("ep", "etp", "edp")
"""The axes that divide only the expert grid."""


class Partition(Struct, frozen=True):
    """How the GPUs of a stage are divided along `axes`: into `parts` equal parts.

    `slices` are the parts in order if the layout determines them; None if any equal parts are acceptable.
    """

    axes: tuple[str, ...]
    parts: int
    whole: GpuSet
    slices: tuple[GpuSet, ...] | None

    @property
    def size(self) -> int:
        """The number of GPUs of one part."""
        return len(self.whole) // self.parts

    def accepts(self, sets: Sequence[GpuSet]) -> bool:
        """Return whether these sets are the parts: equal, disjoint, covering, and equal to `slices` if determined."""
        if len(sets) != self.parts or any(len(each) != self.size for each in sets):
            return False
        if self.slices is not None:
            return set(sets) == set(self.slices)
        covered = sum(len(each & self.whole) for each in sets)
        return covered == len(self.whole) and disjoint(sets)


class Placement(Struct, frozen=True):
    """The grids of one phase, in 0-based ranks.

    `degrees` include the defaults of the preset and the derived EDP. `verdict` is "ok", "ok only with etp=N" if the
    default of the preset would not fit, or "impossible: ..." with the first of `problems`, and `remedies` name what would fit. `shared` maps axes to
    those whose ranks they share; they multiply nothing. `expert_world` is the size of the expert grid, None if no
    expert axis is named.
    """

    degrees: Degrees
    dense: Grid
    expert: Grid | None
    dense_fixed: bool
    expert_fixed: bool
    expert_world: int | None
    shared: tuple[tuple[str, tuple[str, ...]], ...]
    verdict: str
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    remedies: tuple[str, ...] = ()

    @property
    def world(self) -> int:
        """The number of ranks of the phase."""
        return self.dense.size

    @property
    def stage_size(self) -> int:
        """The number of ranks of a pipeline stage."""
        return self.world // self.dense.length("pp")

    @property
    def stages(self) -> tuple[GpuSet, ...]:
        """The ranks of every pipeline stage."""
        return tuple(self.stage(index) for index in range(self.dense.length("pp")))

    def stage(self, index: int) -> GpuSet:
        """Return the ranks of the 0-based stage. Raises `StrategyError` past the last."""
        verify_stage(index, self.dense.length("pp"))
        return self.dense.select({"pp": index})

    def replica(self, stage: int, replica: int) -> GpuSet | None:
        """Return the ranks of a stage in one data-parallel replica; None if the layout leaves it open."""
        if not self.dense_fixed or "dp" not in self.dense.axes:
            return None if self.degrees.dp > 1 else self.stage(stage)
        return self.dense.select({"pp": stage, "dp": replica})

    def groups(self, axis: str) -> tuple[GpuSet, ...] | None:
        """Return the communication groups along `axis`, ordered by their first rank.

        They are singletons if the axis has degree 1; empty if it has no groups (vpp, experts of a dense model); None
        if the layout leaves them open.
        """
        if axis == "dcp":
            return self._dcp_groups()
        found = self._axes(axis)
        if found is None:
            return ()
        grid, axes, fixed = found
        if not fixed and axes != ("pp",):
            return None
        return tuple(grid.groups(axes))

    def slices(self, axis: str | tuple[str, ...], stage: int) -> tuple[GpuSet, ...] | None:
        """Return the ranks of a stage that each shard along `axis` (jointly along several) occupies, in order.

        None if the layout leaves it open. A stage that is not divided is one slice. Raises `StrategyError` past the last
        stage.
        """
        return self.partition(axis, stage).slices

    def partition(self, axis: str | tuple[str, ...], stage: int) -> Partition:
        """Return the same with the count and size of the parts, which are known in any case."""
        whole = self.stage(stage)
        requested = (axis,) if isinstance(axis, str) else axis
        divided = tuple(each for each in requested if self.degrees.get(each) > 1 and self._axes(each) is not None)
        if not divided:
            return Partition(requested, 1, whole, (whole,))
        grid: Grid | None = None
        axes: list[str] = []
        all_fixed = True
        for each in divided:
            found = self._axes(each)
            assert found is not None
            all_fixed = all_fixed and found[2] and (grid is None or grid == found[0])
            grid = found[0]
            axes.extend(name for name in found[1] if name not in axes)
        assert grid is not None
        slices = tuple(grid.slices(tuple(axes), {"pp": stage})) if all_fixed else None
        parts = len(slices) if slices is not None else prod(grid.length(name) for name in axes)
        return Partition(requested, parts, whole, slices)

    def _axes(self, axis: str) -> tuple[Grid, tuple[str, ...], bool] | None:
        """Return the grid that `axis` divides, along which of its axes, and whether the layout determines it."""
        axes = dict(self.shared).get(axis, (axis,))
        if axis == "vpp":
            return None
        if axis in EXPERT_AXES:
            return None if self.expert is None else (self.expert, axes, self.expert_fixed)
        return self.dense, axes, self.dense_fixed

    def _dcp_groups(self) -> tuple[GpuSet, ...] | None:
        """Return the decode context parallel groups: consecutive ranks of a TP group (vLLM parallel_state.py)."""
        if not self.dense_fixed:
            return None
        dcp = self.degrees.dcp
        if self.dense.length("tp") % dcp:
            return ()
        if "tp" not in self.dense.axes:
            return tuple(self.dense.groups(()))
        return tuple(self.dense.split("tp", "tp", "dcp", dcp).groups(("dcp",)))


def verify_stage(index: int, count: int) -> None:
    """Raise `DotlintError` unless `index` is the 0-based number of one of `count` stages."""
    expect("stage", index, int, "the 0-based number of a stage")
    if not 0 <= index < count:
        raise StrategyError(f"there is no stage {index}: the stages are 0 to {count - 1}")
