"""D004: stages that share GPUs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks import grouping as places
from dotlint.checks.devices.placed import numbered_locally, placed_units
from dotlint.checks.grouping import count, names
from dotlint.deployment.unit import phase_unit
from dotlint.engine.finding import Holds, Related
from dotlint.strategy.gpus import union

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.strategy.gpus import GpuSet


def gpu_overlaps(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Stages of one phase that share some, but not all, of their GPUs."""
    deployment = context.deployment
    for name in deployment.phases:
        units = placed_units(context, name)
        if numbered_locally(units):
            continue
        found = False
        meeting = _meeting({gpus for _, gpus in units.values()})
        owners: dict[GpuSet, list[int]] = defaultdict(list)
        for stage, (unit, gpus) in units.items():
            for other in sorted(other for theirs in meeting[gpus] for other in owners[theirs]):
                before, theirs = units[other]
                shared = gpus & theirs
                found = True
                start, end = places.of_nodes(unit.headers + unit.operators, context.graph)
                one, two = deployment.unit(name, other), deployment.unit(name, stage)
                guilty = [r for r in unit.operators if r.gpus and r.gpus & theirs]
                yield card.finding(
                    f"{one} and {two} share GPUs {shared}",
                    start,
                    end,
                    nodes=names(guilty),
                    related=(Related(str(one), *places.of_nodes(before.headers + before.operators, context.graph)),),
                    about=two,
                    graph=context.graph.index,
                    help="each stage has GPUs of its own",
                )
            owners[gpus].append(stage)
        for straddling in _straddling(context, card, name):
            found = True
            yield straddling
        if not found and len(units) > 1:
            prefix = f"{name}: " if len(deployment.phases) > 1 else ""
            yield Holds("gpus", "stages apart", f"{prefix}no GPU belongs to two stages")


def _meeting(sets: Iterable[GpuSet]) -> dict[GpuSet, set[GpuSet]]:
    """Give for each of these sets the others that share a GPU with it, by one pass over all runs."""
    found: dict[GpuSet, set[GpuSet]] = defaultdict(set)
    begun: list[tuple[int, GpuSet]] = []
    for start, stop, gpus in sorted(
        ((start, stop, s) for s in sets for start, stop in s.runs), key=lambda run: run[:2]
    ):
        begun = [(end, other) for end, other in begun if end > start]
        for _, other in begun:
            found[gpus].add(other)
            found[other].add(gpus)
        begun.append((stop, gpus))
    return found


def _straddling(context: GraphContext, card: Card, name: str) -> Iterator[Outcome]:
    """Operators that no stage owns because they are on a part of one stage's GPUs and on a part of the next one's."""
    phase = context.phase(name)
    if phase is None or phase.assumed or not context.file.layout_certain or phase.degrees.dp > 1:
        return
    stages = phase.stages if phase.stage_count > 1 else ()
    touched: dict[str, list[int]] = {}
    guilty: list[Reading] = []
    for reading in context.deployment.operators:
        if reading.phase != name or reading.stage is not None or reading.kind not in {"computation", "routing"}:
            continue
        gpus = reading.gpus if reading.own_gpus and reading.gpus else None
        parts = [s for s, own in enumerate(stages) if gpus and gpus & own]
        if (
            gpus
            and len(parts) == 2
            and gpus <= union(stages[s] for s in parts)
            and not any(stages[s] <= gpus for s in parts)
        ):
            touched[reading.name] = parts
            guilty.append(reading)
    guilty = places.remaining_nodes(context, card, guilty)
    if guilty:
        first = guilty[0]
        one, two = (context.deployment.unit(name, s) for s in touched[first.name])
        more = "" if len(guilty) == 1 else f", and {count(len(guilty) - 1, 'more operator')} like it"
        yield card.finding(
            f"`{first.name}` is on GPUs {first.gpus.short() if first.gpus else ''}, a part of {one} and a part of {two}{more}",
            *places.of_node(first.node),
            nodes=names(guilty),
            locations=places.at_nodes(guilty),
            about=phase_unit(name),
            graph=context.graph.index,
            help="place each operator on GPUs of one stage",
        )
