"""What has to be written where a phase lacks stages: operators, their edges, and the links between stages."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dotlint.deployment.words import parse_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dotlint.deployment.model import Deployment, Reading, Unit
    from dotlint.strategy.gpus import GpuSet

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class StagePlan:
    """One stage to be written: `copies` are (template node, new name) in the template's order.

    `inner` are its own edges, `entering` those from the stage before, `leaving` those to the phase's output.
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


def stage_position(reading: Reading, unit: Unit, deployment: Deployment) -> int | None:
    """Which number of the node's name is its stage's; None where the name does not have it.

    A number that differs between nodes of the family inside the unit is a shard's or an expert's; a word such as
    `stage` before it settles it.
    """
    name = reading.evidence.name
    number = deployment.stage_number(unit.stage)
    family = [r.evidence.name.numbers for r in unit.operators + unit.headers if r.evidence.name.family == name.family]
    fits = [
        i
        for i, value in enumerate(name.numbers)
        if value == number and len({numbers[i] for numbers in family}) == 1
    ]
    said = [i for i in fits if name.words[i] in {"stage", "pp", "s"}]
    return said[0] if said else fits[0] if fits else None


def renumber(text: str, position: int | None, number: int) -> str:
    """Give the name with its `position`-th number changed; a name without that number gets it at its end."""
    if position is None:
        return f"{text}_{number}"
    name = parse_name(text)
    values = [str(value) for value in name.numbers]
    values[position] = str(number)
    pieces = name.family.split("#")
    return "".join(piece + value for piece, value in zip(pieces, [*values, ""], strict=True))


def plan_stages(
    deployment: Deployment, phase: str, wanted: int, gpus: Mapping[int, GpuSet]
) -> list[StagePlan]:
    """Plan the stages that a phase of `wanted` stages lacks; empty where none is drawn that could teach the others."""
    units = deployment.units.get(phase, {})
    drawn = {stage: unit for stage, unit in units.items() if unit.operators and 0 <= stage < wanted}
    lacking = [stage for stage in range(wanted) if stage not in drawn]
    if not drawn or not lacking:
        return []
    template = max(drawn.values(), key=lambda unit: (len(_inner(unit)), len(unit.operators), -unit.stage))
    if not _inner(template):
        return []
    output = _output(deployment, phase)
    taken = set(deployment.by_name)
    names: dict[int, dict[str, str]] = {template.stage: {r.name: r.name for r in template.operators}}
    for stage in lacking:
        names[stage] = {}
        for reading in template.operators:
            name = renumber(reading.name, stage_position(reading, template, deployment), deployment.stage_number(stage))
            while name in taken:
                name += "_new"
            taken.add(name)
            names[stage][reading.name] = name
    entries, exits = _entries(template), _exits(template)
    plans: list[StagePlan] = []
    for stage in lacking:
        own = names[stage]
        before: list[str] = []
        if stage - 1 in names:
            before = [names[stage - 1][name] for name in exits]
        elif stage - 1 in drawn:
            before = _exits(drawn[stage - 1])
        after = _entries(drawn[stage + 1]) if stage + 1 in drawn else []
        leaving = [(own[name], head) for name in exits for head in after]
        new_output = None
        if stage == wanted - 1:
            if output is None:
                new_output = output = _new_output_name(deployment, phase, taken)
            leaving += [(own[name], output) for name in exits]
        plans.append(
            StagePlan(
                phase=phase,
                stage=stage,
                template=template,
                gpus=gpus.get(stage),
                copies=tuple((r, own[r.name]) for r in template.operators),
                headers=tuple(
                    (r, renumber(r.name, stage_position(r, template, deployment), deployment.stage_number(stage)))
                    for r in template.headers
                ),
                inner=tuple((own[tail], own[head]) for tail, head in _inner(template)),
                entering=tuple((tail, own[head]) for tail in before for head in entries),
                leaving=tuple(leaving),
                new_output=new_output,
            )
        )
    return plans


def _inner(unit: Unit) -> list[Pair]:
    inside = {reading.name for reading in unit.operators}
    edges = [edge for reading in unit.operators for edge in reading.node.out_edges if edge.head.name in inside]
    return [(edge.tail.name, edge.head.name) for edge in sorted(edges, key=lambda edge: edge.index)]


def _ends(unit: Unit) -> tuple[set[str], set[str]]:
    tails, heads = set(), set()
    for tail, head in _inner(unit):
        tails.add(tail)
        heads.add(head)
    return tails, heads


def _entries(unit: Unit) -> list[str]:
    tails, heads = _ends(unit)
    return [r.name for r in unit.operators if r.name in tails and r.name not in heads]


def _exits(unit: Unit) -> list[str]:
    tails, heads = _ends(unit)
    return [r.name for r in unit.operators if r.name in heads and r.name not in tails]


def _output(deployment: Deployment, phase: str) -> str | None:
    found = [r for r in deployment.operators if r.phase == phase and r.stage is None and r.is_role("output")]
    return found[0].name if found else None


def _new_output_name(deployment: Deployment, phase: str, taken: Iterable[str]) -> str:
    """Name the output after that of another phase (`final_output` gives `decode_final_output`)."""
    others = [r.name for r in deployment.operators if r.phase != phase and r.stage is None and r.is_role("output")]
    base = others[0] if others else "final_output"
    name = f"{phase}_{base}" if phase else base
    counts: defaultdict[str, int] = defaultdict(int)
    while name in taken:
        counts[base] += 1
        name = f"{phase}_{base}_{counts[base]}"
    return name
