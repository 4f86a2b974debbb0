"""C and D: data that crosses GPUs, and names, clusters and labels that place one node in several ways."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from dotlint.checks import grouping as places
from dotlint.checks.grouping import count, names, the
from dotlint.deployment.shards import within_stage
from dotlint.deployment.words import number_spans
from dotlint.edits.attributes import set_attribute
from dotlint.edits.edge_attributes import moved_label
from dotlint.edits.fix_context import fixed_by, in_order
from dotlint.engine.finding import Fix, Holds, Related
from dotlint.strategy.gpus import GpuSet, union
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.deployment.unit import Unit
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Edit, Finding, Outcome
    from dotlint.graph.model import Edge

_MOVES = {
    "point-to-point",
    "all-to-all",
    "all-gather",
    "all-reduce",
    "reduce-scatter",
    "broadcast",
    "kv-transfer",
    "gather",
    "split",
}


def _moves(reading: Reading) -> bool:
    """Whether the node itself is a transfer, a collective, a split or a gather, or an end of the model."""
    return reading.kind in {"io", "communication", "memory", None} or bool(
        reading.role and reading.role.communicates in _MOVES
    )


def _marked(edge: Edge) -> bool:
    return bool((edge.label or edge.attributes.get("xlabel", "")).strip())


_CARRIERS = regex(r"pipeline|comm|transfer|send|recv|p2p|cross[\s_-]?stage|\bpp\b", re.IGNORECASE)


def _carries(context: GraphContext, reading: Reading) -> bool:
    """Whether the node is the transfer between stages, by its role or by a word of its name or label.

    A collective that joins operators of its own stage alone ends that stage; it hands nothing to the next.
    """
    if reading.role and reading.role.collective and within_stage(context.deployment, context.wiring, reading):
        return any(_CARRIERS.search(text) for text in (reading.name.replace("_", " "), reading.evidence.title))
    if reading.kind in {"communication", "memory"}:
        return True
    return reading.role is None and any(
        _CARRIERS.search(text) for text in (reading.name.replace("_", " "), *reading.evidence.lines)
    )


class UnmarkedLinks(Struct, frozen=True, eq=False):
    """Edges from the 0-based stage `tail` to `head` that are not marked as transfers; `marked` are those that are."""

    edges: tuple[Edge, ...]
    marked: tuple[Edge, ...]
    tail: int
    head: int


class CollectiveGpus(Struct, frozen=True, eq=False):
    """Collectives of one unit, each with the GPUs of all the operators that it joins."""

    joined: tuple[tuple[Reading, GpuSet], ...]


class Crossing(NamedTuple):
    """The edges from one pipeline stage to another, those that are marked as transfers and the others."""

    marked: list[Edge]
    unmarked: list[Edge]


def crossing_edges(context: GraphContext) -> Crossing:
    """Find the edges between stages of one phase; two nodes that stand for whole stages are an overview."""
    deployment = context.deployment
    found = Crossing([], [])
    for edge in context.graph.edges:
        one, two = deployment.readings[edge.tail.index], deployment.readings[edge.head.index]
        phase = context.phase(one.phase)
        if phase is None or phase.stage_count < 2 or one.phase is None or one.phase != two.phase:
            continue
        if one.stage is None or two.stage is None or one.stage == two.stage:
            continue
        if _marked(edge) or _carries(context, one) or _carries(context, two):
            found.marked.append(edge)
        elif one.role is not None or two.role is not None:
            found.unmarked.append(edge)
    return found


def label_links(fix: FixContext, finding: Finding) -> Fix | str:
    """Label the edges between two stages, in the words of those that are labelled."""
    data = finding.data
    assert isinstance(data, UnmarkedLinks)
    deployment, tail, head = fix.deployment, data.tail, data.head
    if head != tail + 1:
        return "the edge does not go from a stage to the next"
    if any(len(edge.statements) > 1 or not draws_one_edge(edge) for edge in data.edges):
        return "a label of a chain or of a set would be another edge's too"
    numbers = deployment.stage_number(tail), deployment.stage_number(head)
    label = _worded(fix, data.marked, tail, head) or f"pipeline: stage {numbers[0]} to {numbers[1]}"
    edits = tuple(set_attribute(fix.text, edge.statement, "label", label) for edge in data.edges)
    what = the(len(edits), "edge")
    return Fix("safe", edits, f"Label {what} from stage {numbers[0]} to stage {numbers[1]} as a pipeline transfer")


def _worded(fix: FixContext, marked: Sequence[Edge], tail: int, head: int) -> str | None:
    """Give the label of the nearest link of the same length, with this one's stage numbers; None where there is none."""
    deployment = fix.deployment
    shown: list[tuple[int, str]] = []
    for other in marked:
        one, two = deployment.readings[other.tail.index].stage, deployment.readings[other.head.index].stage
        said = other.attribute("label")
        if one is None or two is None or two - one != head - tail or said is None or said.value.html:
            continue
        label = said.value.value
        if one != tail and number_spans(label):
            moved = moved_label(deployment, label, one, tail)
            label = "" if moved is None or moved == label else moved
        if label:
            shown.append((abs(one - tail), label))
    return min(shown)[1] if shown else None


@fixed_by(label_links)
def unmarked_pipeline_edges(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Edges from one pipeline stage to another without a label and without a communication node."""
    deployment = context.deployment
    marked, unmarked = crossing_edges(context)
    crossing: dict[tuple[str, int, int], list[Edge]] = defaultdict(list)
    for edge in unmarked:
        one, two = deployment.readings[edge.tail.index], deployment.readings[edge.head.index]
        crossing[one.phase or "", one.stage or 0, two.stage or 0].append(edge)
    for (name, tail, head), edges in crossing.items():
        edges = places.remaining(context.file, card, edges, places.at_edge)  # noqa: PLW2901
        if not edges:
            continue
        one_title, two_title = deployment.unit(name, tail), deployment.unit(name, head)
        label = f"pipeline: stage {deployment.stage_number(tail)} to {deployment.stage_number(head)}"
        verb = "is" if len(edges) == 1 else "are"
        yield card.finding(
            f"{count(len(edges), 'edge')} from {one_title} to {two_title} {verb} not marked as a pipeline transfer",
            edges[0].start,
            edges[0].end,
            nodes=tuple(dict.fromkeys(n for e in edges for n in (e.tail.name, e.head.name))),
            locations=places.at_edges(edges),
            related=tuple(Related(f"{e.tail.name} -> {e.head.name}", e.start, e.end) for e in edges[1:9]),
            about=one_title,
            graph=context.graph.index,
            help=f'label it, as `[label="{label}"]`, or put a communication node between',
            data=UnmarkedLinks(tuple(edges), tuple(marked), tail, head),
        )
    if marked and not crossing:
        yield Holds(
            card.section,
            "pipeline transfers",
            f"{count(len(marked), 'edge')} between stages, each with a label or a communication node",
        )


def draws_one_edge(edge: Edge) -> bool:
    """Whether the statement draws this one edge: neither a chain nor a set."""
    sides = edge.statement.sides
    return len(sides) == 2 and all(isinstance(side, list) and len(side) == 1 for side in sides)


def own_gpus(reading: Reading) -> bool:
    """Whether the node's own label or name, and not only its cluster, names its GPUs."""
    said = reading.evidence.gpus
    if said is not None and (said.transfer or said.vague or said.ids is None):
        return False
    return reading.gpus is not None


def name_joined_gpus(fix: FixContext, finding: Finding) -> Fix | str:
    """Name the GPUs of all that meet in a collective.

    Safe where it names none or some of them; where it names others, either side may be wrong.
    """
    data = finding.data
    assert isinstance(data, CollectiveGpus)
    edits: list[Edit] = []
    safe = True
    why = "the labels do not show how GPUs are written in a line of their own"
    deployment = fix.deployment
    for reading, joined in data.joined:
        near = [deployment.by_name[name] for name in fix.context.wiring.ins[reading.name]]
        if reading.evidence.gpus is None:
            edit = fix.gpus.added(reading, joined, near)
        else:
            edit = fix.gpus.set(reading, joined)
            why = f"`{reading.name}` does not name its GPUs in one place"
            safe = safe and reading.gpus is not None and reading.gpus <= joined
        edits += [edit] if edit else []
    if not edits:
        return why
    one = f"`{finding.nodes[0]}`" if len(edits) == 1 == len(finding.nodes) else count(len(edits), "collective")
    return Fix("safe" if safe else "unsafe", in_order(edits), f"Name the GPUs that {one} joins")


@fixed_by(name_joined_gpus)
def collective_groups(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """All-reduces and other collectives that name no GPUs, or not those of what they join."""
    deployment = context.deployment
    placed = Counter(r.evidence.name.family for r in deployment.operators if r.gpus)
    members = Counter(r.evidence.name.family for r in deployment.operators)
    without: list[tuple[Reading, GpuSet]] = []
    wrong: list[tuple[Reading, GpuSet]] = []
    right = 0
    ranks = _per_rank(context)
    for reading in deployment.operators:
        if reading.role is None or not reading.role.collective or reading.summary or reading.node.index in ranks:
            continue
        joined = joined_gpus(context, reading)
        if joined is None:
            continue
        family = reading.evidence.name.family
        if reading.gpus is None and reading.evidence.gpus is None:
            if 2 * placed[family] <= members[family]:  # else a sibling's GPUs tell that it lacks its own
                without.append((reading, joined))
        elif own_gpus(reading) and reading.gpus is not None:
            if joined <= reading.gpus:
                right += 1
            else:
                wrong.append((reading, joined))
    yield from _without_gpus(context, card, without)
    for unit, data in _by_unit(context, card, wrong):
        some = [reading for reading, _ in data.joined]
        joined = data.joined[0][1]
        start, end = places.of_node(some[0].node)
        more = (
            "" if len(some) == 1 else f", and {count(len(some) - 1, 'more collective')}{places.of_unit(unit)} like it"
        )
        yield card.finding(
            f"`{some[0].name}` is on GPUs {some[0].gpus}, but joins operators on {joined.short()}{more}",
            start,
            end,
            outcome="other-group",
            nodes=names(some),
            locations=places.at_nodes(some),
            about=unit,
            graph=context.graph.index,
            help="name the GPUs of all the operators that it joins",
            data=data,
        )
    if right and not wrong and not without:
        yield Holds(
            card.section,
            "groups of collectives",
            f"{count(right, 'collective names', 'collectives name')} the GPUs of what they join",
        )


def _by_unit(
    context: GraphContext, card: Card, joined: list[tuple[Reading, GpuSet]]
) -> Iterator[tuple[Unit | None, CollectiveGpus]]:
    by_node = {reading.node.index: gpus for reading, gpus in joined}
    remaining = places.remaining_nodes(context, card, [reading for reading, _ in joined])
    for unit, some in places.units(context.deployment, remaining).items():
        yield unit, CollectiveGpus(tuple((reading, by_node[reading.node.index]) for reading in some))


def _per_rank(context: GraphContext) -> set[int]:
    """Find the collectives that are drawn once a rank: several of one role that join the same operators."""
    alike: dict[tuple[str, frozenset[str]], list[int]] = defaultdict(list)
    for reading in context.deployment.operators:
        if reading.role is not None and reading.role.collective and (tails := context.wiring.ins[reading.name]):
            alike[reading.role.name, frozenset(tails)].append(reading.node.index)
    return {index for some in alike.values() if len(some) > 1 for index in some}


def joined_gpus(context: GraphContext, reading: Reading) -> GpuSet | None:
    """Join the GPUs of the shards that feed it; None where one of them names none, or there is but one."""
    tails = [
        context.deployment.by_name[n]
        for n in dict.fromkeys(context.wiring.ins[reading.name])
        if n in context.deployment.by_name
    ]
    if reading.role is not None and reading.role.communicates == "broadcast":
        tails = [
            context.deployment.by_name[n]
            for n in dict.fromkeys(context.wiring.outs[reading.name])
            if n in context.deployment.by_name
        ]
    if len(tails) < 2 or any(not own_gpus(r) or r.summary or r.kind == "io" for r in tails):
        return None
    sets = [r.gpus for r in tails if r.gpus]
    shared = len({r.evidence.name.family for r in tails}) == 1
    return union(sets) if shared and len(set(sets)) > 1 else None


def _without_gpus(context: GraphContext, card: Card, some: list[tuple[Reading, GpuSet]]) -> Iterator[Outcome]:
    for unit, data in _by_unit(context, card, some):
        group = [reading for reading, _ in data.joined]
        start, end = places.of_node(group[0].node)
        what = (
            f"collective `{group[0].name}` names"
            if len(group) == 1
            else f"{count(len(group), 'collective')}{places.of_unit(unit)} name"
        )
        yield card.finding(
            f"{what} no GPUs, though the operators that meet there do",
            start,
            end,
            nodes=names(group),
            locations=places.at_nodes(group),
            about=unit,
            graph=context.graph.index,
            help="name the GPUs of all the operators that it joins",
            data=data,
        )


_ROUTED = ("gate", "route", "aggregate", "residual")


def silent_transfers(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Edges between operators that share no GPU, without a communication node or a label."""
    deployment = context.deployment
    silent: list[tuple[Reading, Edge]] = []
    said = 0
    for edge in context.graph.edges:
        one, two = deployment.readings[edge.tail.index], deployment.readings[edge.head.index]
        if (
            one.gpus is None
            or two.gpus is None
            or not own_gpus(one)
            or not own_gpus(two)
            or not one.gpus.isdisjoint(two.gpus)
        ):
            continue
        if _moves(one) or _moves(two) or _marked(edge) or one.is_role(*_ROUTED) or two.is_role(*_ROUTED):
            said += 1
        elif not (
            one.stage is not None and two.stage is not None and one.stage != two.stage and context.strategy is not None
        ):
            silent.append((one, edge))  # between stages of a declared pipeline that is another rule's
    shown = places.remaining(context.file, card, silent, lambda one: places.at_edge(one[1]))
    for unit, some in places.units(deployment, {r.node.index: r for r, _ in shown}.values()).items():
        inside = {r.node.index for r in some}
        edges = [e for r, e in shown if r.node.index in inside]
        first = edges[0]
        here, there = deployment.readings[first.tail.index].gpus, deployment.readings[first.head.index].gpus
        assert here is not None
        assert there is not None
        more = "" if len(edges) == 1 else f", and {count(len(edges) - 1, 'more edge')}{places.of_unit(unit)}"
        yield card.finding(
            f"`{first.tail.name} -> {first.head.name}` moves data from GPUs {here.short()} "
            f"to {there.short()} without communication{more}",
            first.start,
            first.end,
            nodes=tuple(dict.fromkeys(n for e in edges for n in (e.tail.name, e.head.name))),
            locations=places.at_edges(edges),
            related=tuple(Related(f"{e.tail.name} -> {e.head.name}", e.start, e.end) for e in edges[1:9]),
            about=unit,
            graph=context.graph.index,
            help="put a communication node between them, or label the edge",
        )
    if said and not silent:
        yield Holds(
            card.section,
            "transfers",
            f"{count(said, 'edge')} between GPUs that have nothing in common, each with communication",
        )
