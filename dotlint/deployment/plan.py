"""What has to be written where a phase lacks stages: operators, their edges, and the links between stages."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.shift import Shift, ShiftError, mapped, spelled
from dotlint.deployment.words import number_spans
from dotlint.strategy.gpus import union

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dotlint.deployment.model import Deployment, Reading, Unit
    from dotlint.strategy.gpus import GpuSet

Pair = tuple[str, str]
# What stands at an end of the model and is in no other stage.
_MODEL_ENDS = ("input", "embedding", "head", "sampling")


class StagePlan(Struct, frozen=True):
    """One stage to be written: `copies` are (template node, new name) in the template's order.

    `inner` are its own edges, `entering` those from the stage before, `leaving` those to the phase's output. `shift`
    moves what the template's names and labels say; None where that is not certain.
    """

    phase: str
    stage: int
    template: Unit
    gpus: GpuSet | None
    copies: tuple[tuple[Reading, str], ...]
    headers: tuple[tuple[Reading, str], ...]
    inner: tuple[Pair, ...]
    entering: tuple[Pair, ...]
    leaving: tuple[Pair, ...]
    new_output: str | None
    shift: Shift | None = None


def stage_position(reading: Reading, unit: Unit, deployment: Deployment) -> int | None:
    """Which number of the node's name is its stage's; None where the name does not have it.

    A number that differs between nodes of the family inside the unit is a shard's or an expert's; a word such as
    `stage` before it settles it.
    """
    name = reading.evidence.name
    number = deployment.stage_number(unit.stage)
    family = [r.evidence.name.numbers for r in unit.operators + unit.headers if r.evidence.name.family == name.family]
    fits = [
        i for i, value in enumerate(name.numbers) if value == number and len({numbers[i] for numbers in family}) == 1
    ]
    said = [i for i in fits if name.words[i] in {"stage", "pp", "s"}]
    return said[0] if said else fits[0] if fits else None


def renumber(text: str, position: int | None, number: int, shift: Shift | None = None) -> str:
    """Give the name with its `position`-th number changed, and its layer and GPUs moved along.

    A name that stays as it was gets the number at its end.
    """
    if shift is not None:
        name = shift.name(text, position)
    else:
        values = [int(text[start:end]) for start, end in number_spans(text)]
        if position is not None:
            values[position] = number
        name = spelled(text, values)
    return f"{text}_{number}" if name == text else name


def plan_stages(deployment: Deployment, phase: str, wanted: int, gpus: Mapping[int, GpuSet]) -> list[StagePlan]:
    """Plan the stages that a phase of `wanted` stages lacks; empty where none is drawn that could teach the others."""
    units = deployment.units.get(phase, {})
    drawn = {stage: unit for stage, unit in units.items() if unit.operators and 0 <= stage < wanted}
    lacking = [stage for stage in range(wanted) if stage not in drawn]
    if not drawn or not lacking:
        return []
    template = max(drawn.values(), key=lambda unit: _completeness(unit, drawn.values()))
    if not _inner(template):
        return []
    output = _output(deployment, phase)
    taken = set(deployment.by_name)
    copied = _repeated(template, drawn.values())
    names: dict[int, dict[str, str]] = {template.stage: {r.name: r.name for r in copied}}
    shifts = {stage: _shift(deployment, template, stage, gpus) for stage in lacking}
    for stage in lacking:
        names[stage] = {}
        for reading in copied:
            position = stage_position(reading, template, deployment)
            name = renumber(reading.name, position, deployment.stage_number(stage), shifts[stage])
            while name in taken:
                name += "_new"
            taken.add(name)
            names[stage][reading.name] = name
    inner = [pair for pair in _inner(template) if pair[0] in names[template.stage] and pair[1] in names[template.stage]]
    entries, exits = _first_and_last(copied, inner)
    plans: list[StagePlan] = []
    for stage in lacking:
        own = names[stage]
        before: list[str] = []
        if stage - 1 in shifts:
            before = [names[stage - 1][name] for name in exits]
        elif stage - 1 in drawn:
            before = _first_and_last(drawn[stage - 1].operators, _inner(drawn[stage - 1]))[1]
        after = _first_and_last(drawn[stage + 1].operators, _inner(drawn[stage + 1]))[0] if stage + 1 in drawn else []
        leaving = [(own[name], head) for name in exits for head in after]
        new_output = None
        if stage == wanted - 1:
            if output is None:
                new_output = output = _new_output_name(deployment, phase, taken)
            leaving += [(own[name], output) for name in exits]
        headers = [] if stage in units and units[stage].headers else template.headers
        plans.append(
            StagePlan(
                phase=phase,
                stage=stage,
                template=template,
                gpus=gpus.get(stage),
                copies=tuple((r, own[r.name]) for r in copied),
                headers=tuple(
                    (
                        r,
                        renumber(
                            r.name,
                            stage_position(r, template, deployment),
                            deployment.stage_number(stage),
                            shifts[stage],
                        ),
                    )
                    for r in headers
                ),
                inner=tuple((own[tail], own[head]) for tail, head in inner),
                entering=tuple((tail, own[head]) for tail in before for head in entries),
                leaving=tuple(leaving),
                new_output=new_output,
                shift=shifts[stage],
            )
        )
    return plans


def _completeness(unit: Unit, drawn: Iterable[Unit]) -> tuple[int, int, int]:
    """Rank units as templates: by what every stage has; of equals the one that has least else, then the first."""
    kept = _repeated(unit, drawn)
    names = {reading.name for reading in kept}
    inner = sum(tail in names and head in names for tail, head in _inner(unit))
    return inner + len(kept), -len(unit.operators), -unit.stage


def _repeated(unit: Unit, drawn: Iterable[Unit]) -> list[Reading]:
    """Give the operators that every stage has: all but those that belong to an end of the model.

    An output is a stage's own where other stages have one too, or where it names the stage and no other is drawn.
    """
    others = [other for other in drawn if other is not unit]
    outputs = any(other.with_role("output") for other in others)
    kept = [
        reading
        for reading in unit.operators
        if not reading.is_role(*_MODEL_ENDS)
        and (not reading.is_role("output") or outputs or (not others and reading.evidence.stage is not None))
    ]
    return kept if len(kept) > 1 else unit.operators


def _shift(deployment: Deployment, template: Unit, stage: int, gpus: Mapping[int, GpuSet]) -> Shift | None:
    """How the template's labels become those of the stage; None where its GPUs cannot be told."""
    layers, step = _layers(deployment, template, stage)
    named = [r.gpus for r in template.operators if r.gpus]
    moved: dict[int, int] = {}
    if named:
        target = _gpus(deployment, template, stage, gpus)
        moved = mapped(template.stated or union(named), target) if target else {}
        if not moved:
            return None
    shift = Shift(deployment.stage_number(template.stage), deployment.stage_number(stage), layers, step, moved)
    try:
        for reading in template.operators + template.headers:
            shift.name(reading.name, None)
            shift.text(reading.node.attributes.get("label", ""))
    except ShiftError:
        return None
    return shift


def _gpus(deployment: Deployment, template: Unit, stage: int, gpus: Mapping[int, GpuSet]) -> GpuSet | None:
    """Give the stage's GPUs: as laid out where the template keeps to the layout, else as another phase's stages have them."""
    own = template.stated or union(r.gpus for r in template.operators if r.gpus)
    if gpus.get(template.stage) == own:
        return gpus.get(stage)
    for units in deployment.units.values():
        here, there = units.get(template.stage), units.get(stage)
        if here is None or there is None or here is template:
            continue
        one, two = (unit.stated or union(r.gpus for r in unit.operators if r.gpus) for unit in (here, there))
        if one == own and len(two) == len(one):
            return two
    return None


def _layers(deployment: Deployment, template: Unit, stage: int) -> tuple[tuple[int, int] | None, int]:
    """Give the template's first and last layer, and how far the stage's lie from them."""
    own = _layer_range(template)
    if own is None:
        return None, 0
    size = own[1] - own[0] + 1
    for units in deployment.units.values():
        there = _layer_range(units[stage]) if stage in units else None
        if there is not None and there[1] - there[0] + 1 == size:
            return own, there[0] - own[0]
    return own, (stage - template.stage) * size


def _layer_range(unit: Unit) -> tuple[int, int] | None:
    if unit.layers is not None:
        return unit.layers
    layers = [reading.layer for reading in unit.operators if reading.layer is not None]
    return (min(layers), max(layers)) if layers else None


def _inner(unit: Unit) -> list[Pair]:
    inside = {reading.name for reading in unit.operators}
    edges = [edge for reading in unit.operators for edge in reading.node.out_edges if edge.head.name in inside]
    return [(edge.tail.name, edge.head.name) for edge in sorted(edges, key=lambda edge: edge.index)]


def _first_and_last(operators: Iterable[Reading], inner: Iterable[Pair]) -> tuple[list[str], list[str]]:
    """Give the operators of a unit that its own edges only leave, and those that they only enter."""
    tails, heads = {tail for tail, _ in inner}, {head for _, head in inner}
    names = [reading.name for reading in operators]
    return [n for n in names if n in tails and n not in heads], [n for n in names if n in heads and n not in tails]


def _output(deployment: Deployment, phase: str) -> str | None:
    free = [r for r in deployment.operators if r.phase == phase and r.stage is None]
    found = next((r for role in ("output", "head", "sampling") for r in free if r.is_role(role)), None)
    return found.name if found else None


def _new_output_name(deployment: Deployment, phase: str, taken: Iterable[str]) -> str:
    """Name the output after that of another phase (`final_output` gives `decode_final_output`)."""
    others = [r.name for r in deployment.operators if r.phase != phase and r.stage is None and r.is_role("output")]
    base = others[0] if others else "final_output"
    name = f"{phase}{'_' if base.isidentifier() else ' '}{base}" if phase else base
    counts: defaultdict[str, int] = defaultdict(int)
    while name in taken:
        counts[base] += 1
        name = f"{phase}_{base}_{counts[base]}"
    return name
