"""Turn conflicts of placements into faults: the rule that reports each, the chain that shows it, what would repair it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.deployment.tensors.model import Fault, Step
from dotlint.deployment.tensors.placements import FEATURES, HIDDEN, PARTIAL, REPLICATE, split, title

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.deployment.tensors.model import Conflict, FaultRule, Inflow, MeshAxis, Operator

_REMEDIES = {"partial-consumed": "all-reduce", "shard-consumed": "all-gather"}
_REDUCED = {"reduces": "no-sum", "reduces-whole": "whole", "reduces-slices": "slices", "gathers-whole": "gathered"}
_LONGEST = 6  # steps of a chain


def fault_of(conflict: Conflict, consumers: Mapping[int, list[Operator]]) -> Fault:
    """Return the fault that a conflict shows."""
    rule, kind = _rule(conflict, consumers)
    inflows = _guilty(conflict)
    narrow = [i.tail for i in inflows if _is_slice(i.tail.taken.get(conflict.axis, 0)) and i.tail.is_column_parallel]
    if rule == "partial-consumed" and narrow:
        return _slice_of_hidden(narrow[0], conflict)
    edges = tuple(edge for inflow in inflows for edge in inflow.edges)
    names = {edge.tail.index for edge in edges}
    tails = tuple(r for i in inflows for r in i.tail.members if r.node.index in names)
    return Fault(
        rule,
        kind,
        conflict.at,
        tails,
        edges,
        conflict.axis,
        conflict.found,
        tuple(_chain(inflows[0], conflict.axis)),
        _REMEDIES.get(rule, ""),
    )


def reduction_of(fault: Fault) -> Operator | None:
    """Return the producer that already adds up the partial sums that arrive, if one does."""
    names = {reading.name for reading in fault.tails}
    for source in fault.at.sources:
        if source.collective == "reduce" and any(
            not names.isdisjoint(r.name for r in one.members) for one in source.sources
        ):
            return source
    return None


def _is_slice(mask: int) -> bool:
    return bool(mask & HIDDEN) and not mask & ~FEATURES


def _slice_of_hidden(at: Operator, conflict: Conflict) -> Fault:
    """Return the fault of a projection of a slice of the hidden axis whose results are not summed."""
    edges = tuple(e for r in at.members for e in r.node.in_edges)
    tails = tuple(r for source in at.sources for r in source.members)
    chain = tuple(Step(s.first.name, _text(HIDDEN)) for s in at.sources[:1])
    return Fault("shard-consumed", "projection", at, tails, edges, conflict.axis, HIDDEN, chain, "all-gather")


def _rule(conflict: Conflict, consumers: Mapping[int, list[Operator]]) -> tuple[FaultRule, str]:
    masks = [inflow.arrives.get(conflict.axis, inflow.arrives.get(None, 0)) for inflow in conflict.inflows]
    if conflict.kind == "rejects":
        return ("partial-consumed", "operator") if conflict.found & PARTIAL else ("shard-consumed", "operator")
    if conflict.kind == "attends":
        return "shard-consumed", "attention"
    if conflict.kind == "differs":
        if not any(mask == PARTIAL for mask in masks):
            return "mixed-placement", "slices"
        reduced = any(c.reduces for c in consumers.get(conflict.at.index, ()))
        return ("mixed-placement", "reduced-late") if reduced else ("partial-consumed", "residual")
    if conflict.kind in {"crosses", "cuts"}:
        return "wrong-group", conflict.kind
    if conflict.kind == "gathers-sums":
        return "partial-consumed", "gathered"
    return "reduced-twice", _REDUCED[conflict.kind]


def _guilty(conflict: Conflict) -> list[Inflow]:
    """Return the inflows that are wrong: the partial sums among whole inputs, else all."""
    if conflict.kind != "differs":
        return list(conflict.inflows)
    partial = [i for i in conflict.inflows if i.arrives[conflict.axis] == PARTIAL]
    return (
        partial or [i for i in conflict.inflows if not i.arrives[conflict.axis] & REPLICATE] or list(conflict.inflows)
    )


def _chain(inflow: Inflow, axis: MeshAxis | None) -> list[Step]:
    """Return how the placement comes about: from the operator that makes it to the last one before the fault."""
    steps: list[Step] = []
    operator, mask = inflow.tail, inflow.arrives.get(axis, 0)
    while len(steps) < _LONGEST:
        made = operator.on(axis)
        taken = operator.taken.get(axis)
        steps.append(Step(operator.first.name, _text(made)))
        if taken is None or not taken & mask or taken & ~mask or not operator.sources:
            break
        operator = next((s for s in operator.sources if s.on(axis) & mask), operator.sources[0])
    return steps[::-1]


def _text(mask: int) -> str:
    if mask == PARTIAL:
        return "gives a partial sum"
    if mask == REPLICATE:
        return "gives the whole tensor"
    names = split(mask)
    if len(names) == 1:
        return f"gives a slice of {names[0]}"
    return f"gives {title(mask)}"
