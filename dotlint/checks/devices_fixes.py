"""D001, D002, D003, D005 and C005: GPUs written into labels, in the manner of the other labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.deployment.gpus_and_dims import GPU_IDS, read_gpus
from dotlint.deployment.words import label_lines
from dotlint.edits.gpus.infer import GpuGuess
from dotlint.edits.gpus.label import with_ids
from dotlint.edits.labels import taken_apart
from dotlint.engine.finding import Edit, Fix
from dotlint.strategy.gpus import GpuSet, union
from dotlint.syntax.tree import Assignment, DefaultsStatement
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.deployment.model import Reading, Unit
    from dotlint.edits.fix_context import Writers
    from dotlint.engine.finding import Finding
    from dotlint.strategy import Phase
    from dotlint.syntax.tree import Attribute, Block, GraphBlock

_EVERY = regex(r"\b(?:all|shared|replicated|distributed|across|every)\b", re.IGNORECASE)
# Words that speak of some GPUs and not of all: `All TP ranks`, `per EP group`.
_SOME = regex(r"\b(?:[tpesdcv]+p\d*|ranks?|pairs?|groups?|per|each|any|some|various|multiple)\b|[{}$%]", re.IGNORECASE)


def _named(writers: Writers, finding: Finding) -> list[Reading]:
    by_name = writers.deployment.by_name
    return [by_name[name] for name in finding.nodes if name in by_name]


def missing_gpus(writers: Writers, finding: Finding) -> Fix | str:
    """D001: write the GPUs that the siblings of each operator point to."""
    guess = GpuGuess(writers.deployment)
    edits: list[Edit] = []
    for reading in _named(writers, finding):
        gpus = guess.of(reading)
        family = reading.evidence.name.family
        near = [r for r in writers.deployment.operators if r.evidence.name.family == family]
        edit = writers.gpus.added(reading, gpus, near) if gpus else None
        edits += [edit] if edit else []
    return Fix("unsafe", _ordered(edits)) if edits else "the siblings do not tell which GPUs they are"


def vague_gpus(writers: Writers, finding: Finding) -> Fix | str:
    """D002: write the ids that the siblings point to, else those of the unit where a label says that it has all."""
    edits: list[Edit] = []
    why = "the labels cannot be told which ids they mean"
    guess = GpuGuess(writers.deployment)
    for reading in _named(writers, finding):
        said = reading.evidence.gpus.vague if reading.evidence.gpus else None
        if said is None or not _EVERY.search(said) or _SOME.search(said):
            why = f"`{said}` does not mean all GPUs of the unit"
            continue
        unit = _of_unit(writers, reading)
        if unit is None:
            why = "the strategy does not tell which GPUs its unit has, or its other operators name others"
            continue
        gpus = guess.of(reading, unit) or (None if _divided(writers, reading, unit) else unit)
        edit = writers.gpus.replaced(reading, gpus) if gpus and gpus <= unit else None
        if edit is None:
            why = "its siblings have parts of the unit's GPUs, and which part it has is not certain"
        edits += [edit] if edit else []
    return Fix("unsafe", _ordered(edits)) if edits else why


def _divided(writers: Writers, reading: Reading, unit: GpuSet) -> bool:
    """Whether siblings have parts of the unit, or belong to stages where the node is known to be in none."""
    family = reading.evidence.name.family
    siblings = [
        r
        for r in writers.deployment.operators
        if r is not reading and r.phase == reading.phase and r.evidence.name.family == family and r.own_gpus
    ]
    beside = {r.gpus for r in siblings if (r.stage, r.layer) == (reading.stage, reading.layer)}
    staged = reading.stage is None and any(r.stage is not None for r in siblings)
    return staged or any(gpus is not None and gpus != unit for gpus in beside)


def _of_unit(writers: Writers, reading: Reading) -> GpuSet | None:
    """Give the GPUs that the strategy gives the node's stage, else those of its whole phase.

    None where its other operators name others. Where the strategy's layout is not certain, they have to name
    all of them.
    """
    phase = writers.context.phase(reading.phase)
    if phase is None:
        return None
    deployment = writers.deployment
    if reading.stage is None:
        if phase.stage_count > 1 and reading.kind != "io":
            return None  # it is in some stage, and nobody says in which
        beside = [r for r in deployment.operators if r.phase == reading.phase]
        whole = [phase.gpus]
    elif 0 <= reading.stage < phase.stage_count:
        beside = deployment.units[reading.phase or ""][reading.stage].operators
        whole = [phase.stage_gpus(reading.stage), *phase.replica_stage_gpus(reading.stage)]
    else:
        return None
    named = union(r.gpus for r in beside if r.own_gpus and r.gpus)
    if named in whole:
        return named
    certain = writers.context.file.layout_certain and not phase.assumed
    return whole[0] if certain and named <= whole[0] and reading.stage is not None else None


def stage_gpus(writers: Writers, finding: Finding) -> Fix | str:
    """D003: move a stage to the GPUs of the layout, every operator to the same part of them.

    A stage that is on those GPUs now, and has to move too, moves with it.
    """
    from dotlint.checks.devices import expected_gpus, placed_units  # noqa: PLC0415 - imports this room

    unit, phase = _unit(writers, finding)
    placed = placed_units(writers.context, unit.phase)
    drawn = {s: gpus for s, (_, gpus) in placed.items()}
    if unit.stage not in drawn or unit.stage >= phase.stage_count:
        return "the strategy has no such stage"
    expected = {s: expected_gpus(phase, s, drawn) for s in drawn if 0 <= s < phase.stage_count}
    moving = [unit.stage]
    for stage in moving:
        for other, gpus in drawn.items():
            if other not in moving and not gpus.isdisjoint(expected[stage]):
                if expected.get(other, gpus) == gpus:
                    return f"{writers.deployment.unit_title(unit.phase, other)} is on GPUs {gpus.short()}"
                moving.append(other)
    edits: list[Edit] = []
    for stage in moving:
        moved = _stage_edits(writers, placed[stage][0], phase, drawn[stage], expected[stage])
        if isinstance(moved, str):
            return moved
        edits += moved
    return Fix("unsafe", _ordered(edits)) if edits else "the labels do not name the GPUs"


def _stage_edits(writers: Writers, unit: Unit, phase: Phase, whole: GpuSet, expected: GpuSet) -> list[Edit] | str:
    if unit.stated != whole and any(reading.stage_from_gpus for reading in unit.operators):
        return "nothing but their GPUs tells which operators are the stage's"
    resized = len(whole) != len(expected)
    if not any(reading.gpus == whole and (reading.own_gpus or not resized) for reading in unit.operators):
        return "no operator is on all of its GPUs: a part of them may be another stage's"
    move = _Move(phase, whole, expected)
    edits: list[Edit] = []
    for reading in (*unit.operators, *unit.headers, *_around(writers, unit, whole)):
        said = reading.evidence.gpus
        if said is not None and said.ids == expected and reading.annotation:
            continue
        if reading.own_gpus and (said is None or (resized and _names_gpu(reading))):
            return f"the name of `{reading.name}` says its GPU"
        if said is None or said.ids is None or said.transfer:
            continue
        moved = move.of(said.ids)
        edit = writers.gpus.set(reading, moved) if moved else None
        if moved is None or (edit is None and moved != said.ids):
            return f"where `{reading.name}` belongs is not certain"
        edits += [edit] if edit else []
    for attribute, ids in _cluster_labels(unit):
        if ids == expected:
            continue
        moved, label = move.of(ids), taken_apart(attribute)
        new = with_ids(label, moved) if moved and label else None
        if new is None:
            return "the label of the cluster names other GPUs"
        edits.append(Edit(attribute.value.start, attribute.value.end, new.raw()))
    return edits


def _around(writers: Writers, unit: Unit, whole: GpuSet) -> list[Reading]:
    """Give operators of no known stage that are on all GPUs of the stage and joined to it: they move with it."""
    inside = {reading.node.index for reading in unit.operators}
    return [
        r
        for r in writers.deployment.operators
        if r.stage is None
        and r.own_gpus
        and r.gpus == whole
        and any(n.index in inside for e in (*r.node.in_edges, *r.node.out_edges) for n in (e.tail, e.head))
    ]


def _names_gpu(reading: Reading) -> bool:
    return any(word in {"gpu", "gpus", "device", "rank"} for word in reading.evidence.name.words)


class _Move:
    """From the GPUs of a stage to those of the layout: in order, or part for part as degrees divide them."""

    def __init__(self, phase: Phase, before: GpuSet, after: GpuSet) -> None:
        degrees = phase.degrees
        self.before, self.after = before, after
        self._ranks = {gpu: rank for rank, gpu in enumerate(before)}
        axes = {degrees.tp, degrees.ep, degrees.sp, degrees.cp, degrees.dp, degrees.etp}
        self._parts = {1} | axes | {one * two for one in axes for two in axes}

    def of(self, gpus: GpuSet) -> GpuSet | None:
        """Give the GPUs at the same place, None where that is not certain."""
        old, new = len(self.before), len(self.after)
        if not gpus <= self.before:
            return None
        if old == new:
            return self.after.pick(GpuSet.of(self._ranks[gpu] for gpu in gpus))
        if old % len(gpus) or old // len(gpus) not in self._parts or new % (old // len(gpus)):
            return None
        ranks = sorted(self._ranks[gpu] for gpu in gpus)
        size = len(ranks) * new // old
        if ranks != list(range(ranks[0], ranks[0] + len(ranks))) or ranks[0] % len(ranks):
            return None
        return self.after.pick(GpuSet.span(ranks[0] // len(ranks) * size, size))


def _unit(writers: Writers, finding: Finding) -> tuple[Unit, Phase]:
    deployment = writers.deployment
    return next(
        (unit, phase)
        for name, units in deployment.units.items()
        if (phase := writers.context.phase(name)) is not None
        for stage, unit in units.items()
        if deployment.unit_title(name, stage) == finding.unit
    )


def _cluster_labels(unit: Unit) -> Iterator[tuple[Attribute, GpuSet]]:
    """Give the labels of the stage's own clusters that name GPUs."""
    inside = {r.name for r in unit.operators + unit.headers}
    seen: set[int] = set()
    for reading in unit.operators:
        for inner in reading.node.subgraphs:
            for subgraph in (inner, *inner.ancestors):
                if subgraph.index in seen or not inside >= subgraph.nodes.keys():
                    continue
                seen.add(subgraph.index)
                attribute = label_of_block(subgraph.statements)
                ids = _ids(subgraph.own_attributes.get("label", ""))
                if attribute is not None and ids is not None:
                    yield attribute, ids


def _ids(label: str) -> GpuSet | None:
    said = read_gpus(label_lines(label)) if GPU_IDS.search(label) else None
    return said.ids if said else None


def label_of_block(blocks: Sequence[Block | GraphBlock]) -> Attribute | None:
    """Give the place where the label of a graph or subgraph is set, in a statement of its body; the last one."""
    found: Attribute | None = None
    for block in blocks:
        for statement in block.body:
            if isinstance(statement, Assignment) or (
                isinstance(statement, DefaultsStatement) and statement.target == "graph"
            ):
                found = next((a for a in statement.attributes if a.name.value == "label"), found)
    return found


def shard_gpus(writers: Writers, finding: Finding) -> Fix | str:
    """D005: divide the unit's GPUs into equal parts, in the order of the shards."""
    members = sorted(_named(writers, finding), key=lambda r: r.evidence.name.numbers)
    phase = writers.context.phase(members[0].phase)
    assert phase is not None
    guess = GpuGuess(writers.deployment)
    if members[0].stage is None:
        whole: GpuSet | None = phase.gpus
    else:
        whole = guess.unit_gpus(members[0], aside=members) or guess.unit_gpus(members[0])
    if whole is None or len(whole) % len(members):
        return f"its GPUs cannot be divided into {len(members)} equal parts"
    parts = _parts(phase, members[0].stage or 0, whole, len(members))
    edits: list[Edit] = []
    for reading, gpus in zip(members, parts, strict=True):
        if reading.gpus == gpus:
            continue
        edit = writers.gpus.set(reading, gpus)
        if edit is None:
            return f"`{reading.name}` does not name its GPUs in one place"
        edits.append(edit)
    disjoint = sum(len(r.gpus or ()) for r in members) == len(union(r.gpus for r in members if r.gpus))
    if len(edits) == len(members) and not disjoint:
        return "none of the shards is where an equal division would have it"
    return Fix("unsafe", _ordered(edits)) if edits else "the parts are equal"


def _parts(phase: Phase, stage: int, whole: GpuSet, number: int) -> Sequence[GpuSet]:
    for sequence in (False, True):
        declared = phase.shards(stage, sequence=sequence) if stage < phase.stage_count else None
        if declared and declared.slices and declared.parts == number and union(declared.slices) == whole:
            return declared.slices
    size = len(whole) // number
    return [whole.pick(GpuSet.span(index * size, size)) for index in range(number)]


def collective_gpus(writers: Writers, finding: Finding) -> Fix | str:
    """C005: name the GPUs of all that meet in a collective.

    Safe where it names none or some of them; where it names others, either side may be wrong.
    """
    from dotlint.checks.transfers import joined_gpus  # noqa: PLC0415 - imports this room

    edits: list[Edit] = []
    safe = True
    why = "the labels do not show how GPUs are written in a line of their own"
    deployment = writers.deployment
    for reading in _named(writers, finding):
        joined = joined_gpus(writers.context, reading)
        assert joined is not None
        near = [deployment.by_name[name] for name in writers.context.wiring.ins[reading.name]]
        if reading.evidence.gpus is None:
            edit = writers.gpus.added(reading, joined, near)
        else:
            edit = writers.gpus.set(reading, joined)
            why = f"`{reading.name}` does not name its GPUs in one place"
            safe = safe and reading.gpus is not None and reading.gpus <= joined
        edits += [edit] if edit else []
    if not edits:
        return why
    return Fix("safe" if safe else "unsafe", _ordered(edits))


def _ordered(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    return tuple(sorted(dict.fromkeys(edits), key=lambda edit: edit.start))
