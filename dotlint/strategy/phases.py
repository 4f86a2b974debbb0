"""The strategy of a deployment: its phases and their GPUs."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from dotlint.errors import expect
from dotlint.strategy.declared import common, declared, verify_distinct
from dotlint.strategy.degrees import MOST_GPUS
from dotlint.strategy.error import StrategyError
from dotlint.strategy.gpus import GpuSet, union
from dotlint.strategy.layout import Layout
from dotlint.strategy.model import ModelFacts, Pool
from dotlint.strategy.phase import Phase
from dotlint.strategy.replicas import misfit, with_replicas
from dotlint.strategy.spec import PhaseSpec, parse_spec
from dotlint.text.display import short_repr

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dotlint.strategy.launch.argument import LaunchArgument


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
        parts = [declared(argument, world, model) for argument in arguments]
        specs = tuple(spec for part in parts for spec in part.specs)
        verify_distinct(specs)
        first = common(parts)
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
