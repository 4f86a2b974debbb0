"""The fix of C001, F001, F002 and F005: write the missing collective between the producers and their consumers."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.checks.tensors.insertions import communicates, insertions_for, insertions_like_others
from dotlint.deployment.tensors.faults import reduction_of
from dotlint.edits.apply import apply_edits
from dotlint.edits.collectives import CollectiveWriter
from dotlint.edits.detours import Detour, DetourWriter
from dotlint.edits.fix_context import NotCertain, in_order
from dotlint.edits.swap import swapped
from dotlint.engine.finding import Fix
from dotlint.graph.builder import read
from dotlint.text.english import the

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.checks.tensors.insertions import Insertion
    from dotlint.deployment.model import Reading
    from dotlint.deployment.tensors.model import Fault, Flow, Operator
    from dotlint.edits.collective_exemplars import Exemplar
    from dotlint.edits.collectives import NewCollective
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.finding import Edit

_WHY_NOT = {
    "gathered": "the gather may be the wrong operator, or a projection before it may be missing",
    "attention": "keys and values can be gathered, passed around a ring or exchanged for heads",
    "projection": "the input can be gathered, or the output can be reduced",
}
_MOST_TRIED = 3  # combinations of insertions


def add_collectives(fix: FixContext, faults: Sequence[Fault]) -> Fix | str:
    """Write the collective that is missing at each fault of a finding, if that leaves no fault there."""
    kind = faults[0].kind
    if kind == "reduced-late":
        return _moved_reductions(fix, faults)
    for fault in faults:
        if kind == "residual" and (reduction := reduction_of(fault)) is not None:
            return f"the sum already comes from `{reduction.first.name}`"
    if kind not in _WHY_NOT:
        return _first_certain(fix, faults, list(insertions_for(fix, faults)))
    reductions = ("reduce-scatter", "all-reduce")
    edges = ({edge.index: edge for edge in fault.edges} for fault in faults)
    options = [insertions_like_others(fix, f.tails, led, reductions) for f, led in zip(faults, edges, strict=True)]
    if kind != "gathered" or not all(options):
        return _WHY_NOT[kind]
    return _first_certain(fix, faults, options)


def join_shards(fix: FixContext, meetings: Sequence[tuple[tuple[Reading, ...], Reading]]) -> Fix | str:
    """Write the collective between shards and what they feed, if siblings or the analysis show which it is."""
    known = {tuple(r.name for r in fault.tails): fault for fault in fix.context.flow.faults if fault.remedy}
    groups: dict[tuple[str, ...], list[Insertion]] = {}
    faults: list[Fault] = []
    for tails, head in meetings:
        names = tuple(r.name for r in tails)
        edges = {e.index: e for e in head.node.in_edges if e.tail.name in names}
        insertions = insertions_like_others(fix, tails, edges)
        if not insertions and names in known:
            faults.append(known[names])
            insertions = next(insertions_for(fix, [known[names]]))
        if not insertions:
            return "neither siblings nor labels show which collective it is"
        groups.setdefault(names, insertions)
    return _first_certain(fix, faults, list(groups.values()))


def _first_certain(fix: FixContext, faults: Sequence[Fault], groups: Sequence[list[Insertion]]) -> Fix | str:
    """Return the first fix that repairs all groups of producers, each of which has possible insertions."""
    why = ""
    for choice in range(min(max(map(len, groups)), _MOST_TRIED)):
        try:
            return _fix(fix, faults, [insertions[min(choice, len(insertions) - 1)] for insertions in groups])
        except NotCertain as reason:
            why = why or str(reason)
    return why


def _fix(fix: FixContext, faults: Sequence[Fault], insertions: Sequence[Insertion]) -> Fix:
    writer = CollectiveWriter(fix)
    detours = DetourWriter(fix.text, writer.index)
    edits: list[Edit] = []
    nodes: list[NewCollective] = []
    for insertion in insertions:
        if insertion.existing is not None:
            edits += detours.edits(Detour(insertion.existing.name, insertion.edges))
            continue
        for new, detour in _planned(fix, writer, insertion):
            nodes.append(new)
            edits += detours.edits(detour)
    edits = [*writer.edits(nodes), *edits]
    _require_repaired(fix, faults, edits, nodes)
    kind = insertions[0].kind
    if not nodes:
        return Fix("unsafe", in_order(edits), f"Lead the edges through {the(len(insertions), kind)}")
    return Fix("unsafe", in_order(edits), f"Add {the(len(nodes), f'missing {kind}')}")


def _planned(fix: FixContext, writer: CollectiveWriter, insertion: Insertion) -> Iterator[tuple[NewCollective, Detour]]:
    """Yield one collective for all ranks, or one for each, as the file draws its others."""
    best = insertion.exemplar
    if best is None:
        raise NotCertain("no statement shows how a collective is written")
    ranks = _drawn_by_rank(fix, best, insertion)
    if ranks is None:
        new = writer.plan(insertion.kind, best, insertion.tails, insertion.heads)
        yield new, Detour(new.name, insertion.edges)
        return
    for rank, (tail, exemplar) in enumerate(zip(insertion.tails, ranks, strict=True)):
        edges = tuple(e for e in insertion.edges if e.tail is tail.node)
        heads = tuple(fix.deployment.readings[e.head.index] for e in edges)
        new = writer.plan(insertion.kind, exemplar, insertion.tails, heads, rank)
        more = insertion.tails if len(exemplar.tails) == len(insertion.tails) else ()
        yield new, Detour(new.name, edges, tuple(r.name for r in more))


def _drawn_by_rank(fix: FixContext, best: Exemplar, insertion: Insertion) -> list[Exemplar] | None:
    """Return an exemplar for each rank if the file draws its collectives once per rank, else None."""
    operator = fix.context.flow.by_node.get(best.reading.node.index)
    if operator is None or best.level > 2 or len(operator.members) < 2 or len(insertion.tails) < 2:
        return None
    if len(operator.members) != len(insertion.tails):
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
        edits += swapped(fault.at.first.node, reduction.node, {r.node.index for r in fault.tails})
    _require_repaired(fix, faults, edits)
    return Fix("unsafe", in_order(edits), f"Put {the(len(faults), 'all-reduce')} in front of the residual add")


def _reduction_behind(fix: FixContext, at: Operator) -> Reading | None:
    """Return the all-reduce that takes the output of an operator and nothing else."""
    readings = fix.deployment.readings
    behind = [readings[e.head.index] for r in at.members for e in r.node.out_edges]
    found = [r for r in behind if communicates(r, "all-reduce") and len(r.node.in_edges) == 1]
    return found[0] if len(found) == len(at.members) == 1 else None


def _require_repaired(
    fix: FixContext, faults: Sequence[Fault], edits: Sequence[Edit], nodes: Sequence[NewCollective] = ()
) -> None:
    """Raise `NotCertain` unless the new nodes are read as they are meant, and none of the faults is left, nor a new one."""
    context = fix.context
    ordered = in_order(edits)
    if any(one.end > two.start for one, two in pairwise(ordered)):
        raise NotCertain("its edges are drawn by the same statements as others")
    document = read(context.file.document.source.with_text(apply_edits(fix.text, ordered)))
    file = replace(context.file, document=document, graphs=[])
    if len(file.graphs) <= context.graph.index or document.problems != context.file.document.problems:
        raise NotCertain("the new statements cannot be read")
    fixed = file.graphs[context.graph.index]
    for one in nodes:
        reading = fixed.deployment.by_name[one.name]
        kind, gpus = one.reads_as
        stated = reading.gpus if reading.own_gpus else gpus
        if not communicates(reading, kind) or (gpus is not None and stated != gpus):
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
