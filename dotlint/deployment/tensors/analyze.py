"""Analyze the tensors of a graph: operators, mesh axes, placements, and the places where nothing fits."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from dotlint.deployment.tensors.faults import fault_of
from dotlint.deployment.tensors.followed import count_edges
from dotlint.deployment.tensors.links import grouped_edges
from dotlint.deployment.tensors.mesh import name_axes
from dotlint.deployment.tensors.model import Flow
from dotlint.deployment.tensors.notation import notation_of
from dotlint.deployment.tensors.propagate import Graph, propagate
from dotlint.deployment.tensors.siblings import operators_of
from dotlint.deployment.tensors.statements import read_statements

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from dotlint.deployment.model import Deployment
    from dotlint.deployment.tensors.model import Operator
    from dotlint.strategy.phase import Phase


def analyze(
    deployment: Deployment,
    phase_of: Callable[[str | None], Phase | None],
    *,
    without: Collection[int],
    open_nodes: Collection[str],
) -> Flow:
    """Return the analysis of a graph.

    `phase_of` gives the declared phase of a name, if there is one. The edges with an index in `without` lead back and are
    left out; the nodes in `open_nodes` lack an input that the graph should have, so that what they take is unknown.
    """
    ins: dict[int, list[int]] = {}
    outs: dict[int, list[int]] = {}
    for reading in deployment.operators:
        index = reading.node.index
        ins[index] = [e.tail.index for e in reading.node.in_edges if e.index not in without]
        outs[index] = [e.head.index for e in reading.node.out_edges if e.index not in without]
    operators, by_node = operators_of(deployment, ins, outs, phase_of)
    inflows, consumers = grouped_edges(operators, by_node, without)
    read_statements(deployment, operators)
    name_axes(deployment, operators, phase_of)
    order, cyclic = _order(operators, consumers)
    lacking = {by_node[r.node.index].index for r in deployment.operators if r.name in open_nodes}
    mesh = list(dict.fromkeys(o.axis for o in operators if o.axis is not None))
    graph = Graph(order, inflows, frozenset(cyclic | lacking), consumers, notation_of(operators), mesh)
    flow = Flow(operators, by_node, inflows=inflows, notation=graph.notation)
    flow.followed, flow.reasons = count_edges(order, inflows, graph.open_heads)
    flow.faults = [fault_of(conflict, consumers) for conflict in propagate(graph)]
    return flow


def _order(operators: list[Operator], consumers: Mapping[int, list[Operator]]) -> tuple[list[Operator], set[int]]:
    """Return the operators so that producers come first, and the indexes of those on or behind a cycle, which come last."""
    waiting = dict.fromkeys((o.index for o in operators), 0)
    for heads in consumers.values():
        for head in heads:
            waiting[head.index] += 1
    ready = deque(o for o in operators if not waiting[o.index])
    order: list[Operator] = []
    while ready:
        operator = ready.popleft()
        order.append(operator)
        for head in consumers.get(operator.index, ()):
            waiting[head.index] -= 1
            if not waiting[head.index]:
                ready.append(head)
    left = [o for o in operators if waiting[o.index]]
    return order + left, {o.index for o in left}
