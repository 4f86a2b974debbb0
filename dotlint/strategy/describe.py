"""Describe a strategy in terms of GPUs, as plain data for the reports."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from dotlint.strategy.arithmetic import Calculation, arithmetic
from dotlint.strategy.calculations.calculation import plan_of
from dotlint.strategy.calculations.notes import notes as engine_notes
from dotlint.strategy.calculations.pools import misplaced
from dotlint.strategy.calculations.subjects import options_of
from dotlint.strategy.degrees import AXES, AXIS_NAMES
from dotlint.strategy.handoff import Handoff, handoff_dict, handoff_of
from dotlint.strategy.memory.budget import Memory, memory_of
from dotlint.strategy.memory.fits import fits
from dotlint.strategy.memory.table import memory_dict
from dotlint.strategy.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.strategy.gpus import GpuSet
    from dotlint.strategy.model import ModelFacts
    from dotlint.strategy.phase import Phase
    from dotlint.strategy.phases import Strategy
    from dotlint.strategy.placement import Partition

_MEANINGS: Final[Mapping[str, str]] = {
    "pp": "the layers in {n} stages, one after another",
    "vpp": "each stage in {n} chunks of layers, interleaved",
    "ep": "the experts in {n} groups",
    "etp": "each expert in {n} shards",
    "edp": "{n} copies of each expert",
    "tp": "each layer's weights in {n} shards",
    "sp": "the tokens of a sequence in {n} parts",
    "cp": "the context in {n} parts, attention included",
    "dcp": "the KV cache of decode in {n} parts",
    "dp": "{n} replicas, each with its own requests",
    "dpa": "attention in {n} replicas, each with its own requests",
}
_SINGLE: Final = "not divided"


class DegreeRow(Struct, frozen=True):
    """One axis: its degree, its full name, its effect on the model, and the launch option that states it, if any."""

    axis: str
    degree: int
    name: str
    meaning: str
    origin: str = ""


class StageRow(Struct, frozen=True):
    """One stage, numbered from 1. `layers` are 1-based inclusive ranges, one per chunk; None if unknown."""

    number: int
    gpus: GpuSet
    layers: tuple[tuple[int, int], ...] | None
    shards: Partition
    sequence: Partition
    experts: Partition


class PhaseDescription(Struct, frozen=True):
    """One phase. `formula` computes its number of GPUs; `sums` are the calculations against the model, each with a code.

    `verdict` is "ok", "ok only with etp=N", or "impossible: ..." with the first calculation that refuses the plan.
    """

    name: str
    assumed: bool
    file: str | None
    degrees: tuple[DegreeRow, ...]
    formula: str
    total: int
    gpus: GpuSet
    stage_size: int
    stages: tuple[StageRow, ...]
    verdict: str
    sums: tuple[tuple[str, Calculation], ...]
    notes: tuple[str, ...]
    memory: Memory | None = None
    origins: tuple[tuple[str, str], ...] = ()

    @property
    def refusals(self) -> list[tuple[str, Calculation]]:
        """The calculations that make the phase impossible; none of an assumed phase, which rules do not check."""
        return [] if self.assumed else [(code, each) for code, each in self.sums if each.refuses]

    def options(self, each: Calculation) -> dict[str, str]:
        """The launch options, by axis or fact, that state what a calculation reads, if it fails."""
        return {} if each.holds else options_of(each.check, self.origins)


class Description(Struct, frozen=True):
    """A whole strategy; `total` counts each GPU that any phase uses once."""

    source: str
    layout: str
    layout_text: str
    pool: str | None
    total: int
    phases: tuple[PhaseDescription, ...]
    model: ModelFacts
    handoff: Handoff | None = None
    notes: tuple[str, ...] = ()

    @property
    def impossible(self) -> bool:
        """Whether any phase cannot be."""
        return any(phase.refusals for phase in self.phases)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON data: names and figures, and GPU sets as text such as "0-15"."""
        return {
            "impossible": self.impossible,
            "failed": [
                {"phase": phase.name, **_calculation_dict(code, each, phase.options(each))}
                for phase in self.phases
                for code, each in phase.refusals
            ],
            "source": self.source,
            "layout": self.layout,
            "pool": self.pool,
            "gpus": self.total,
            "model": self.model.to_dict(),
            "phases": [_phase_dict(phase) for phase in self.phases],
            "handoff": None if self.handoff is None else handoff_dict(self.handoff),
            "notes": list(self.notes),
        }


def describe(strategy: Strategy, codes: Mapping[str, str]) -> Description:
    """Return the description of a strategy; `codes` are those of the rules by the names of their checks."""
    gpus = strategy.declared_gpus
    return Description(
        source=strategy.source,
        layout=strategy.layout.name,
        layout_text=_layout_text(strategy),
        pool=strategy.pool,
        total=len(gpus),
        phases=tuple(_describe_phase(strategy, index, codes) for index in range(len(strategy.phases))),
        model=strategy.model,
        handoff=handoff_of(strategy),
        notes=strategy.notes,
    )


def _layout_text(strategy: Strategy) -> str:
    layout = strategy.layout
    if layout.preset is not None:
        text = f"{PRESETS[layout.preset].title}: a dense grid and an expert grid over the same GPUs"
    elif layout.model == "overlay":
        text = "a dense grid and an expert grid over the same GPUs"
    else:
        text = "every axis multiplies the GPUs"
    orders = [("order", layout.order), ("expert order", layout.expert_order)]
    return "; ".join([text, *(f"{name} {','.join(axes)}" for name, axes in orders if axes is not None)])


def _describe_phase(strategy: Strategy, index: int, codes: Mapping[str, str]) -> PhaseDescription:
    phase, model = strategy.phases[index], strategy.model
    plan = plan_of(phase, model)
    memory = None if phase.assumed else memory_of(plan)
    pool = misplaced(phase, (other for other in strategy.phases[:index] if not other.assumed), strategy.pool)
    calculations = [*arithmetic(phase, model), *(fits(plan, memory) if memory is not None else ())]
    calculations += [] if pool is None else [pool]
    sums = tuple((codes[each.check], each) for each in calculations)
    refusal = None if phase.assumed else next((each for _, each in sums if each.refuses), None)
    return PhaseDescription(
        name=phase.name,
        assumed=phase.assumed,
        file=phase.file,
        degrees=_degree_rows(phase),
        formula=_formula(phase),
        total=phase.total,
        gpus=phase.gpus,
        stage_size=phase.stage_size,
        stages=tuple(_stage_row(phase, index, model) for index in range(phase.stage_count)),
        verdict=phase.placement.verdict if refusal is None else f"impossible: {refusal.text}",
        sums=sums,
        notes=(*_notes(phase), *engine_notes(plan)),
        memory=memory,
        origins=phase.origins,
    )


def _degree_rows(phase: Phase) -> tuple[DegreeRow, ...]:
    """Return the named axes, and those derived by the layout if their degree is above 1."""
    derived = phase.placement.degrees
    experts = phase.layout.model == "overlay" and derived.ep > 1
    rows = []
    for axis in AXES:
        degree = derived.get(axis) if axis in ("etp", "edp") else phase.degrees.get(axis)
        if axis in phase.degrees.named or (experts and axis in ("etp", "edp") and degree > 1):
            meaning = _MEANINGS[axis].format(n=degree) if degree > 1 else _SINGLE
            if axis not in phase.degrees.named:
                meaning += " (derived)"
            rows.append(DegreeRow(axis, degree, AXIS_NAMES[axis], meaning, dict(phase.origins).get(axis, "")))
    return tuple(rows)


def _formula(phase: Phase) -> str:
    """Return the formula over the axes that multiply, such as "PP·EP·TP·SP = 4·4·2·2 = 64"."""
    if phase.assumed:
        return f"the {phase.total} GPUs that it shares with another phase"
    grid = phase.placement.dense
    lengths = {axis: grid.length(axis) for axis in AXES if axis in grid.axes}
    listed = {axis: n for axis, n in lengths.items() if n > 1 or axis in phase.degrees.named}
    if len(listed) < 2:
        return "" if not listed else f"{next(iter(listed)).upper()} = {phase.world}"
    names, sizes = "·".join(listed).upper(), "·".join(map(str, listed.values()))
    return f"{names} = {sizes} = {prod(listed.values())}"


def _stage_row(phase: Phase, index: int, model: ModelFacts) -> StageRow:
    known = model.layers or sum(phase.facts.stage_layers or ())
    chunks = phase.stage_layers(index, known) if known else None
    return StageRow(
        number=index + 1,
        gpus=phase.stage_gpus(index),
        layers=None if chunks is None else tuple((chunk.start + 1, chunk.stop) for chunk in chunks),
        shards=phase.shards(index),
        sequence=phase.partition("sp", index),
        experts=phase.experts(index),
    )


def _notes(phase: Phase) -> list[str]:
    notes = list(phase.placement.notes)
    placement = phase.placement
    degrees = phase.degrees
    if phase.assumed:
        notes.append("this phase is not declared but assumed, so rules do not check it")
    if dict(placement.shared).get("sp") and degrees.sp > 1:
        notes.append("SP shares the GPUs of TP and adds none")
    if degrees.vpp > 1:
        notes.append("VPP divides layers, not GPUs")
    if degrees.dcp > 1:
        notes.append("DCP shares the GPUs of TP and adds none")
    open_shards = not placement.dense_fixed and (degrees.tp > 1 or degrees.sp > 1)
    open_experts = not placement.expert_fixed and degrees.ep > 1
    if open_shards or open_experts:
        what = (
            "shards and expert groups" if open_shards and open_experts else "shards" if open_shards else "expert groups"
        )
        where = "order and expert_order" if open_shards and open_experts else "order" if open_shards else "expert_order"
        notes.append(f"{what} may be any equal parts of a stage's GPUs; set {where} under [layout] to fix them")
    if degrees.dp > 1:
        first = phase.replica_stage_gpus(0)
        notes.append(
            f"a replica has {phase.total // degrees.dp} GPUs; stage 1 of the first replica is on {first[0].short()}"
        )
    return notes


def _phase_dict(phase: PhaseDescription) -> dict[str, Any]:
    return {
        "name": phase.name,
        "assumed": phase.assumed,
        "file": phase.file,
        "degrees": {row.axis: row.degree for row in phase.degrees},
        "origins": {row.axis: row.origin for row in phase.degrees if row.origin},
        "formula": phase.formula,
        "gpus": phase.total,
        "ids": str(phase.gpus),
        "stage_size": phase.stage_size,
        "verdict": phase.verdict,
        "impossible": bool(phase.refusals),
        "stages": [
            {
                "stage": row.number,
                "gpus": str(row.gpus),
                "layers": None if row.layers is None else [list(pair) for pair in row.layers],
                "shards": _partition_dict(row.shards),
                "sequence": _partition_dict(row.sequence),
                "experts": _partition_dict(row.experts),
            }
            for row in phase.stages
        ],
        "arithmetic": [_calculation_dict(code, each, phase.options(each)) for code, each in phase.sums],
        "memory": None if phase.memory is None else memory_dict(phase.memory),
        "notes": list(phase.notes),
    }


def _calculation_dict(code: str, each: Calculation, options: Mapping[str, str]) -> dict[str, Any]:
    severity = None if each.holds else "warning" if each.warning else "error"
    data = {"code": code, "holds": each.holds, "severity": severity, "text": each.text}
    return data | {"source": each.source, "advice": each.advice, "options": dict(options)}


def _partition_dict(part: Partition) -> dict[str, Any]:
    slices = None if part.slices is None else [str(each) for each in part.slices]
    return {"parts": part.parts, "size": part.size, "gpus": slices}
