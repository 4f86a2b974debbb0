"""The GPUs of shards, sequence parts and expert groups, also where the layout leaves them open."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dotlint.strategy.gpus import GpuSet, union
from dotlint.strategy.rank_grid import Grid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.strategy.phase import Phase

_OPEN_ORDER: Final = ("pp", "dp", "tp", "cp", "sp", "ep")
"""Contiguous shards, as people draw them, if every axis multiplies the GPUs and no order is declared."""


class Ranks(Struct, frozen=True):
    """The grids of a phase as they are drawn. `replica` is whether its first data-parallel replica stands for all."""

    phase: Phase
    dense: Grid
    expert: Grid
    replica: bool = False

    def gpus(self, stage: int, at: Mapping[str, int]) -> GpuSet:
        """Return the GPUs of a 0-based stage with these coordinates: along tp, cp and sp, or along ep and etp."""
        grid = self.expert if "ep" in at or "etp" in at else self.dense
        places = {axis: n for axis, n in ({"pp": stage} | dict(at)).items() if axis in grid.axes}
        chosen = grid.select(places)
        shards = self.phase.attention_tp
        if "tp" in places and shards < grid.length("tp"):  # each shard is on a rank of every replica of attention
            ranks = range(places["tp"], grid.length("tp"), shards)
            chosen = union(grid.select({**places, "tp": rank}) for rank in ranks)
        if "ep" in at and "ep" not in grid.axes:  # the experts are on all ranks of the stage, one group after another
            count, parts = len(chosen), self.phase.degrees.ep
            first = at["ep"] * count // parts
            chosen = chosen.pick(GpuSet.span(first, (at["ep"] + 1) * count // parts - first))
        if self.replica:
            chosen &= self.dense.select({"pp": stage, "dp": 0})
        return self.phase.gpus.pick(chosen)

    @property
    def drawn_replicas(self) -> int:
        """How many replicas of attention the drawing stands for: all, or those inside one data-parallel replica."""
        return replica_count(self.phase) // (self.phase.degrees.dp if self.replica else 1)

    def length(self, axis: str) -> int:
        """Return how many ranks an axis has that divides operators."""
        if axis == "etp":
            return self.expert.length("etp")
        return self.phase.attention_tp if axis == "tp" else self.phase.degrees.get(axis)


def replica_count(phase: Phase) -> int:
    """Return into how many parts the batch of attention is divided."""
    return phase.attention_replicas * (1 if phase.layout.attention_dp else phase.degrees.dp)


def ranks_of(phase: Phase, *, experts: bool) -> Ranks:
    """Return the ranks of a phase; `experts` is whether its layers have experts.

    One replica is drawn for all, unless the experts are divided among the replicas or unequally within one.
    """
    placement = phase.placement
    dense, expert = placement.dense, placement.expert or placement.dense
    if phase.layout.model == "product":
        if not placement.dense_fixed:
            axes = tuple(axis for axis in _OPEN_ORDER if axis in dense.axes)
            dense = Grid(axes, tuple(dense.length(axis) for axis in axes))
        if not placement.expert_fixed:
            expert = _open_experts(phase, expert)
    ranks = Ranks(phase, dense, expert)
    if phase.degrees.dp == 1 or "dp" not in dense.axes:
        return ranks
    alone = Ranks(phase, dense, expert, replica=True)
    divided = [axis for axis in ("ep", "etp") if ranks.length(axis) > 1] if experts else []
    numbers = product(*(range(ranks.length(axis)) for axis in divided))
    places = (dict(zip(divided, at, strict=True)) for at in numbers)
    shares = {len(alone.gpus(0, at)) for at in places}
    return alone if len(shares) == 1 and 0 not in shares else ranks


def _open_experts(phase: Phase, expert: Grid) -> Grid:
    """Return contiguous expert groups, in each replica of their own where they divide so."""
    degrees = phase.placement.degrees
    each = phase.placement.stage_size // degrees.ep
    dp = degrees.dp if degrees.edp % degrees.dp == 0 else 1
    if degrees.etp * degrees.edp != each:
        return expert
    sizes = {"pp": degrees.pp, "dp": dp, "ep": degrees.ep, "etp": degrees.etp, "edp": degrees.edp // dp}
    return Grid(tuple(sizes), tuple(sizes.values()))
