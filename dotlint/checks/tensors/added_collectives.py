"""The fix of F001 and F002: write the missing collective between the producers and their consumers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dotlint.edits.apply import apply_edits
from dotlint.edits.collectives import CollectiveWriter
from dotlint.edits.detours import Detour, DetourWriter
from dotlint.edits.fix_context import NotCertain, in_order
from dotlint.engine.finding import Fix
from dotlint.graph.builder import read
from dotlint.text.english import the

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.deployment.tensors.model import Fault, Flow
    from dotlint.edits.collectives import Exemplar, NewCollective
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.finding import Edit, Finding
    from dotlint.graph.model import Edge

_WHY_NOT = {
    "gathered": "the gather may be the wrong operator, or a projection before it may be missing",
    "attention": "keys and values can be gathered, passed around a ring or exchanged for heads",
    "projection": "the input can be gathered, or the output can be reduced",
    "slices": "either input can be divided or gathered",
}


class Faults(Struct, frozen=True, eq=False):
    """The faults that one finding reports."""

    faults: tuple[Fault, ...]


class _Place(Struct, frozen=True, eq=False):
    """Where one collective is missing: all edges from the producers that are to be led through it."""

    kind: str
    tails: tuple[Reading, ...]
    heads: tuple[Reading, ...]
    edges: tuple[Edge, ...]


def add_collectives(fix: FixContext, finding: Finding) -> Fix | str:
    """Write the collective that is missing at each place of a finding, if that leaves no fault there."""
    data = finding.data
    assert isinstance(data, Faults)
    kind = data.faults[0].kind
    if kind in _WHY_NOT:
        return _WHY_NOT[kind]
    writer = CollectiveWriter(fix)
    detours = DetourWriter(fix.text, writer.index, fix.comments)
    edits: list[Edit] = []
    nodes: list[NewCollective] = []
    for place in _places(fix, data.faults):
        for new, detour in _planned(fix, writer, place):
            nodes.append(new)
            edits += detours.edits(detour)
    edits = [*writer.edits(nodes), *edits]
    _require_repaired(fix, data.faults, edits)
    return Fix("unsafe", in_order(edits), f"Add {the(len(nodes), f'missing {data.faults[0].remedy}')}")


def _places(fix: FixContext, faults: Sequence[Fault]) -> Iterator[_Place]:
    """Yield a place for each group of producers; a sum that is owed is owed to every consumer."""
    readings = fix.deployment.readings
    by_tails: dict[tuple[int, ...], list[Fault]] = {}
    for fault in faults:
        by_tails.setdefault(tuple(r.node.index for r in fault.tails), []).append(fault)
    for some in by_tails.values():
        tails = some[0].tails
        edges = {edge.index: edge for fault in some for edge in fault.edges}
        if some[0].rule == "partial-consumed":
            for tail in tails:
                for edge in tail.node.out_edges:
                    head = readings[edge.head.index]
                    if (
                        head.kind != "communication"
                        and not head.annotation
                        and edge.index not in fix.context.back_edges
                    ):
                        edges[edge.index] = edge
        if not edges:
            raise NotCertain("no edge shows where it belongs")
        ordered = tuple(edges[index] for index in sorted(edges))
        heads = tuple(readings[index] for index in dict.fromkeys(e.head.index for e in ordered))
        yield _Place(some[0].remedy, tails, heads, ordered)


def _planned(fix: FixContext, writer: CollectiveWriter, place: _Place) -> Iterator[tuple[NewCollective, Detour]]:
    """Yield one collective for all ranks, or one for each, as the file draws its others."""
    exemplars = writer.exemplars(place.kind, place.tails, place.heads)
    if not exemplars:
        raise NotCertain("no statement shows how a collective is written")
    best = exemplars[0]
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


def _require_repaired(fix: FixContext, faults: Sequence[Fault], edits: Sequence[Edit]) -> None:
    """Raise `NotCertain` unless the analysis of the fixed graph has fewer faults: none of these, and no other."""
    context = fix.context
    text = apply_edits(fix.text, in_order(edits))
    document = read(context.file.document.source.with_text(text))
    file = replace(context.file, document=document, graphs=[])
    if len(file.graphs) <= context.graph.index or document.problems != context.file.document.problems:
        raise NotCertain("the new statements cannot be read")
    before, after = _keys(context.flow), _keys(file.graphs[context.graph.index].flow)
    if after - before or any(after[key] >= before[key] for key in {_key(fault) for fault in faults}):
        raise NotCertain("the collective that the file would write there does not repair it")


def _keys(flow: Flow) -> Counter[tuple[str, str, str]]:
    return Counter(_key(fault) for fault in flow.faults)


def _key(fault: Fault) -> tuple[str, str, str]:
    return fault.rule, fault.kind, fault.at.first.name
