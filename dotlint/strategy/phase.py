"""One phase of a deployment on its GPUs."""

from __future__ import annotations

from msgspec import Struct, field
from msgspec.structs import replace

from dotlint.errors import expect
from dotlint.strategy.degrees import Degrees  # noqa: TC001 - msgspec reads cached results by the types of fields
from dotlint.strategy.gpus import GpuSet
from dotlint.strategy.layout import Layout
from dotlint.strategy.model import ModelFacts
from dotlint.strategy.placement import Partition, Placement, verify_stage
from dotlint.strategy.stage_sizes import chunk_sizes
from dotlint.text.display import short_repr


class Phase(Struct, frozen=True):
    """One phase on its GPUs. Stages, shards and replicas are 0-based.

    `name` is "" for the only phase of a strategy that names none. `gpus` are all its GPUs. `assumed` is whether the
    phase is not declared; it then shares the GPUs of another phase stage by stage, laid out by `grid_degrees`. `file`
    is the DOT file of this phase alone, if declared, as written in the strategy file `origin`; `own_gpus` is whether
    the phase itself declares its GPUs.
    """

    name: str
    degrees: Degrees
    gpus: GpuSet
    layout: Layout = field(default_factory=Layout)
    assumed: bool = False
    file: str | None = None
    grid_degrees: Degrees | None = None
    origin: str = ""
    own_gpus: bool = False
    declared_world: int | None = None
    facts: ModelFacts = field(default_factory=ModelFacts)
    origins: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> str | None:
        """The path of `file`: relative to the working directory, where `file` is relative to the strategy file."""
        if self.file is None:
            return None
        from pathlib import PurePath  # noqa: PLC0415 - few phases name files

        return str(PurePath(self.origin).parent / self.file)

    @property
    def placement(self) -> Placement:
        """The grids of ranks; rank r is the r-th of `gpus`."""
        return self.layout.placement(self.grid_degrees or self.degrees)

    @property
    def total(self) -> int:
        """The number of GPUs the phase runs on."""
        return len(self.gpus)

    @property
    def world(self) -> int:
        """The number of GPUs its own degrees need; it differs from `total` only if the phase is assumed."""
        return self.layout.world(self.degrees)

    @property
    def attention_replicas(self) -> int:
        """The number of replicas of attention on the ranks of TP: DPA, or DP of an engine that places it there."""
        return max(self.degrees.dpa, self.degrees.dp if self.layout.attention_dp else 1)

    @property
    def attention_tp(self) -> int:
        """The number of ranks that divide the heads: TP without those of attention data parallelism."""
        return max(1, self.degrees.tp // self.attention_replicas)

    @property
    def stage_count(self) -> int:
        """The number of pipeline stages (PP)."""
        return self.degrees.pp

    @property
    def stage_size(self) -> int:
        """The number of GPUs of a stage."""
        return self.placement.stage_size

    @property
    def stages(self) -> tuple[GpuSet, ...]:
        """The GPUs of every stage."""
        return tuple(self.stage_gpus(index) for index in range(self.stage_count))

    def stage_gpus(self, stage: int) -> GpuSet:
        """Return the GPUs of a stage. Raises `StrategyError` past the last."""
        return self.gpus.pick(self.placement.stage(stage))

    def stage_of(self, gpus: GpuSet) -> int | None:
        """Return the stage that holds all of these GPUs; None if there is none or the set is empty."""
        expect("gpus", gpus, GpuSet, "a GpuSet")
        if not gpus:
            return None
        return next((n for n in range(self.stage_count) if gpus <= self.stage_gpus(n)), None)

    def partition(self, axis: str | tuple[str, ...], stage: int) -> Partition:
        """Return how a stage is divided along `axis` (jointly along several), in GPU ids."""
        expect("axis", axis, (str, tuple), "an axis, such as tp, or a tuple of axes")
        requested = (axis,) if isinstance(axis, str) else axis
        divided = tuple(each for each in requested if self.degrees.get(each) > 1)
        part = self.placement.partition(divided or "vpp", stage)
        slices = None if part.slices is None else tuple(self.gpus.pick(each) for each in part.slices)
        return Partition(requested, part.parts, self.gpus.pick(part.whole), slices)

    def shards(self, stage: int, *, sequence: bool = False) -> Partition:
        """Return the tensor shards of a stage; with `sequence` those of TP·SP, for files that draw both."""
        return self.partition(("tp", "sp") if sequence else "tp", stage)

    def experts(self, stage: int) -> Partition:
        """Return the expert groups of a stage."""
        return self.partition("ep", stage)

    @property
    def replica_count(self) -> int:
        """The number of data-parallel replicas (DP)."""
        return self.degrees.dp

    def replica_stage_gpus(self, stage: int) -> tuple[GpuSet, ...]:
        """Return the GPUs that one stage of a single data-parallel replica may occupy, the first replica first.

        With a fixed order this is one set per replica. Otherwise it covers both usual layouts: replicas side by side
        within a stage, and each replica in a block of its own.
        """
        count = self.replica_count
        placement = self.placement
        if count == 1:
            return (self.stage_gpus(stage),)
        fixed = [placement.replica(stage, index) for index in range(count)]
        ranks = [each for each in fixed if each is not None]
        if not ranks:
            size = placement.stage_size // count
            pp = self.stage_count
            ranks = [GpuSet.span(index * size * pp + stage * size, size) for index in range(count)]
            ranks += [GpuSet.span((stage * count + index) * size, size) for index in range(count)]
        return tuple(dict.fromkeys(self.gpus.pick(each) for each in ranks))

    def stage_layers(self, stage: int, layers: int) -> tuple[range, ...] | None:
        """Return the 0-based layers of a stage, one range per VPP chunk; None if unknown, or if they do not fit."""
        expect("layers", layers, int, "the number of layers")
        verify_stage(stage, self.stage_count)
        sizes = chunk_sizes(self.degrees, replace(self.facts, layers=layers))
        if sizes is None:
            return None
        mine = range(stage, len(sizes), self.degrees.pp)
        return tuple(range(sum(sizes[:chunk]), sum(sizes[: chunk + 1])) for chunk in mine)

    def __repr__(self) -> str:
        return f"Phase({self.name!r}, {str(self.degrees)!r}, gpus={short_repr(str(self.gpus))})"
