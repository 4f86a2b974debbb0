"""The fix of F001, F002 and F005: write the missing collective between the producers and their consumers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dotlint.deployment.tensors.placements import FEATURES, PARTIAL
from dotlint.edits.apply import apply_edits
from dotlint.edits.collectives import CollectiveWriter
from dotlint.edits.detours import Detour, DetourWriter, turned_around
from dotlint.edits.fix_context import NotCertain, in_order
from dotlint.engine.finding import Fix
from dotlint.graph.builder import read
from dotlint.text.english import the

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.deployment.tensors.model import Fault, Flow, Operator
    from dotlint.edits.collectives import Exemplar, NewCollective
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.finding import Edit, Finding
    from dotlint.graph.model import Edge

_WHY_NOT = {
    "gathered": "the gather may be the wrong operator, or a projection before it may be missing",
    "attention": "keys and values can be gathered, passed around a ring or exchanged for heads",
    "projection": "the input can be gathered, or the output can be reduced",
}
_KEEPS_PLACEMENT = ("residual", "norm", "activation")
_MOST_TRIED = 3  # ways to repair all places of a finding


class Faults(Struct, frozen=True, eq=False):
    """The faults that one finding reports."""

    faults: tuple[Fault, ...]


class _Place(Struct, frozen=True, eq=False):
    """Where one collective is missing: all edges from the producers that are to be led through it.

    `exemplar` shows how it is written; `existing` is the node that already collects the producers' results, if any.
    """

    kind: str
    tails: tuple[Reading, ...]
    heads: tuple[Reading, ...]
    edges: tuple[Edge, ...]
    exemplar: Exemplar | None = None
    existing: Reading | None = None

    @property
    def rank(self) -> int:
        """How far the place is from what the file does elsewhere."""
        return -1 if self.existing is not None else self.exemplar.level if self.exemplar is not None else 9


def add_collectives(fix: FixContext, finding: Finding) -> Fix | str:
    """Write the collective that is missing at each place of a finding, if that leaves no fault there."""
    data = finding.data
    assert isinstance(data, Faults)
    faults = data.faults
    if not faults:
        return "it is not certain whether the shards give partial sums or slices"
    if faults[0].kind in _WHY_NOT:
        return _WHY_NOT[faults[0].kind]
    if faults[0].kind == "reduced-late":
        return _moved_reductions(fix, faults)
    groups = [places for places in _grouped(fix, faults) if places]
    if not groups:
        return "no edge shows where the collective belongs"
    why = ""
    for choice in range(min(max(map(len, groups)), _MOST_TRIED)):
        try:
            return _fix(fix, faults, [places[min(choice, len(places) - 1)] for places in groups])
        except NotCertain as reason:
            why = why or str(reason)
    return why


def _fix(fix: FixContext, faults: Sequence[Fault], places: Sequence[_Place]) -> Fix:
    writer = CollectiveWriter(fix)
    detours = DetourWriter(fix.text, writer.index)
    edits: list[Edit] = []
    nodes: list[NewCollective] = []
    for place in places:
        if place.existing is not None:
            edits += detours.edits(Detour(place.existing.name, place.edges))
            continue
        for new, detour in _planned(fix, writer, place):
            nodes.append(new)
            edits += detours.edits(detour)
    edits = [*writer.edits(nodes), *edits]
    _require_repaired(fix, faults, edits, nodes)
    kind = places[0].kind
    if not nodes:
        return Fix("unsafe", in_order(edits), f"Lead the edges through {the(len(places), kind)}")
    return Fix("unsafe", in_order(edits), f"Add {the(len(nodes), f'missing {kind}')}")


def _grouped(fix: FixContext, faults: Sequence[Fault]) -> Iterator[list[_Place]]:
    """Yield the possible places for each group of producers, the best first."""
    by_tails: dict[tuple[int, ...], list[Fault]] = {}
    for fault in faults:
        by_tails.setdefault(tuple(r.node.index for r in fault.tails), []).append(fault)
    writer = CollectiveWriter(fix)
    for some in by_tails.values():
        fault = some[0]
        if fault.tails and fault.rule != "partial-consumed" and fault.tails[0].is_role("split", "sequence-split"):
            raise NotCertain(f"`{fault.tails[0].name}` may divide the wrong axis")
        kind = fault.remedy or "all-gather"
        edges = {edge.index: edge for one in some for edge in one.edges}
        places = [_place(fix, writer, kind, fault.tails, edges, fault)] if edges else []
        if fault.found & FEATURES and fault.tails and fault.tails[0].is_role(*_KEEPS_PLACEMENT):
            places = []  # slices of features are gathered before they are added or normalized
        places += _upstream(fix, writer, kind, fault)
        if not places:
            raise NotCertain(f"the collective may be missing in front of `{fault.tails[0].name}`")
        if fault.kind == "slices":  # either input can be divided or gathered, unless siblings show which
            places = [place for place in places if place.rank < 2]
            if not places:
                raise NotCertain("one input can be gathered, or the other one divided")
        yield sorted(places, key=lambda place: place.rank)


def _upstream(fix: FixContext, writer: CollectiveWriter, kind: str, fault: Fault) -> Iterator[_Place]:
    """Yield the places in front of the operators that only hand on what their producers give, the nearest first."""
    by_node = fix.context.flow.by_node
    operator = by_node[fault.tails[0].node.index]
    seen: set[int] = set()
    while operator.first.is_role(*_KEEPS_PLACEMENT) and operator.index not in seen:
        seen.add(operator.index)
        sources = [s for s in operator.sources if (on := s.on(fault.axis)) and not on & ~fault.found]
        if len(sources) != 1:
            return
        source = sources[0]
        edges = {e.index: e for r in source.members for e in r.node.out_edges if by_node.get(e.head.index) is operator}
        if edges:
            yield _place(fix, writer, kind, source.members, edges, fault)
        operator = source


def _place(
    fix: FixContext, writer: CollectiveWriter, kind: str, tails: Sequence[Reading], edges: dict[int, Edge], fault: Fault
) -> _Place:
    """Return the place behind some producers; a sum that is owed is owed to every consumer."""
    readings = fix.deployment.readings
    beside = [e for tail in tails for e in tail.node.out_edges if e.index not in fix.context.back_edges]
    if fault.found & PARTIAL and fault.rule == "partial-consumed":
        open_ends = [e for e in beside if readings[e.head.index].kind not in {"communication", "annotation"}]
        edges = edges | {e.index: e for e in open_ends if not readings[e.head.index].annotation}
    ordered = tuple(edges[index] for index in sorted(edges))
    heads = tuple(readings[index] for index in dict.fromkeys(e.head.index for e in ordered))
    fed = Counter(e.head.index for e in beside)
    existing = next((readings[i] for i, number in fed.items() if number == len(tails) and _is(readings[i], kind)), None)
    exemplars = writer.exemplars(kind, tails, heads)
    return _Place(kind, tuple(tails), heads, ordered, exemplars[0] if exemplars else None, existing)


def _is(reading: Reading, kind: str) -> bool:
    return reading.role is not None and reading.role.communicates == kind


def _planned(fix: FixContext, writer: CollectiveWriter, place: _Place) -> Iterator[tuple[NewCollective, Detour]]:
    """Yield one collective for all ranks, or one for each, as the file draws its others."""
    best = place.exemplar
    if best is None:
        raise NotCertain("no statement shows how a collective is written")
    ranks = _drawn_by_rank(fix, best, place)
    if ranks is None:
        new = writer.plan(place.kind, best, place.tails, place.heads)
        yield new, Detour(new.name, place.edges)
        return
    for rank, (tail, exemplar) in enumerate(zip(place.tails, ranks, strict=True)):
        edges = tuple(e for e in place.edges if e.tail is tail.node)
        heads = tuple(fix.deployment.readings[e.head.index] for e in edges)
        new = writer.plan(place.kind, exemplar, place.tails, heads, rank)
        more = place.tails if len(exemplar.tails) == len(place.tails) else ()
        yield new, Detour(new.name, edges, tuple(r.name for r in more))


def _drawn_by_rank(fix: FixContext, best: Exemplar, place: _Place) -> list[Exemplar] | None:
    """Return an exemplar for each rank if the file draws its collectives once per rank, else None."""
    operator = fix.context.flow.by_node.get(best.reading.node.index)
    if operator is None or best.level > 2 or len(operator.members) < 2 or len(place.tails) < 2:
        return None
    if len(operator.members) != len(place.tails):
        raise NotCertain("the other collectives are drawn for another number of ranks")
    readings = fix.deployment.readings
    return [
        replace(best, reading=member, tails=tuple(readings[e.tail.index] for e in member.node.in_edges))
        for member in operator.members
    ]


def _moved_reductions(fix: FixContext, faults: Sequence[Fault]) -> Fix | str:
    """Move the reduction behind each residual add in front of it."""
    edits: list[Edit] = []
    for fault in faults:
        reduction = _reduction_behind(fix, fault.at)
        if reduction is None:
            return f"`{fault.at.first.name}` and the all-reduce are not drawn as one node each"
        edits += turned_around(fault.at.first.node, reduction.node, {r.node.index for r in fault.tails})
    _require_repaired(fix, faults, edits)
    return Fix("unsafe", in_order(edits), f"Put {the(len(faults), 'all-reduce')} in front of the residual add")


def _reduction_behind(fix: FixContext, at: Operator) -> Reading | None:
    """Return the all-reduce that takes the output of an operator and nothing else."""
    readings = fix.deployment.readings
    behind = [readings[e.head.index] for r in at.members for e in r.node.out_edges]
    found = [r for r in behind if _is(r, "all-reduce") and len(r.node.in_edges) == 1]
    return found[0] if len(found) == len(at.members) == 1 else None


def _require_repaired(
    fix: FixContext, faults: Sequence[Fault], edits: Sequence[Edit], nodes: Sequence[NewCollective] = ()
) -> None:
    """Raise `NotCertain` unless the new nodes are read as they are meant, and none of the faults is left, nor a new one."""
    context = fix.context
    document = read(context.file.document.source.with_text(apply_edits(fix.text, in_order(edits))))
    file = replace(context.file, document=document, graphs=[])
    if len(file.graphs) <= context.graph.index or document.problems != context.file.document.problems:
        raise NotCertain("the new statements cannot be read")
    fixed = file.graphs[context.graph.index]
    for one in nodes:
        reading = fixed.deployment.by_name[one.name]
        kind, gpus = one.reads_as
        stated = reading.gpus if reading.own_gpus else gpus
        if not _is(reading, kind) or (gpus is not None and stated != gpus):
            raise NotCertain(f"`{one.name}` would not be read as the {kind} of these GPUs")
        if len([s for s in reading.node.subgraphs if s.name]) > 1:
            raise NotCertain("its edges stand in other clusters than its statement")
    before, after = _keys(context.flow), _keys(fixed.flow)
    if after - before or any(after[key] >= before[key] for key in {_key(fault) for fault in faults}):
        raise NotCertain("the collective that the file would write there does not repair it")


def _keys(flow: Flow) -> Counter[tuple[str, str, str]]:
    return Counter(_key(fault) for fault in flow.faults)


def _key(fault: Fault) -> tuple[str, str, str]:
    return fault.rule, fault.kind, fault.at.first.name
