"""D004: stages that share GPUs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.checks.copies import ANY, copies
from dotlint.checks.devices.placed import copies_of, coverage, is_transfer, numbered_locally, placed_units
from dotlint.checks.grouping import names
from dotlint.deployment.unit import phase_unit
from dotlint.engine.finding import Holds, Related
from dotlint.strategy.gpus import GpuSet, union
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.checks.copies import Copy
    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome


def gpu_overlaps(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report stages of one phase that share some, but not all, of their GPUs."""
    deployment = context.deployment
    copy_of = deployment.derived(copies)
    for name in deployment.phases:
        units = placed_units(context, name)
        if numbered_locally(units):
            continue
        found = False
        # A replica or micro-batch has its own pipeline: only stages of the same one can take GPUs from each other.
        sets = {stage: copies_of(unit, gpus, copy_of) for stage, (unit, gpus) in units.items()}
        apart = len({frozenset(parts) for parts in sets.values()}) == 1 and all(
            len(parts) > 1 for parts in sets.values()
        )
        if not apart:
            sets = {stage: {ANY: gpus} for stage, (_, gpus) in units.items()}
        overlapping = _overlapping({gpus for parts in sets.values() for gpus in parts.values()})
        owners: dict[tuple[Copy, GpuSet], list[int]] = defaultdict(list)
        for stage, (unit, _) in units.items():
            shared: dict[int, GpuSet] = {}
            for copy, gpus in sets[stage].items():
                for theirs in overlapping[gpus] | ({gpus} if apart else set()):
                    for other in owners[copy, theirs]:
                        shared[other] = shared.get(other, GpuSet()) | (gpus & theirs)
            for other, common in sorted(shared.items(), key=lambda item: item[0]):
                before = units[other][0]
                found = True
                start, end = grouping.of_nodes(unit.headers + unit.operators, context.graph)
                one, two = deployment.unit(name, other), deployment.unit(name, stage)
                guilty = [r for r in unit.operators if r.gpus and r.gpus & common and not is_transfer(r)]
                yield card.finding(
                    f"{one} and {two} share GPUs {common}",
                    start,
                    end,
                    nodes=names(guilty),
                    related=(Related(str(one), *grouping.of_nodes(before.headers + before.operators, context.graph)),),
                    about=two,
                    graph=context.graph.index,
                    help="give each stage its own GPUs",
                )
            for copy, gpus in sets[stage].items():
                owners[copy, gpus].append(stage)
        for straddling in _straddling(context, card, name):
            found = True
            yield straddling
        vague = any(
            r.evidence.gpus and r.evidence.gpus.vague and r.kind != "io" for u, _ in units.values() for r in u.operators
        )
        if not found and not vague and len(units) > 1:
            prefix = f"{name}: " if len(deployment.phases) > 1 else ""
            yield Holds("gpus", "stages apart", f"{prefix}no GPU belongs to several stages{coverage(units)}")


def _overlapping(sets: Iterable[GpuSet]) -> dict[GpuSet, set[GpuSet]]:
    """Return for each set the others that share a GPU with it, in one pass over all runs of ids."""
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
    """Report operators that belong to no stage because they are on parts of the GPUs of two stages."""
    phase = context.phase(name)
    certain = context.file.layout_certain and context.follows_layout
    if phase is None or phase.assumed or not certain or phase.degrees.dp > 1:
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
    guilty = grouping.remaining_nodes(context, card, guilty)
    if guilty:
        first = guilty[0]
        one, two = (context.deployment.unit(name, s) for s in touched[first.name])
        more = "" if len(guilty) == 1 else f"; also {count(len(guilty) - 1, 'more operator')}"
        yield grouping.nodes_finding(
            context,
            card,
            phase_unit(name),
            guilty,
            f"`{first.name}` is on GPUs {first.gpus.short() if first.gpus else ''}, which belong partly to {one} and partly to {two}{more}",
            help="place each operator on the GPUs of one stage",
        )
