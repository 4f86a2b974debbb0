"""G: cycles, dead ends, and nodes that nothing reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks import grouping as places
from dotlint.checks.grouping import count, names
from dotlint.deployment.terminals import may_be_input, may_be_output, only_sink, only_source
from dotlint.deployment.unit import phase_unit
from dotlint.deployment.wiring import Wiring, has_cycle
from dotlint.engine.finding import Holds, Related, Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome


def cycles(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Each strongly connected component of a directed graph, with a shortest cycle and its busiest node."""
    graph = context.graph
    if not graph.directed:
        return
    found = Wiring(graph).cycles() if has_cycle(graph) else []
    edges = {(edge.tail.name, edge.head.name): edge for edge in reversed(graph.edges)} if found else {}
    for cycle in found:
        steps = [edges[pair] for pair in zip(cycle.path, cycle.path[1:], strict=False)]
        message = f"{count(len(cycle.path) - 1, 'edge')} form a cycle: {places.chain(cycle.path)}"
        if len(cycle.path) == 2:
            message = f"`{cycle.path[0]}` has an edge to itself"
        note = None
        if len(cycle.members) > len(cycle.path) - 1:
            note = f"{len(cycle.members)} nodes lie on cycles with it"
            if cycle.hub is not None:
                note += f"; without `{cycle.hub}` {_left(cycle.left)} would"
        yield card.finding(
            message,
            steps[0].start,
            steps[0].end,
            nodes=cycle.members,
            path=cycle.path,
            related=tuple(Related(f"{e.tail.name} -> {e.head.name}", e.start, e.end) for e in steps[1:]),
            help="remove it; a deployment is a directed acyclic graph"
            if len(cycle.path) == 2
            else "turn or remove one of these edges; a deployment is a directed acyclic graph",
            note=note,
            graph=graph.index,
        )
    if not found and graph.edges:
        yield Holds("cycles", "cycles", "none")


def _left(number: int) -> str:
    return "none" if not number else str(number)


def isolated_operators(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Operators that no edge touches, one finding a unit."""
    wiring = context.wiring
    alone = [
        r
        for r in context.deployment.operators
        if not wiring.ins[r.name] and not wiring.outs[r.name] and not _unread(context, r)
    ]
    yield from _by_unit(context, card, alone, "connected to nothing", "join {} to the operators before and after it")


def operators_without_consumer(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Operators that are fed and feed nothing, and are no output."""
    if not context.graph.directed:
        if context.graph.edges:
            yield Undecided("connectivity", "direction", "a `digraph`: the edges of a `graph` lead nowhere")
        return
    wiring, deployment = context.wiring, context.deployment
    last = only_sink(deployment, wiring)
    dead = [
        r
        for r in deployment.operators
        if wiring.ins[r.name]
        and not wiring.outs[r.name]
        and not may_be_output(deployment, r, _stages(context, r.phase))
        and not (r.name == last and not _early_stage(context, r))
        and not _unread(context, r)
    ]
    yield from _by_unit(context, card, dead, "without a consumer", "add the edge to the operator that takes its result")


def operators_without_producer(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Operators that feed others, are not fed, and are no input."""
    if not context.graph.directed:
        return
    wiring, deployment = context.wiring, context.deployment
    first = only_source(deployment, wiring)
    starved = [
        r
        for r in deployment.operators
        if wiring.outs[r.name]
        and not wiring.ins[r.name]
        and not may_be_input(deployment, r)
        and r.name != first
        and not _unread(context, r)
    ]
    yield from _by_unit(
        context, card, starved, "without a producer", "add the edge from the operator that makes its input"
    )
    if not starved and deployment.graph.edges:
        yield Holds("connectivity", "inputs", "every operator that feeds another is fed, inputs aside")


def _unread(context: GraphContext, reading: Reading) -> bool:
    """Whether a statement that could not be read names the node, so that its edges are not all known."""
    loss = context.file.loss
    return loss is not None and loss.touches(reading.name)


def _stages(context: GraphContext, phase: str | None) -> int | None:
    """How many stages the phase has by declaration, else as drawn."""
    declared = context.phase(phase)
    if declared is not None:
        return declared.stage_count
    drawn = context.deployment.units.get(phase or "", {})
    return max(drawn) + 1 if drawn else None


def _early_stage(context: GraphContext, reading: Reading) -> bool:
    stages = _stages(context, reading.phase)
    return reading.stage is not None and stages is not None and reading.stage < stages - 1


def _by_unit(context: GraphContext, card: Card, readings: list[Reading], what: str, remedy: str) -> Iterator[Outcome]:
    for unit, some in places.units(context.deployment, places.remaining_nodes(context, card, readings)).items():
        start, end = places.of_node(some[0].node)
        where = places.of_unit(unit)
        if len(some) == 1:
            message = f"`{some[0].name}`{where if unit is None or unit.family is None else ''} is {what}"
        else:
            message = f"{count(len(some), 'operator')}{where} are {what}"
        yield card.finding(
            message,
            start,
            end,
            nodes=names(some),
            locations=places.at_nodes(some),
            about=unit,
            graph=context.graph.index,
            help=remedy.format("it" if len(some) == 1 else "each"),
        )


def _inputs(context: GraphContext, phase: str) -> list[Reading]:
    deployment, wiring = context.deployment, context.wiring
    inside = [r for r in deployment.operators if r.phase == phase]
    found = [r for r in inside if may_be_input(deployment, r) and r.is_role("input")]
    found = found or [
        r for r in inside if may_be_input(deployment, r) and wiring.outs[r.name] and not wiring.ins[r.name]
    ]
    found = found or [r for r in inside if _crosses(context, r, wiring.ins)]
    return found or [r for r in inside if wiring.outs[r.name] and not wiring.ins[r.name]]


def _crosses(context: GraphContext, reading: Reading, neighbours: dict[str, list[str]]) -> bool:
    """Whether an edge joins the node to another phase: what leaves prefill there is its output, and decode's input."""
    by_name = context.deployment.by_name
    return any((other := by_name.get(name)) and other.phase != reading.phase for name in neighbours[reading.name])


def _outputs(context: GraphContext, phase: str) -> list[Reading]:
    deployment, wiring = context.deployment, context.wiring
    inside = [r for r in deployment.operators if r.phase == phase]
    stages = _stages(context, phase)
    able = [r for r in inside if may_be_output(deployment, r, stages)]
    # A node `output` is one also where its label tells what it computes.
    found = [r for r in able if r.is_role("output")] or [
        r for r in able if r.layer is None and not r.evidence.name.numbers
    ]
    if found:
        return found
    sinks = [r for r in inside if _crosses(context, r, wiring.outs)]
    sinks = sinks or [r for r in inside if wiring.ins[r.name] and not wiring.outs[r.name]]
    return [r for r in sinks if not _early_stage(context, r)]


def unreachable_outputs(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Phases in which no path leads from an input to an output."""
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
        start, end = places.of_node(last.node)
        where = f" of {phase}" if len(context.deployment.phases) > 1 else ""
        yield card.finding(
            f"no path leads from `{inputs[0].name}` to `{last.name}`{where}",
            start,
            end,
            nodes=(inputs[0].name, last.name),
            related=(Related("the input", *places.of_node(inputs[0].node)),),
            about=phase_unit(phase),
            graph=context.graph.index,
            help="close the gaps between them",
        )
    if reached and reached == len(context.deployment.phases):
        yield Holds("connectivity", "reachability", "a path leads from every phase's input to its output")


def phases_without_input(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Phases with edges in which no node can be the input."""
    yield from _without_end(context, card, "input")


def phases_without_output(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Phases with edges in which no node can be the output."""
    yield from _without_end(context, card, "output")


def _without_end(context: GraphContext, card: Card, what: str) -> Iterator[Outcome]:
    find = _inputs if what == "input" else _outputs
    for phase in context.deployment.phases:
        inside = [r for r in context.deployment.operators if r.phase == phase]
        if not any(r.node.out_edges or r.node.in_edges for r in inside) or find(context, phase):
            continue
        if what == "output" and any(plan.new_output for plan in context.planned.get(phase, ())):
            continue
        start, end = places.of_nodes(inside, context.graph)
        name = phase or "the graph"
        yield card.finding(
            f"{name} has no {what}: no node in it can be one",
            start,
            end,
            about=phase_unit(phase),
            graph=context.graph.index,
            help=f"add an {what} node and join it",
        )
