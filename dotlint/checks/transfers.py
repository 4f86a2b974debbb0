"""C and D: transfers between GPUs and stages, and the GPUs of collectives."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from dotlint.checks import grouping
from dotlint.deployment.shards import within_stage
from dotlint.deployment.words import number_spans, plain_words
from dotlint.edits.attributes import set_attribute
from dotlint.edits.edge_attributes import moved_label
from dotlint.edits.fix_context import fixed_by, in_order
from dotlint.engine.finding import Fix, Holds
from dotlint.strategy.gpus import GpuSet, union
from dotlint.text.english import count, listed, the
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.deployment.unit import Unit
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Edit, Finding, Outcome
    from dotlint.graph.model import Edge

_ROUTED = ("gate", "route", "aggregate", "residual")
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
    """Return whether the node itself is a transfer, collective, split or gather, or an input or output."""
    return reading.kind in {"io", "communication", "memory", None} or bool(
        reading.role and reading.role.communicates in _MOVES
    )


def _carries(reading: Reading) -> bool:
    """Return whether the node moves data to or from GPUs that are not its own, as a collective does not."""
    return reading.kind in {"communication", "memory"} and not (reading.role and reading.role.collective)


def _text(edge: Edge) -> str:
    return (edge.label or edge.attributes.get("xlabel", "")).strip()


def _marked(edge: Edge) -> bool:
    return bool(_text(edge))


def _names_transfer(context: GraphContext, edge: Edge) -> bool:
    """Return whether the edge's label states how data travels (`P2P`, `NVLink`, `route`), or that it is the KV cache."""
    text = _text(edge)
    if not text:
        return False
    vocabulary = context.deployment.vocabulary
    role = vocabulary.role(text)
    named = role is not None and (
        role.kind in {"communication", "memory"} or role.name in _ROUTED or role.communicates is not None
    )
    words = {*plain_words(text).split(), *_WORD.findall(text.lower())}
    return (
        named
        or _CARRIERS.search(text) is not None
        or any(w in (words if w.isascii() else text) for w in vocabulary.links)
    )


_WORD = regex(r"[^\W_]+")
_CARRIERS = regex(
    r"pipeline|comm|transfer|send|recv|p2p|cross[\s_-]?stage|\bpp\b|\bring\b(?!\s*att)",
    re.IGNORECASE,
    needs=("pipeline", "comm", "transfer", "send", "recv", "p2p", "cross", "pp", "ring"),
)


def _is_transfer(context: GraphContext, reading: Reading) -> bool:
    """Return whether the node is the transfer between stages, by its role or a word in its name or label.

    A collective that only connects operators of its own stage ends that stage; it transfers nothing to the next.
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
    """Collectives of one unit, each with the GPUs of all the operators that it connects."""

    joined: tuple[tuple[Reading, GpuSet], ...]


class Crossing(NamedTuple):
    """The edges between pipeline stages: those marked as transfers, and the others."""

    marked: list[Edge]
    unmarked: list[Edge]


def crossing_edges(context: GraphContext) -> Crossing:
    """Return the edges between stages of one phase, except edges between nodes that represent whole stages."""
    deployment = context.deployment
    found = Crossing([], [])
    labeled = {(edge.tail.index, edge.head.index) for edge in context.graph.edges if _marked(edge)}
    for edge in context.graph.edges:
        one, two = deployment.readings[edge.tail.index], deployment.readings[edge.head.index]
        phase = context.phase(one.phase)
        if phase is None or phase.stage_count < 2 or one.phase is None or one.phase != two.phase:
            continue
        if one.stage is None or two.stage is None or one.stage == two.stage:
            continue
        # One of several parallel edges is enough to mark the boundary.
        if (one.node.index, two.node.index) in labeled or _is_transfer(context, one) or _is_transfer(context, two):
            found.marked.append(edge)
        elif one.role is not None or two.role is not None:
            found.unmarked.append(edge)
    return found


def label_links(fix: FixContext, finding: Finding) -> Fix | str:
    """Label the edges between two stages like the edges that have labels."""
    data = finding.data
    assert isinstance(data, UnmarkedLinks)
    deployment, tail, head = fix.deployment, data.tail, data.head
    if head != tail + 1:
        return "the edge does not lead from one stage to the next"
    if any(len(edge.statements) > 1 or not draws_one_edge(edge) for edge in data.edges):
        return "the statement draws other edges too, which would get the same label"
    numbers = deployment.stage_number(tail), deployment.stage_number(head)
    label = _nearest_label(fix, data.marked, tail, head) or f"pipeline: stage {numbers[0]} to {numbers[1]}"
    edits = tuple(set_attribute(fix.text, edge.statement, "label", label) for edge in data.edges)
    what = the(len(edits), "edge")
    return Fix("safe", edits, f"Label {what} from stage {numbers[0]} to stage {numbers[1]} as a pipeline transfer")


def _nearest_label(fix: FixContext, marked: Sequence[Edge], tail: int, head: int) -> str | None:
    """Return the label of the nearest link of the same length, renumbered for these stages; None if there is none."""
    deployment = fix.deployment
    labels: list[tuple[int, str]] = []
    for other in marked:
        one, two = deployment.readings[other.tail.index].stage, deployment.readings[other.head.index].stage
        attribute = other.attribute("label")
        if one is None or two is None or two - one != head - tail or attribute is None or attribute.value.html:
            continue
        label = attribute.value.value
        if one != tail and number_spans(label):
            moved = moved_label(deployment, label, one, tail)
            label = "" if moved is None or moved == label else moved
        if label:
            labels.append((abs(one - tail), label))
    return min(labels)[1] if labels else None


@fixed_by(label_links)
def unmarked_pipeline_edges(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report edges between pipeline stages without a label or a communication node."""
    deployment = context.deployment
    marked, unmarked = crossing_edges(context)
    crossing: dict[tuple[str, int, int], list[Edge]] = defaultdict(list)
    for edge in unmarked:
        one, two = deployment.readings[edge.tail.index], deployment.readings[edge.head.index]
        crossing[one.phase or "", one.stage or 0, two.stage or 0].append(edge)
    for (name, tail, head), edges in crossing.items():
        edges = grouping.remaining(context.file, card, edges, grouping.at_edge)  # noqa: PLW2901
        if not edges:
            continue
        one_title, two_title = deployment.unit(name, tail), deployment.unit(name, head)
        label = f"pipeline: stage {deployment.stage_number(tail)} to {deployment.stage_number(head)}"
        verb = "is" if len(edges) == 1 else "are"
        yield grouping.edges_finding(
            context,
            card,
            one_title,
            edges,
            f"{count(len(edges), 'edge')} from {one_title} to {two_title} {verb} not marked as a pipeline transfer",
            help=f'label {"it" if len(edges) == 1 else "them"}, for example `[label="{label}"]`, or add a communication node',
            data=UnmarkedLinks(tuple(edges), tuple(marked), tail, head),
        )
    if marked and not crossing:
        yield Holds(
            card.section,
            "pipeline transfers",
            f"{count(len(marked), 'edge between stages has', 'edges between stages have')} a label or a communication node",
        )


def draws_one_edge(edge: Edge) -> bool:
    """Return whether the statement draws only this edge: it is neither a chain nor a set."""
    sides = edge.statement.sides
    return len(sides) == 2 and all(isinstance(side, list) and len(side) == 1 for side in sides)


def own_gpus(reading: Reading) -> bool:
    """Return whether the node's own label or name, and not only its cluster, names its GPUs."""
    label = reading.evidence.gpus
    if label is not None and (label.transfer or label.vague or label.ids is None):
        return False
    return reading.gpus is not None


def name_joined_gpus(fix: FixContext, finding: Finding) -> Fix | str:
    """Write the GPUs of all the operators that a collective connects into its label.

    The fix is safe if the label names none or some of them. If it names others, either side may be wrong.
    """
    data = finding.data
    if not isinstance(data, CollectiveGpus):
        return "the operator may lead to the collective, or the collective may not be for its GPUs"
    edits: list[Edit] = []
    safe = True
    why = "no label shows how GPUs are written on a separate line"
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
    return Fix(
        "safe" if safe else "unsafe", in_order(edits), f"Name the GPUs that {one} connect{'s' * (len(edits) == 1)}"
    )


@fixed_by(name_joined_gpus)
def collective_groups(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report collectives that name no GPUs, or not those of all the operators that they connect."""
    deployment = context.deployment
    placed = Counter(r.evidence.name.family for r in deployment.operators if r.gpus)
    members = Counter(r.evidence.name.family for r in deployment.operators)
    without: list[tuple[Reading, GpuSet]] = []
    wrong: list[tuple[Reading, GpuSet]] = []
    avoided: list[tuple[Reading, list[Reading]]] = []
    right = 0
    ranks = _per_rank(context)
    for reading in deployment.operators:
        if reading.role is None or not reading.role.collective or reading.summary or reading.node.index in ranks:
            continue
        if not reading.node.declared:
            continue  # another rule reports it, and it has no label to add them to
        joined = joined_gpus(context, reading)
        if joined is None:
            continue
        family = reading.evidence.name.family
        if reading.gpus is None and reading.evidence.gpus is None:
            if 2 * placed[family] <= members[family]:  # otherwise another rule infers them from its siblings
                without.append((reading, joined))
        elif own_gpus(reading) and reading.gpus is not None:
            if around := _around(context, reading, reading.gpus):
                avoided.append((reading, around))
            elif joined <= reading.gpus:
                right += 1
            else:
                wrong.append((reading, joined))
    yield from _without_gpus(context, card, without)
    for unit, data in _by_unit(context, card, wrong):
        some = [reading for reading, _ in data.joined]
        joined = data.joined[0][1]
        more = "" if len(some) == 1 else f"; also {count(len(some) - 1, 'more collective')}{grouping.of_unit(unit)}"
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            some,
            f"`{some[0].name}` is on GPUs {some[0].gpus}, but connects operators on {joined.short()}{more}",
            outcome="other-group",
            help="name the GPUs of all the operators that it connects",
            data=data,
        )
    for reading, around in avoided:
        if left := grouping.remaining_nodes(context, card, around):
            yield grouping.nodes_finding(
                context,
                card,
                grouping.unit_of(deployment, left),
                left,
                f"`{reading.name}` is on GPUs {reading.gpus}, but {listed([f'`{r.name}`' for r in left], 8)}"
                f" on {union(r.gpus for r in left if r.gpus).short()} {'do' if len(left) > 1 else 'does'} not lead to it",
                outcome="avoided",
                help=f"lead {'them' if len(left) > 1 else 'it'} through the collective, as the other shards are",
            )
    if right and not wrong and not without and not avoided:
        yield Holds(
            card.section,
            "groups of collectives",
            count(right, "collective names", "collectives name") + " the GPUs of all connected operators",
        )


def _around(context: GraphContext, collective: Reading, gpus: GpuSet) -> list[Reading]:
    """Return the shards on GPUs of a collective that lead round it, although all others of the shards lead to it."""
    deployment, wiring = context.deployment, context.wiring
    tails = [deployment.by_name[name] for name in dict.fromkeys(wiring.ins[collective.name])]
    unused = gpus - union(r.gpus for r in tails if r.gpus)
    if not unused or len({r.evidence.name.family for r in tails}) != 1:
        return []
    first, numbers = tails[0], [r.evidence.name.numbers for r in tails]
    varying = {i for i, column in enumerate(zip(*numbers, strict=True)) if len(set(column)) > 1}
    if len(varying) != 1:
        return []
    (at,) = varying
    proposed = {missing.pair for missing in context.missing}

    def fixed(reading: Reading) -> tuple[object, ...]:
        name = reading.evidence.name
        rest = (*name.numbers[:at], *name.numbers[at + 1 :])
        return reading.phase, reading.stage, reading.layer, reading.replica, reading.role, name.family, rest

    beside = [r for r in deployment.operators if r not in tails and fixed(r) == fixed(first)]
    if not beside or len(beside) >= len(tails) or union(r.gpus for r in beside if r.gpus) != unused:
        return []
    if any((r.name, collective.name) in proposed or not all(e.head.declared for e in r.node.out_edges) for r in beside):
        return []  # another rule reports the missing edge, or the unknown node that has its place
    reported = {tail.name for fault in context.flow.faults for tail in fault.tails}
    if not reported.isdisjoint(r.name for r in beside):
        return []  # the finding about tensors reports what is lost
    leads = all(wiring.outs[r.name] for r in beside)
    return beside if leads and collective.name not in wiring.reach([r.name for r in beside]) else []


def _by_unit(
    context: GraphContext, card: Card, joined: list[tuple[Reading, GpuSet]]
) -> Iterator[tuple[Unit | None, CollectiveGpus]]:
    by_node = {reading.node.index: gpus for reading, gpus in joined}
    remaining = grouping.remaining_nodes(context, card, [reading for reading, _ in joined])
    for unit, some in grouping.units(context.deployment, remaining).items():
        yield unit, CollectiveGpus(tuple((reading, by_node[reading.node.index]) for reading in some))


def _per_rank(context: GraphContext) -> set[int]:
    """Return the collectives that are drawn once per rank.

    They are several of one role with the same producers, or all-to-alls of one role that send to the same operator.
    """
    alike: dict[tuple[str, object], list[int]] = defaultdict(list)
    for reading in context.deployment.operators:
        if reading.role is None or not reading.role.collective:
            continue
        if tails := context.wiring.ins[reading.name]:
            alike[reading.role.name, frozenset(tails)].append(reading.node.index)
        if reading.role.communicates == "all-to-all":
            for head in dict.fromkeys(context.wiring.outs[reading.name]):
                alike[reading.role.name, head].append(reading.node.index)
    return {index for some in alike.values() if len(some) > 1 for index in some}


def joined_gpus(context: GraphContext, reading: Reading) -> GpuSet | None:
    """Return all GPUs of the shards that a collective connects; None if they are not known.

    They are those that feed it, those that a broadcast feeds, and both for an all-to-all within one stage.
    """
    sides = {"broadcast": (context.wiring.outs,), "all-to-all": (context.wiring.ins, context.wiring.outs)}
    kind = reading.role.communicates if reading.role is not None else None
    heads = (context.deployment.by_name.get(name) for name in context.wiring.outs[reading.name])
    if kind == "all-to-all" and any(head and head.stage != reading.stage for head in heads):
        kind = None
    found = [
        gpus
        for side in sides.get(kind or "", (context.wiring.ins,))
        if (gpus := _gpus_of_shards(context, reading, side[reading.name]))
    ]
    return union(found) if found else None


def _gpus_of_shards(context: GraphContext, collective: Reading, beside: Iterable[str]) -> GpuSet | None:
    """Return all GPUs of the shards on one side of a collective; None if one names none, or there is only one."""
    by_name = context.deployment.by_name
    shards = [by_name[n] for n in dict.fromkeys(beside) if n in by_name]
    if len(shards) < 2 or any(not own_gpus(r) or r.summary or r.kind == "io" for r in shards):
        return None
    if collective.gpus is None and all(r.evidence.gpus is None for r in shards):
        return None  # only names have numbers of GPUs, which those of collectives need not
    sets = [r.gpus for r in shards if r.gpus]
    shared = len({r.evidence.name.family for r in shards}) == 1
    return union(sets) if shared and len(set(sets)) > 1 else None


def _without_gpus(context: GraphContext, card: Card, some: list[tuple[Reading, GpuSet]]) -> Iterator[Outcome]:
    for unit, data in _by_unit(context, card, some):
        group = [reading for reading, _ in data.joined]
        what = (
            f"collective `{group[0].name}` names"
            if len(group) == 1
            else f"{count(len(group), 'collective')}{grouping.of_unit(unit)} name"
        )
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            group,
            f"{what} no GPUs, although the operators that {'it connects' if len(group) == 1 else 'they connect'} do",
            help="name the GPUs of all the operators that it connects",
            data=data,
        )


def _is_device(reading: Reading) -> bool:
    """Return whether the node is a device by its title, not an operator on one."""
    return bool(re.fullmatch(r"\s*(?:gpu|npu|cuda|device|rank|card)s?\W*\d+\s*", reading.evidence.title, re.IGNORECASE))


def _passes_stages(context: GraphContext, one: Reading, two: Reading) -> bool:
    """Return whether an edge leads from stage to stage of a pipeline that is declared, or that the file itself states."""
    if one.stage is None or two.stage is None or one.stage == two.stage:
        return False
    stated = not (one.stage_from_gpus or two.stage_from_gpus) and two.stage == one.stage + 1
    return stated or context.strategy is not None


def silent_transfers(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report edges between operators that share no GPU, without a communication node or a label."""
    deployment = context.deployment
    silent: list[tuple[Reading, Edge]] = []
    explicit = exempt = 0
    named = {(edge.tail.index, edge.head.index) for edge in context.graph.edges if _names_transfer(context, edge)}
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
        if _is_device(one) or _is_device(two):
            continue  # the edge is a link between GPUs, not data on its way through a model
        if (edge.tail.index, edge.head.index) in named or _carries(one) or _carries(two):
            explicit += 1
        elif (
            _moves(one) or _moves(two) or two.step is not None  # keys and values that come round the ring
        ):
            exempt += "io" not in (one.kind, two.kind)
        elif one.is_role(*_ROUTED) or two.is_role(*_ROUTED):
            exempt += 1  # the exchange around experts is the matter of another rule, and nothing marks it here
        elif not _passes_stages(context, one, two):
            silent.append((one, edge))  # another rule reports edges between the stages of a pipeline
    left = grouping.remaining(context.file, card, silent, lambda one: grouping.at_edge(one[1]))
    for unit, some in grouping.units(deployment, {r.node.index: r for r, _ in left}.values()).items():
        inside = {r.node.index for r in some}
        edges = [e for r, e in left if r.node.index in inside]
        first = edges[0]
        here, there = deployment.readings[first.tail.index].gpus, deployment.readings[first.head.index].gpus
        assert here is not None
        assert there is not None
        more = "" if len(edges) == 1 else f", and {count(len(edges) - 1, 'more edge')}{grouping.of_unit(unit)}"
        yield grouping.edges_finding(
            context,
            card,
            unit,
            edges,
            f"`{first.tail.name} -> {first.head.name}` moves data from GPUs {here.short()} "
            f"to {there.short()} without a communication node{more}",
            help=f"add a communication node, or label the edge{'s' * (len(edges) > 1)}",
        )
    if explicit and not silent and not exempt:
        which = count(explicit, "edge between disjoint sets of GPUs has", "edges between disjoint sets of GPUs have")
        yield Holds(card.section, "transfers", f"{which} a label or a transfer node")
