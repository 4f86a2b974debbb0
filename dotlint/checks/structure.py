"""G: cycles, dead ends and unreachable nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.checks.grouping import names
from dotlint.deployment.terminals import (
    ends_of_chunks,
    may_be_end,
    may_be_input,
    may_be_output,
    sink_without_name,
    source_without_name,
    states_one_side,
)
from dotlint.deployment.training import ends_of_training, starts_of_training
from dotlint.deployment.unit import phase_unit
from dotlint.deployment.wiring import has_cycle
from dotlint.engine.finding import Holds, Related, Undecided
from dotlint.text.english import chain, count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome


def cycles(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report each strongly connected component of a deployment, with a shortest cycle and its busiest node.

    The parameter `everywhere` asks for graphs of any kind. Edges of a deployment that lead back on purpose do not count.
    """
    graph = context.graph
    if not graph.directed or not graph.edges:
        return
    deployed = not context.file.is_program and context.deployment.recognized
    if not deployed and not card.parameters.get("everywhere"):
        return
    found = context.cycles if has_cycle(graph) else []
    must = "a deployment must be acyclic" if deployed else "the graph must be acyclic"
    edges = {(edge.tail.name, edge.head.name): edge for edge in reversed(graph.edges)} if found else {}
    for cycle in found:
        steps = [edges[pair] for pair in zip(cycle.path, cycle.path[1:], strict=False)]
        message = f"{count(len(cycle.path) - 1, 'edge')} form a cycle: {chain(cycle.path)}"
        if len(cycle.path) == 2:
            message = f"`{cycle.path[0]}` has an edge to itself"
        note = None
        if len(cycle.members) > len(cycle.path) - 1:
            note = f"{len(cycle.members)} nodes are on cycles connected with it"
            if cycle.hub is not None:
                note += f"; without `{cycle.hub}`, {cycle.left or 'none'} would be"
        yield card.finding(
            message,
            steps[0].start,
            steps[0].end,
            nodes=cycle.members,
            path=cycle.path,
            related=tuple(Related(f"{e.tail.name} -> {e.head.name}", e.start, e.end) for e in steps[1:]),
            help=f"remove the edge: {must}"
            if len(cycle.path) == 2
            else f"reverse or remove one of these edges: {must}",
            note=note,
            graph=graph.index,
        )
    if not found:
        back = len(context.back_edges) if context.deployment.recognized else 0
        aside = f", apart from {count(back, 'edge that states', 'edges that state')} to lead back" if back else ""
        yield Holds("cycles", "cycles", f"none{aside}")


def isolated_operators(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report operators without edges, one finding per unit."""
    wiring = context.wiring
    alone = [
        r
        for r in context.deployment.operators
        if not wiring.ins[r.name] and not wiring.outs[r.name] and not _may_lack_edges(context, r)
    ]
    if alone and not context.graph.edges:
        alone = grouping.remaining_nodes(context, card, alone)
        message = f"none of the {len(alone)} operators has an edge"
        if len(alone) > 1:
            yield grouping.nodes_finding(context, card, None, alone, message, help="connect the operators")
            return
    yield from _by_unit(context, card, alone, "edges", "connect {} to the operators before and after it")


def operators_without_consumer(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report operators that have producers but no consumer and are not outputs."""
    if not context.graph.directed:
        if context.graph.edges:
            yield Undecided("connectivity", "direction", "use `digraph` (the edges of a `graph` have no direction)")
        return
    wiring, deployment = context.wiring, context.deployment
    last = sink_without_name(deployment, wiring, _stage_count(context, deployment.phases[0]))
    trained = ends_of_training(deployment, wiring) | ends_of_chunks(deployment, wiring)
    dead = [
        r
        for r in deployment.operators
        if wiring.ins[r.name]
        and not wiring.outs[r.name]
        and not may_be_output(deployment, r, _stage_count(context, r.phase))
        and not (r.name == last and not _is_before_last_stage(context, r))
        and not _may_lack_edges(context, r)
        and r.name not in trained
    ]
    if unknown := [r for r in dead if may_be_end(deployment, r) or states_one_side(deployment, r, "inputs")]:
        dead = [r for r in dead if r not in unknown]
        yield Undecided("connectivity", "outputs", "state in the labels which nodes without a consumer are outputs")
    yield from _by_unit(context, card, dead, "consumer", "add an edge to the operator that takes its output")


def operators_without_producer(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report operators that have consumers but no producer and are not inputs."""
    if not context.graph.directed:
        return
    wiring, deployment = context.wiring, context.deployment
    first = source_without_name(deployment, wiring)
    trained = starts_of_training(deployment, wiring)
    starved = [
        r
        for r in deployment.operators
        if wiring.outs[r.name]
        and not wiring.ins[r.name]
        and not may_be_input(deployment, r)
        and r.name != first
        and r.name not in trained
        and not _may_lack_edges(context, r)
    ]
    if unknown := [r for r in starved if may_be_end(deployment, r) or states_one_side(deployment, r, "outputs")]:
        starved = [r for r in starved if r not in unknown]
        yield Undecided("connectivity", "inputs", "state in the labels which nodes without a producer are inputs")
    yield from _by_unit(context, card, starved, "producer", "add an edge from the operator that produces its input")
    if not starved and not unknown and deployment.graph.edges:
        yield Holds("connectivity", "inputs", "every operator with a consumer also has a producer, except inputs")


def _may_lack_edges(context: GraphContext, reading: Reading) -> bool:
    """Return whether a statement that could not be parsed names the node, so that edges of it may be unknown."""
    loss = context.file.loss
    return loss is not None and loss.touches(reading.name)


def _stage_count(context: GraphContext, phase: str | None) -> int | None:
    """Return the number of stages of a phase as declared, else as drawn."""
    declared = context.phase(phase)
    if declared is not None:
        return declared.stage_count
    drawn = context.deployment.units.get(phase or "", {})
    return max(drawn) + 1 if drawn else None


def _is_before_last_stage(context: GraphContext, reading: Reading) -> bool:
    stages = _stage_count(context, reading.phase)
    return reading.stage is not None and stages is not None and reading.stage < stages - 1


def _by_unit(context: GraphContext, card: Card, readings: list[Reading], what: str, remedy: str) -> Iterator[Outcome]:
    for unit, some in grouping.units(context.deployment, grouping.remaining_nodes(context, card, readings)).items():
        where = grouping.of_unit(unit)
        if len(some) == 1:
            message = f"`{some[0].name}`{where if unit is None or unit.family is None else ''} has no {what}"
        else:
            message = f"{count(len(some), 'operator')}{where} have no {what}"
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            some,
            message,
            help=remedy.format("it" if len(some) == 1 else "each"),
        )


def _inputs(context: GraphContext, phase: str) -> list[Reading]:
    deployment, wiring = context.deployment, context.wiring
    inside = [r for r in deployment.operators if r.phase == phase]
    found = [r for r in inside if may_be_input(deployment, r) and r.is_role("input")]
    found = found or [
        r for r in inside if may_be_input(deployment, r) and wiring.outs[r.name] and not wiring.ins[r.name]
    ]
    found = found or [r for r in inside if _connects_phases(context, r, wiring.ins)]
    return found or [r for r in inside if wiring.outs[r.name] and not wiring.ins[r.name]]


def _connects_phases(context: GraphContext, reading: Reading, neighbors: dict[str, list[str]]) -> bool:
    """Return whether an edge connects the node to another phase, which makes it an output of one phase or an input."""
    by_name = context.deployment.by_name
    return any((other := by_name.get(name)) and other.phase != reading.phase for name in neighbors[reading.name])


def _outputs(context: GraphContext, phase: str) -> list[Reading]:
    deployment, wiring = context.deployment, context.wiring
    inside = [r for r in deployment.operators if r.phase == phase]
    stages = _stage_count(context, phase)
    able = [r for r in inside if may_be_output(deployment, r, stages)]
    # A node named `output` is an output even if its label describes what it computes.
    found = [r for r in able if r.is_role("output")] or [
        r for r in able if r.layer is None and not r.evidence.name.numbers
    ]
    if found:
        return found
    sinks = [r for r in inside if _connects_phases(context, r, wiring.outs)]
    sinks = sinks or [r for r in inside if wiring.ins[r.name] and not wiring.outs[r.name]]
    trained = ends_of_training(deployment, wiring)
    return [r for r in sinks if r.name in trained or not _is_before_last_stage(context, r)]


def unreachable_outputs(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report phases in which no path leads from an input to an output."""
    if not context.graph.directed:
        return
    wiring = context.wiring
    reached = 0
    for phase in context.deployment.phases:
        inputs, outputs = _inputs(context, phase), _outputs(context, phase)
        if not inputs or not outputs:
            continue
        reach = wiring.reach(names(inputs))
        if any(r.name in reach for r in outputs):
            reached += 1
            continue
        last = outputs[-1]
        start, end = grouping.of_node(last.node)
        where = f" of {phase}" if len(context.deployment.phases) > 1 else ""
        yield card.finding(
            f"no path leads from `{inputs[0].name}` to `{last.name}`{where}",
            start,
            end,
            nodes=(inputs[0].name, last.name),
            related=(Related("the input", *grouping.of_node(inputs[0].node)),),
            about=phase_unit(phase),
            graph=context.graph.index,
            help="add the missing edges between them",
        )
    if reached and reached == len(context.deployment.phases):
        yield Holds("connectivity", "reachability", "in every phase a path leads from an input to an output")


def phases_without_input(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report phases that have edges but no possible input node."""
    yield from _without_end(context, card, "input")


def phases_without_output(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report phases that have edges but no possible output node."""
    yield from _without_end(context, card, "output")


def _without_end(context: GraphContext, card: Card, what: str) -> Iterator[Outcome]:
    find = _inputs if what == "input" else _outputs
    for phase in context.deployment.phases:
        inside = [r for r in context.deployment.operators if r.phase == phase]
        if not any(r.node.out_edges or r.node.in_edges for r in inside) or find(context, phase):
            continue
        if what == "output" and any(plan.new_output for plan in context.planned.get(phase, ())):
            continue
        on_cycles = {name for cycle in context.cycles for name in cycle.members}
        if all(r.name in on_cycles for r in inside):
            continue  # where all edges lead around, nothing can be first or last, and the cycle is what is wrong
        start, end = grouping.of_nodes(inside, context.graph)
        name = phase or "the graph"
        yield card.finding(
            f"{name} has no {what} node",
            start,
            end,
            about=phase_unit(phase),
            graph=context.graph.index,
            help=f"add an {what} node and connect it",
        )
