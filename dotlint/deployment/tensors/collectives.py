"""What collectives make of placements: on the axis whose ranks they join, and on the others."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from dotlint.deployment.tensors.mesh import stated_degrees
from dotlint.deployment.tensors.model import Conflict, MeshAxis
from dotlint.deployment.tensors.placements import ANY, BATCH, FEATURES, PARTIAL, REPLICATE, SEQ, SHARD, TOKENS
from dotlint.deployment.tensors.sizes_of import division
from dotlint.strategy.gpus import union

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.deployment.tensors.model import Inflow, Operator

_NO_SUM = frozenset({
    "max", "min", "mean", "avg", "average", "statistic", "statistics", "stats", "variance", "grad", "grads",
    "gradient", "gradients", "loss", "optimizer", "lse", "logsumexp", "log", "norm", "count", "counts", "sync",
    "barrier", "status",
})  # fmt: skip


def collective_output(
    operator: Operator,
    inflows: list[Inflow],
    axes: list[MeshAxis | None],
    consumers: Sequence[Operator],
    mesh: Sequence[MeshAxis],
) -> Iterator[Conflict]:
    """Set what a collective gives, and yield the conflict if it cannot do its work with what it takes.

    `mesh` are all axes of the graph.
    """
    joined = joined_axes(operator, inflows, consumers, mesh)
    for axis in dict.fromkeys((*axes, *joined)):
        arrivals = [inflow.arrives.get(axis, inflow.arrives[None]) for inflow in inflows]
        taken = arrivals[0]
        for mask in arrivals[1:]:
            taken = taken & mask or taken | mask
        operator.taken[axis] = taken
        operator.given[axis] = taken
        if axis in joined:
            allowed = axis.allowed if axis is not None else ANY
            operator.given[axis] = (_made(operator, taken) & allowed) or allowed
            mistake = _mistake(operator, taken)
            alone = len(inflows) == 1 or any(i.tail.axis is axis for i in inflows)
            stated = axis is not None and not axis.name and _states_partial(operator, inflows)
            if mistake and alone and consumers and not stated and not _is_no_sum(operator):
                yield Conflict(mistake, operator, axis, tuple(inflows), taken)
    if not joined:
        owed = PARTIAL & operator.taken.get(None, PARTIAL)
        operator.given = {None: ANY if operator.reduces else ANY & ~PARTIAL | owed}
    cut = _cut(operator, inflows, consumers)
    if cut is not None:
        yield Conflict("cuts", operator, cut.tail.axis, (cut,), cut.tail.on(cut.tail.axis))
    crossing = _crossing(operator, inflows)
    if crossing:
        found = reduce(or_, (inflow.tail.on(inflow.tail.axis) for inflow in crossing))
        yield Conflict("crosses", operator, crossing[0].tail.axis, tuple(crossing), found)
        operator.given = {None: ANY}


def joined_axes(
    operator: Operator, inflows: list[Inflow], consumers: Iterable[Operator], mesh: Sequence[MeshAxis]
) -> list[MeshAxis]:
    """Return the axes whose ranks a collective joins: those of its producers, of its consumers, or of its GPUs."""
    if operator.axis is not None:
        own = [i for i in inflows if i.tail.axis is operator.axis]
        within = operator.first.is_role("sequence-split", "sequence-gather") and not _may_act(operator, operator.axis)
        return [operator.axis] if not within and (own or not any(i.tail.grouped for i in inflows)) else []
    found = [i.tail.axis for i in inflows if i.how == "all" and i.tail.axis is not None]
    if any(i.tail.grouped and i.how != "all" for i in inflows):
        return []
    if not found and operator.collective not in {None, "reduce"}:
        found = [c.axis for c in consumers if c.axis is not None and _may_act(operator, c.axis)]
    if not found:
        found = _of_mesh(operator, mesh)
    if not found:
        gpus = operator.first.gpus
        if gpus is None or len(gpus) < 2 or not operator.first.own_gpus:
            return []
        kind = operator.collective
        if kind not in {"reduce", "gather"}:
            return []
        known = [
            a
            for i in inflows
            for a in i.tail.given
            if a is not None and a.whole == gpus and len(a.ranks or gpus) == len(gpus)
        ]
        known = [axis for axis in known if axis.ranks or axis.joined_by == kind]
        return list(dict.fromkeys(known)) or [MeshAxis(len(gpus), (), gpus, joined_by=kind)]
    return list(dict.fromkeys(found))


def _of_mesh(operator: Operator, mesh: Sequence[MeshAxis]) -> list[MeshAxis]:
    """Return the axes of the kind that a collective works on, on its devices: one collective for each group of ranks."""
    gpus = operator.first.gpus if operator.first.own_gpus else None
    if not operator.reduces and (operator.rule is None or not operator.rule.role.startswith("sequence-")):
        return []
    fitting = [
        axis
        for axis in mesh
        if axis.phase == operator.first.phase and (axis.name == "tp" if operator.reduces else axis.name)
        if gpus is None or (axis.whole is not None and axis.whole <= gpus)
    ]
    inside = [axis for axis in fitting if _may_act(operator, axis)]
    if gpus is None:
        return inside if len(inside) == 1 and inside[0].whole is None else []
    names = {axis.name for axis in inside}
    return inside if len(names) == 1 and union(a.whole for a in inside if a.whole) == gpus else []


def _may_act(operator: Operator, axis: MeshAxis) -> bool:
    """Return whether a split or gather may work on the axis of its consumers: its sizes and its name agree."""
    found = division(operator.first, operator.first, inside=True)
    if found is not None and (found[1] != axis.size or not found[0] & axis.allowed):
        return False
    if not operator.first.is_role("sequence-split", "sequence-gather"):
        return True
    stated = {name for line in operator.first.evidence.lines for name in stated_degrees(line)}
    if axis.name == "tp" and stated == {"cp"}:
        return False
    return (
        axis.name in {"sp", "cp"}
        or bool(axis.name == "tp" and axis.allowed & SEQ)
        or (found is not None and axis.name != "tp")
    )


def _made(operator: Operator, taken: int) -> int:
    kind = operator.collective
    if kind in {"reduce", "gather", "concatenate", "broadcast"}:
        return REPLICATE
    if kind == "reduce-scatter":
        found = division(operator.first, operator.first, inside=True)
        return found[0] if found else TOKENS | FEATURES
    if kind == "split":
        found = division(operator.first, operator.first, inside=True)
        if found:
            return found[0] | (PARTIAL & taken)
        if operator.first.is_role("sequence-split"):
            return SEQ | (PARTIAL & taken)
        return ANY if taken & PARTIAL else ANY & ~PARTIAL  # the ranks may get the whole tensor
    return SHARD | REPLICATE


def _mistake(operator: Operator, taken: int) -> str:
    """Return what is certainly wrong with what a collective takes; "" if nothing is."""
    kind = operator.collective
    if operator.reduces:
        if taken & PARTIAL:
            return ""
        if taken == REPLICATE:
            return "reduces-whole"
        return "reduces-slices" if not taken & ~FEATURES or taken in {SEQ, BATCH} else "reduces"
    if kind in {"gather", "concatenate"}:
        if taken == PARTIAL:
            return "gathers-sums"
        if kind == "gather" and taken == REPLICATE:
            return "gathers-whole"
    return ""


def _is_no_sum(operator: Operator) -> bool:
    return bool(_NO_SUM.intersection(_words(operator.first.name, *operator.first.evidence.lines)))


def _states_partial(operator: Operator, inflows: Iterable[Inflow]) -> bool:
    """Return whether a reduction or its edges state that what arrives is partial."""
    edges = (edge.label or "" for inflow in inflows for edge in inflow.edges)
    return "partial" in _words(*operator.first.evidence.lines, *edges)


def _words(*texts: str) -> list[str]:
    text = " ".join(texts).lower().replace("_", " ")
    return "".join(c if c.isalnum() else " " for c in text).split()


def _cut(operator: Operator, inflows: list[Inflow], consumers: Iterable[Operator]) -> Inflow | None:
    """Return the inflow whose parts a collective drawn once for each rank joins only in part, and nothing joins behind it."""
    if operator.axis is None or any(c.rule is None or c.rule.collective for c in consumers):
        return None
    for inflow in inflows:
        axis = inflow.tail.axis
        if axis is None or not axis.name or (inflow.how != "blocks" and operator.axis.size >= axis.size):
            continue
        inside = axis.whole is None or operator.axis.whole is None or operator.axis.whole <= axis.whole
        if inside and not inflow.tail.on(axis) & REPLICATE:
            return inflow
    return None


def _crossing(operator: Operator, inflows: list[Inflow]) -> list[Inflow]:
    """Return the inflows of a collective that takes the summands, or the slices, of some ranks of each of several axes."""
    rule = operator.rule
    if rule is None or rule.collective not in {"reduce", "reduce-scatter", "gather"} or operator.grouped:
        return []
    refused = REPLICATE if rule.collective == "gather" else ANY & ~PARTIAL
    some = [i for i in inflows if i.how == "some" and i.tail.axis is not None and not i.tail.on(i.tail.axis) & refused]
    gpus = operator.first.gpus
    by_role: dict[str, list[Inflow]] = {}
    for inflow in some:
        by_role.setdefault(inflow.tail.first.role.name if inflow.tail.first.role else "", []).append(inflow)
    for alike in by_role.values():
        axes = {i.tail.axis for i in alike}
        apart = gpus is None or any(a is not None and (a.whole is None or not a.whole <= gpus) for a in axes)
        if len(axes) == len(alike) > 1 and apart and not _is_stated_line(operator, alike):
            return alike
    return []


def _is_stated_line(operator: Operator, inflows: list[Inflow]) -> bool:
    """Return whether a collective joins the ranks of the axis that its label states: `SP=2`, of `tp0_sp0` and `tp0_sp1`."""
    feeding = {edge.tail.index for inflow in inflows for edge in inflow.edges}
    named = [r.evidence.name for i in inflows for r in i.tail.members if r.node.index in feeding]
    if len({name.family for name in named}) > 1:
        return False
    words = {
        w for w, *numbers in zip(named[0].words, *(n.numbers for n in named), strict=True) if len(set(numbers)) > 1
    }
    stated = {name: size for line in operator.first.evidence.lines for name, size in stated_degrees(line).items()}
    return len(words) == 1 and stated.get(words.pop()) == len(named)
