"""D006 and D008: phases that use a different number of GPUs than declared, and ids past the last GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.checks.devices.placed import coverage, crosses, numbered_locally, other_model, placed_units
from dotlint.deployment.model import Stage
from dotlint.deployment.unit import phase_unit
from dotlint.engine.finding import Holds
from dotlint.strategy.gpus import GpuSet, union
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.strategy import Phase


def _whole_phase(context: GraphContext, name: str) -> dict[int, tuple[Stage, GpuSet]]:
    """Return a phase of one stage with its GPUs, if it is drawn completely and most of its operators name GPUs."""
    deployment = context.deployment
    operators = [r for r in deployment.operators if r.phase == name and r.kind not in {"io", None}]
    inside = [r for r in operators if not crosses(deployment, r)]
    placed = [r for r in inside if r.gpus and r.own_gpus]
    if any(r.summary for r in inside) or len(placed) * 5 < len(inside) * 4 or not placed or context.abridged.parts:
        return {}
    return {0: (Stage(name, 0, placed), union(r.gpus for r in placed if r.gpus))}


def gpu_totals(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report phases that use a different number of GPUs than declared, or whose header contradicts an assumption."""
    deployment = context.deployment
    for name in deployment.phases:
        phase = context.phase(name)
        if phase is None:
            continue
        units = placed_units(context, name)
        if phase.assumed:
            yield from _assumed_total(context, card, phase, units)
            continue
        if not units and phase.stage_count == 1 and context.file.layout_certain:
            units = _whole_phase(context, name)
        if not units or len(units) < phase.stage_count or numbered_locally(units) or not context.file.layout_certain:
            continue
        whole = union(gpus for _, gpus in units.values())
        whole |= union(
            r.gpus
            for r in deployment.operators
            if r.phase == name and r.stage is None and r.gpus and not crosses(deployment, r)
        )
        replica = phase.total // max(1, phase.degrees.dp)
        if len(whole) in (phase.total, replica):
            prefix = f"{name} " if len(deployment.phases) > 1 else ""
            what = "in total, as declared" if len(whole) == phase.total else f"in one of {phase.degrees.dp} replicas"
            yield Holds("gpus", "total", f"{prefix}{count(len(whole), 'GPU')} {what}{coverage(units)}")
            continue
        if other_model(phase, units) is not None:
            continue  # the rule about the GPUs of stages reports the other layout model
        nodes = [r for unit, _ in units.values() for r in unit.headers + unit.operators]
        start, end = grouping.of_nodes(nodes, context.graph)
        yield card.finding(
            f"{name or 'the graph'} uses {count(len(whole), 'GPU')} ({whole.short()}), but the strategy has {phase.total}",
            start,
            end,
            about=phase_unit(name),
            graph=context.graph.index,
            help="name the GPUs of every stage, or declare the strategy that the graph shows",
        )


def _assumed_total(
    context: GraphContext, card: Card, phase: Phase, units: dict[int, tuple[Stage, GpuSet]]
) -> Iterator[Outcome]:
    for declaration in context.file.declarations:
        if (
            declaration.phase != phase.name
            or declaration.gpus in (None, phase.total)
            or declaration.graph not in (None, context.graph.index)
        ):
            continue
        stated = declaration.gpus
        message = f"{declaration.where} states {stated} GPUs for {phase.name}, which is not declared and assumed to use the {phase.total} of prefill"
        note = None
        if units and stated and stated % phase.stage_count == 0:
            stage, (_, gpus) = next(iter(units.items()))
            each = stated // phase.stage_count
            if len(gpus) != each:
                note = (
                    f"{context.deployment.unit(phase.name, stage)} uses {count(len(gpus), 'GPU')} ({gpus.short()}), "
                    f"but {stated} GPUs divided by PP={phase.stage_count} is {each}"
                )
        yield card.finding(
            message,
            declaration.start,
            declaration.end,
            outcome="assumed",
            about=phase_unit(phase.name),
            graph=context.graph.index,
            note=note,
            help=f"declare the phase, for example with `--strategy '{phase.name}={phase.degrees}@...'`",
        )


def gpus_out_of_range(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report ids past the last GPU of the strategy."""
    strategy = context.strategy
    if strategy is None or not context.file.layout_certain:
        return
    elsewhere = context.file.part.others if context.file.part else ()
    last = max(phase.gpus.last for phase in (*strategy.phases, *(p for p in elsewhere if p.own_gpus)))
    beyond = grouping.remaining_nodes(
        context, card, [r for r in context.deployment.operators if r.gpus and r.gpus.last > last]
    )
    for title, some in grouping.units(context.deployment, beyond).items():
        gpus = union(r.gpus for r in some if r.gpus)
        over = gpus - GpuSet.span(0, last + 1)
        what = (
            f"`{some[0].name}` is" if len(some) == 1 else f"{count(len(some), 'operator')}{grouping.of_unit(title)} are"
        )
        yield grouping.nodes_finding(
            context,
            card,
            title,
            some,
            f"{what} on GPUs {over.short()}, but the last GPU of the strategy is {last}",
            help=f"use global ids from 0 to {last}, or declare more GPUs",
        )
