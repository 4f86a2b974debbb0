"""The strategy of a deployment: its phases and their GPUs."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from dotlint.errors import expect
from dotlint.strategy.degrees import MOST_GPUS, Degrees
from dotlint.strategy.error import StrategyError
from dotlint.strategy.gpus import GpuSet, union
from dotlint.strategy.launch.argument import LaunchArgument, launch_argument
from dotlint.strategy.layout import Layout
from dotlint.strategy.model import ModelFacts, Pool
from dotlint.strategy.placement import Partition, Placement, verify_stage
from dotlint.strategy.replicas import misfit, with_replicas
from dotlint.strategy.spec import PhaseSpec, parse_spec
from dotlint.strategy.stage_sizes import chunk_sizes
from dotlint.text.display import short_repr

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


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


class Strategy(Struct, frozen=True):
    """All phases of a deployment, how their degrees map to GPUs, and the known facts of the model.

    `pool` is None if it is not declared whether phases share their GPUs. `source` is the text the strategy was read
    from. `specs` are the phases as written; `notes` are what its text does not decide or what was not read of it.
    """

    phases: tuple[Phase, ...]
    layout: Layout = field(default_factory=Layout)
    model: ModelFacts = field(default_factory=ModelFacts)
    pool: Pool | None = None
    source: str = ""
    specs: tuple[PhaseSpec, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str, *, layout: Layout | None = None, world: int | None = None) -> Strategy:
        """Parse a specification; `world` is the number of GPUs that it is started on.

        Raises `StrategyError` on a mistake in it or if a phase does not fit its GPUs.
        """
        expect("text", text, str, "a strategy such as pp4ep4tp2sp2")
        return build(parse_spec(text), layout=layout, source=text.strip(), world=world)

    @classmethod
    def load(cls, path: str | Path, *, layout: Layout | None = None, world: int | None = None) -> Strategy:
        """Read a strategy file (TOML); `layout` and `world` replace those of the file.

        Raises `StrategyError` on any mistake in it.
        """
        from dotlint.strategy.toml_file import load  # noqa: PLC0415 - tomllib only where a file is read

        expect("path", path, (str, PathLike), "the path of a strategy file")

        def built(specs: Sequence[PhaseSpec], **found: Any) -> Strategy:  # noqa: ANN401 - the arguments of `build`
            return build(specs, **{**found, "layout": layout or found["layout"], "world": world or found["world"]})

        return load(path, built)

    @classmethod
    def from_table(cls, table: Mapping[str, Any], *, where: str) -> Strategy:
        """Create a strategy from a parsed strategy file; `where` names it in messages. Raises `StrategyError`."""
        from dotlint.strategy.toml_file import from_table  # noqa: PLC0415 - as above

        expect("table", table, Mapping, "the contents of a strategy file as a dict")
        return from_table(table, build, where=where)

    @classmethod
    def read(
        cls, argument: str, *, layout: Layout | None = None, world: int | None = None, model: ModelFacts | None = None
    ) -> Strategy:
        """Read an argument of `--strategy`: a .toml file, launch options (`vllm:launch.sh`), or a specification."""
        return cls.combine([argument], layout=layout, world=world, model=model)

    @classmethod
    def combine(
        cls,
        arguments: Sequence[str | LaunchArgument],
        *,
        layout: Layout | None = None,
        world: int | None = None,
        model: ModelFacts | None = None,
    ) -> Strategy:
        """Read a repeated `--strategy`, one phase each; `model` are facts that the arguments can override.

        Raises `StrategyError` if a phase is declared twice, or two files declare different layouts or pools.
        """
        expect("arguments", arguments, (list, tuple), "a list of strategies")
        if not arguments:
            raise StrategyError("a strategy is missing: write one, such as pp4ep4tp2sp2")
        parts = [_declared(argument, world, model) for argument in arguments]
        specs = tuple(spec for part in parts for spec in part.specs)
        for index, spec in enumerate(specs):
            if any(earlier.name == spec.name for earlier in specs[:index]):
                if spec.name is not None:
                    raise StrategyError(
                        f"phase {spec.name!r} is repeated in the given strategies: declare each phase once"
                    )
                raise StrategyError(
                    "two strategies without a phase: name the phases, such as prefill=... and decode=..."
                )
        files = [part for part in parts if part.pool or part.model.to_dict() or part.layout]
        first = files[0] if files else parts[0]
        alike = all(each.launched and each.model == first.model and each.layout == first.layout for each in files)
        if len(files) > 1 and not alike:
            raise StrategyError("several strategy files declare a layout, pool or model: only one may")
        launched = {"prefill", "decode"} <= {spec.name for spec in specs} and all(part.launched for part in parts)
        return build(
            specs,
            layout=layout or first.layout,
            model=(model or ModelFacts()).with_own(first.model),
            pool=first.pool or ("disaggregated" if launched else None),
            source="; ".join(part.source for part in parts),
            world=world,
            notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        )

    def phase(self, name: str) -> Phase | None:
        """Return the phase of that name, or the phase without a name, which applies to all others."""
        expect("name", name, str, "the name of a phase")
        ranks = {name.lower(): 1, "": 0}
        fitting = [phase for phase in self.phases if phase.name in ranks]
        return max(fitting, key=lambda phase: ranks[phase.name], default=None)

    @property
    def has_files(self) -> bool:
        """Whether any phase names a file."""
        return any(phase.file is not None for phase in self.phases)

    def narrowed(self, names: Sequence[str]) -> Strategy:
        """Return the strategy with only the phases of these names."""
        expect("names", names, (list, tuple, set, frozenset), "a list of names of phases")
        return replace(
            self,
            phases=tuple(phase for phase in self.phases if phase.name in names),
            specs=tuple(spec for spec in self.specs if (spec.name or "") in names),
        )

    @property
    def declared_gpus(self) -> GpuSet:
        """All GPUs of the declared phases."""
        return union(phase.gpus for phase in self.phases if not phase.assumed)

    def with_layout(self, layout: Layout) -> Strategy:
        """Return the same phases under another layout, without assumed phases."""
        return build(self.specs, layout=layout, model=self.model, pool=self.pool, source=self.source)

    def with_model(self, model: ModelFacts) -> Strategy:
        """Return the same phases with other facts of the model, without assumed phases."""
        return build(self.specs, layout=self.layout, model=model, pool=self.pool, source=self.source, notes=self.notes)

    def with_phase_assumed(self, name: str = "decode") -> Strategy:
        """Return the strategy with a phase that the graph has and the strategy does not declare.

        The assumed phase has the degrees of prefill (or of the phase without a name, or of the first phase) and its
        GPUs, stage by stage; decode has SP=1. A phase without a name is then called prefill. If the phase is
        declared, the strategy itself is returned.
        """
        expect("name", name, str, "the name of a phase")
        name = name.lower()
        if any(phase.name == name for phase in self.phases):
            return self
        base = self.phase("prefill") or self.phases[0]
        phases = self.phases
        if not base.name and name != "prefill":
            base = replace(base, name="prefill")
            phases = tuple(phase if phase.name else base for phase in phases)
        degrees = base.degrees.with_axis("sp", 1) if name == "decode" and base.degrees.sp > 1 else base.degrees
        assumed = replace(base, name=name, degrees=degrees, assumed=True, file=None, grid_degrees=base.degrees)
        return replace(self, phases=(*phases, assumed))

    def __repr__(self) -> str:
        return f"Strategy({short_repr(self.source, 100)}, phases={len(self.phases)})"


class _Declared(Struct, frozen=True):
    """One of several strategies as written: GPUs are assigned once the layout of all of them is known."""

    specs: tuple[PhaseSpec, ...]
    layout: Layout | None
    model: ModelFacts
    pool: Pool | None
    source: str
    notes: tuple[str, ...] = ()
    launched: bool = False


def _declared(argument: str | LaunchArgument, given: int | None, facts: ModelFacts | None) -> _Declared:
    """Read one strategy; `given` is the number of GPUs that replaces that of a file."""

    def as_written(
        specs: Sequence[PhaseSpec],
        *,
        layout: Layout | None = None,
        model: ModelFacts | None = None,
        pool: Pool | None = None,
        source: str = "",
        world: int | None = None,
        notes: tuple[str, ...] = (),
    ) -> _Declared:
        own = tuple(spec if spec.world else replace(spec, world=given or world) for spec in specs)
        return _Declared(own, layout, model or ModelFacts(), pool, source, notes)

    expect("strategy", argument, (str, LaunchArgument), "a specification, a strategy file or launch options")
    text = argument.strip() if isinstance(argument, str) else ""
    launched = launch_argument(text) if isinstance(argument, str) else argument
    if launched is not None:
        from dotlint.strategy.launch.load import load as load_launch  # noqa: PLC0415 - only for launch options

        return replace(load_launch(launched, as_written, world=given, model=facts), launched=True)
    if not text.lower().endswith(".toml"):
        return as_written(parse_spec(str(argument)), source=text)
    from dotlint.strategy.toml_file import load  # noqa: PLC0415 - tomllib only where a file is read

    return load(text, as_written)


def build(
    specs: Sequence[PhaseSpec],
    *,
    layout: Layout | None = None,
    model: ModelFacts | None = None,
    pool: Pool | None = None,
    source: str = "",
    world: int | None = None,
    notes: tuple[str, ...] = (),
) -> Strategy:
    """Assign GPUs to phases. A phase that declares no GPUs starts at the first GPU of its pool.

    `world` is the number of GPUs that each phase is started on, if it states none itself: its DP follows from it.

    The pool of a unified deployment (also if undeclared) is the GPUs that phases declare, or starts at 0. Phases of a
    disaggregated deployment follow one another, and each file counts from 0.

    Raises `StrategyError` if a phase does not fit the GPUs it declares or a declared order lacks an axis.
    """
    layout, model = Layout() if layout is None else layout, ModelFacts() if model is None else model
    expect("layout", layout, Layout, "a Layout, such as Layout.named('megatron')")
    expect("model", model, ModelFacts, "a ModelFacts")
    if world is not None and (not isinstance(world, int) or world < 1):
        raise StrategyError(f"`world` is {world!r}; pass the number of GPUs")
    specs = [spec if spec.world else replace(spec, world=world) for spec in specs]
    named = union(spec.gpus for spec in specs if spec.gpus is not None)
    free = named.last + 1 if named else 0
    phases: list[Phase] = []
    for spec in specs:
        degrees = layout.completed(with_replicas(spec, layout))
        size = layout.world(degrees)
        label = f"phase {spec.name!r}" if spec.name else "the strategy"
        if size > MOST_GPUS:
            raise StrategyError(f"{label} needs {size} GPUs ({degrees}): at most {MOST_GPUS} are supported")
        if spec.gpus is not None:
            gpus = spec.gpus
            if len(gpus) != size:
                raise misfit(label, degrees, gpus, size, layout)
        elif pool == "disaggregated":
            gpus = GpuSet.span(0 if spec.file else free, size)
            free += 0 if spec.file else size
        elif len(named) >= size:
            gpus = named.pick(GpuSet.span(0, size))
        else:
            gpus = GpuSet.span(named.first if named else 0, size)
        phases.append(
            Phase(
                spec.name or "",
                degrees,
                gpus,
                layout,
                file=spec.file,
                origin=spec.origin,
                own_gpus=spec.gpus is not None,
                declared_world=spec.world,
                facts=model.with_own(spec.facts),
                origins=spec.origins,
            )
        )
    return Strategy(tuple(phases), layout, model, pool, source, tuple(specs), notes)
