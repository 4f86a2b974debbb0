"""Propagate placements along the edges: what each operator takes and gives on each axis of the mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.tensors.collectives import collective_output
from dotlint.deployment.tensors.model import Conflict, Inflow, Notation
from dotlint.deployment.tensors.notation import has_all_logits, narrowed
from dotlint.deployment.tensors.placements import ANY, EXPERTS, HIDDEN, PARTIAL, REPLICATE, SEQ, SHARD, TOKENS, WHOLE
from dotlint.deployment.tensors.sizes_of import narrows, same, sliced

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dotlint.deployment.tensors.model import MeshAxis, Operator


class Graph(Struct):
    """The operators of a graph in an order in which producers come first, with their producers and edges."""

    order: list[Operator]
    inflows: Mapping[int, list[Inflow]]
    open_heads: frozenset[int]  # operators that lack an input, or that are on a cycle
    outs: Mapping[int, list[Operator]]
    notation: Notation
    mesh: list[MeshAxis]


def propagate(graph: Graph) -> Iterator[Conflict]:
    """Set what every operator takes and gives, and yield the conflicts where they arise."""
    for operator in graph.order:
        inflows = graph.inflows.get(operator.index, [])
        if operator.index in graph.open_heads or operator.rule is None:
            operator.given = {None: ANY}
            continue
        if not inflows:
            operator.given = _source(operator)
            _narrow_to_consumers(graph, operator)
            continue
        axes = _axes(operator, inflows)
        for inflow in inflows:
            for axis in axes:
                inflow.arrives[axis] = arriving(inflow, operator, axis, graph.notation)
        if operator.rule.collective is not None:
            consumers = graph.outs.get(operator.index, [])
            yield from collective_output(operator, inflows, axes, consumers, graph.mesh)
            continue
        for axis in axes:
            yield from _output(graph, operator, inflows, axis)
        _narrow_to_consumers(graph, operator)


def _narrow_to_consumers(graph: Graph, operator: Operator) -> None:
    """Leave of what an operator gives what its consumers accept, where something is left: all take the same tensor.

    Where a collective takes it too, the others may bypass it by mistake.
    """
    consumers = graph.outs.get(operator.index, ())
    if any(c.rule is not None and c.rule.collective is not None for c in consumers):
        return
    for consumer in consumers:
        rule = consumer.rule
        if rule is None or rule.gives is None or rule.collective is not None:
            continue
        accepted = 0
        for bit in rule.gives:
            accepted |= bit
        for axis, given in operator.given.items():
            if (axis is not None and axis is consumer.axis) or not (rule.weights or rule.joins != "first"):
                operator.given[axis] = given & accepted or given


def _source(operator: Operator) -> dict[MeshAxis | None, int]:
    """Return what an operator without producers gives: an input of the model owes no sum."""
    rule, axis = operator.rule, operator.axis
    assert rule is not None
    given: dict[MeshAxis | None, int] = {None: WHOLE if rule.role == "input" else ANY}
    if axis is not None and rule.weights:
        given[axis] = _through(operator, WHOLE & axis.allowed)
    elif axis is not None and rule.role == "input":
        given[axis] = WHOLE & axis.allowed
    return given


def _axes(operator: Operator, inflows: Iterable[Inflow]) -> list[MeshAxis | None]:
    """Return the axes on which anything is known, those apart from the operator's devices left out."""
    gpus = operator.first.gpus if not operator.grouped else operator.axis.whole if operator.axis else None
    found: dict[MeshAxis | None, None] = {None: None}
    if operator.axis is not None:
        found[operator.axis] = None
    for inflow in inflows:
        for axis in inflow.tail.given:
            if axis is not None and (axis.whole is None or gpus is None or axis.whole & gpus):
                found[axis] = None
    return list(found)


def arriving(inflow: Inflow, head: Operator, axis: MeshAxis | None, notation: Notation) -> int:
    """Return what arrives at an operator on an axis."""
    tail, how = inflow.tail, inflow.how
    given = tail.on(axis)
    allowed = axis.allowed if axis is not None else ANY
    if axis is None:
        return given
    if how in {"other", "part"}:
        return allowed
    if how in {"exchange", "blocks"} and head.collective is None:
        return allowed if given & PARTIAL else (REPLICATE | given) & allowed
    if how == "fan" and axis is head.axis:
        return _fanned(tail, head, axis, narrowed(tail, axis, given & allowed, notation)) or allowed
    return narrowed(tail, axis, given & allowed, notation) or allowed


def _fanned(tail: Operator, head: Operator, axis: MeshAxis, given: int) -> int:
    """Return what each rank takes of the output of one node: all of it, or the slice that the sizes show."""
    if tail.collective in {"gather", "concatenate", "reduce", "broadcast"}:
        return given
    if head.first.is_role("expert") and tail.first.is_role("dispatch", "all-to-all"):
        return EXPERTS
    slices = sliced(tail, head)
    if slices & axis.allowed:
        return slices
    if given & REPLICATE and not same(tail.first, head.first) and axis.name == "":
        return given | SHARD
    if given & REPLICATE and axis.name == "tp" and not same(tail.first, head.first):
        return given | HIDDEN  # row-parallel ranks may take their slices of it
    if given & REPLICATE and axis.name in {"sp", "cp", "dp", ""}:
        return given | (TOKENS & axis.allowed)
    return given


def is_composed(operator: Operator, axis: MeshAxis | None) -> bool:
    """Return whether one node stands for several ranks of an axis, so that what happens between them is not drawn."""
    if operator.axis is axis and axis is not None:
        return False
    gpus = operator.first.gpus
    return axis is None or gpus is None or not axis.ranks or axis.ranks_on(gpus) > 1


def _through(operator: Operator, mask: int) -> int:
    """Return what an operator makes of what it takes; 0 if it accepts none of it."""
    gives = operator.rule.gives if operator.rule is not None else None
    if gives is None:
        return ANY
    found = 0
    for bit, given in gives.items():
        if mask & bit:
            found |= given
    return found


def _output(graph: Graph, operator: Operator, inflows: list[Inflow], axis: MeshAxis | None) -> Iterator[Conflict]:
    """Set what an operator gives on one axis, and yield the conflict if it accepts nothing of what it takes."""
    undrawn = _undrawn(operator, axis)
    if undrawn is not None:
        operator.taken[axis], operator.given[axis] = inflows[0].arrives[axis], undrawn
        return
    taken, conflict = _taken(graph, operator, inflows, axis)
    operator.taken[axis] = taken
    if conflict is None:
        operator.given[axis] = _made(graph, operator, axis, taken)
        return
    yield conflict
    # Where a collective follows, it comes too late, which is the same fault.
    late = any(c.collective for c in graph.outs.get(operator.index, ()))
    whole = WHOLE if conflict.kind == "differs" and not late else ANY
    operator.given[axis] = whole & _allowed(axis)


def _allowed(axis: MeshAxis | None) -> int:
    return axis.allowed if axis is not None else ANY


def _undrawn(operator: Operator, axis: MeshAxis | None) -> int | None:
    """Return what an operator with weights gives on an axis on which its ranks are not drawn; None if they are."""
    rule, allowed = operator.rule, _allowed(axis)
    if rule is None or not rule.weights or (axis is operator.axis and axis is not None):
        return None
    if not is_composed(operator, axis):
        return allowed  # one rank's own work, drawn for that rank only
    return allowed if operator.grouped else _stated(operator, allowed)


def _taken(
    graph: Graph, operator: Operator, inflows: list[Inflow], axis: MeshAxis | None
) -> tuple[int, Conflict | None]:
    """Return what an operator takes on one axis, and the conflict if it accepts nothing of it."""
    taken, conflict = _joined(graph, operator, inflows, axis)
    rule = operator.rule
    divides = rule is not None and rule.weights and operator.is_column_parallel and axis is operator.axis
    if conflict is None and divides and axis is not None and axis.name == "tp":
        # The ranks of tensor parallelism divide the weights, so each needs every token.
        if taken and not taken & ~TOKENS:
            return taken, Conflict("rejects", operator, axis, tuple(inflows), taken)
        taken &= ~TOKENS
    if axis is None or axis.joined_by is not None:
        return taken, None  # which axis it may be is not known
    if conflict is None and taken and not _through(operator, taken):
        guilty = [i for i in inflows if not _through(operator, i.arrives[axis])] or inflows
        conflict = Conflict("rejects", operator, axis, tuple(guilty), taken)
    return taken, conflict


def _made(graph: Graph, operator: Operator, axis: MeshAxis | None, taken: int) -> int:
    """Return what an operator makes of what it takes on one axis."""
    rule, allowed = operator.rule, _allowed(axis)
    made = _through(operator, taken) & allowed or allowed
    if rule is not None and rule.weights and axis is not None and not axis.name and not narrows(operator.first):
        made |= taken & REPLICATE  # what numbers the ranks is not known: each may do the whole work
    if axis is operator.axis or not operator.grouped:
        made = _stated(operator, made)
    given = narrowed(operator, axis, made, graph.notation)
    consumers = graph.outs.get(operator.index, ())
    if axis is operator.axis and all(c.reduces for c in consumers) and has_all_logits(operator, graph.notation):
        given |= PARTIAL & allowed  # where a sum follows, each rank may have summands of all logits
    return given


def _stated(operator: Operator, made: int) -> int:
    """Return what the label leaves of what an operator may give."""
    if operator.states is None:
        return made
    return made & operator.states or operator.states & ~TOKENS or operator.states


def _joined(
    graph: Graph, operator: Operator, inflows: list[Inflow], axis: MeshAxis | None
) -> tuple[int, Conflict | None]:
    """Return the placement of the inputs together, and the conflict if they do not go together."""
    rule = operator.rule
    assert rule is not None
    arrivals = [inflow.arrives[axis] for inflow in inflows]
    every = ANY
    some = 0
    for mask in arrivals:
        every &= mask
        some |= mask
    if rule.joins == "alike":
        if not every and len(inflows) > 1:
            return some, Conflict("differs", operator, axis, tuple(inflows), some)
        return every, None
    if rule.joins == "product":
        partial = [mask for mask in arrivals if mask == PARTIAL]
        if len(partial) == 1 and len(arrivals) > 1:
            return PARTIAL, None
        return every or some, None
    if rule.joins == "attention":
        own_slice = all(mask and not mask & ~SEQ for mask in arrivals)
        if own_slice and axis is not None and axis is operator.axis and not _exchanges(graph, operator, inflows):
            return SEQ, Conflict("attends", operator, axis, tuple(inflows), SEQ)
        if len(arrivals) > 1 and some & SEQ and some & REPLICATE and (axis is None or axis.name != "tp"):
            return every | SEQ, None  # its queries are a slice, its keys and values are whole
    return every or some, None


def _exchanges(graph: Graph, operator: Operator, inflows: Iterable[Inflow]) -> bool:
    """Return whether attention gets the keys and values of other ranks in a way that the graph shows, here or in a later step."""
    if operator.first.step is not None or any(inflow.how in {"exchange", "blocks"} for inflow in inflows):
        return True
    if any(c.rule is not None and c.rule.joins == "attention" for c in graph.outs.get(operator.index, ())):
        return True
    text = " ".join((operator.first.name, *operator.first.evidence.lines)).lower()
    return operator.rule is not None and any(word in text for word in operator.rule.exchanges)
