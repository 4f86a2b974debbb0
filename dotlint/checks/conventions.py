"""H and V: differences between prefill and decode, and files with a drawing convention of their own."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.checks import cross_file, grouping
from dotlint.checks.grouping import LEFT_OUT, names
from dotlint.checks.visual import is_no_computation
from dotlint.checks.whole_boxes import is_whole_box
from dotlint.data import graphviz
from dotlint.deployment import axes
from dotlint.deployment.unit import phase_unit
from dotlint.deployment.words import plain_words
from dotlint.engine.finding import Holds, Related, Undecided
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Edge

_PHASES = {"prefill": {"prefill"}, "decode": {"decode", "decoding", "dec"}}
_CACHE = ("kv", "cache", "token", "handoff", "hand over", "transition", "next", "phase")


def _stated_phase(context: GraphContext, reading: Reading) -> str | None:
    """Return the phase that the node, one of its clusters or the strategy states; None if it was inferred."""
    phase = reading.phase
    if phase is None:
        return None
    if phase in reading.evidence.phases or phase == context.file.only_phase:
        return phase
    for innermost in reading.node.subgraphs:
        for subgraph in (innermost, *innermost.ancestors):
            words = set(plain_words(f"{subgraph.name or ''} {subgraph.own_attributes.get('label', '')}").split())
            if words & _PHASES.get(phase, set()):
                return phase
    return None


def leaking_edges(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report edges between prefill and decode that transfer neither the KV cache nor the first token."""
    deployment = context.deployment
    if not {"prefill", "decode"} <= set(deployment.phases):
        return
    leaks: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    allowed = 0
    by_name = _prefill_by_name(deployment)
    for edge in context.graph.edges:
        one, two = deployment.readings[edge.tail.index], deployment.readings[edge.head.index]
        if one.phase == two.phase or None in (one.phase, two.phase):
            continue
        tail = _stated_phase(context, one) or by_name.get(one.name)
        head = _stated_phase(context, two) or by_name.get(two.name)
        if tail is None or head is None:
            continue
        words = f"{edge.label} {one.name} {two.name} {one.evidence.title} {two.evidence.title}".lower()
        ends = one.kind == "io" or two.kind == "io" or one.is_role("head", "sampling") or two.is_role("embedding")
        kept = one.kind in {"memory", "communication"} or two.kind in {"memory", "communication"}
        if tail == "prefill" and (ends or kept or any(word in words for word in _CACHE)):
            allowed += 1
        else:
            leaks[tail, head].append(edge)
    for (tail, head), edges in leaks.items():
        edges = grouping.remaining(context.file, card, edges, grouping.at_edge)  # noqa: PLW2901
        if not edges:
            continue
        first = edges[0]
        more = "" if len(edges) == 1 else f", and {count(len(edges) - 1, 'more edge')}"
        yield grouping.edges_finding(
            context,
            card,
            phase_unit(head),
            edges,
            f"`{first.tail.name} -> {first.head.name}` leads from {tail} to {head} but is not a KV-cache transfer{more}",
            help="remove the edge, or label it if it transfers the KV cache or the first token",
        )
    if allowed and not leaks:
        yield Holds(
            card.section,
            "between phases",
            f"{count(allowed, 'edge')} from prefill to decode: labeled KV cache, or at a cache, transfer, input or output",
        )


def _prefill_by_name(deployment: Deployment) -> dict[str, str]:
    """Return prefill nodes identified by a decode node of the same name: `ln_l3`, if there is a `decode_ln_l3`."""

    def words_and_numbers(reading: Reading) -> tuple[str, ...]:
        words = (word for word in plain_words(reading.name).split() if word not in _PHASES["decode"])
        return (*words, *map(str, reading.evidence.name.numbers))

    known = {words_and_numbers(r) for r in deployment.readings if r.phase == "decode"}
    return {r.name: "prefill" for r in deployment.readings if r.phase == "prefill" and words_and_numbers(r) in known}


_LONG = (
    "attention",
    "scores",
    "softmax",
    "key-projection",
    "value-projection",
    "kv-cache",
    "kv-transfer",
    "sequence-split",
    "sequence-gather",
)


def long_decodes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report decode operators whose sequence dimension is longer than one token."""
    deployment = context.deployment
    if "decode" not in deployment.phases:
        return
    wrong: list[tuple[Reading, int]] = []
    right = 0
    for reading in deployment.operators:
        if reading.is_role(*_LONG) or reading.summary or _stated_phase(context, reading) != "decode":
            continue
        text = " ".join(reading.evidence.lines).lower()
        if any(word in text for word in ("cache", "past", "context", "speculat", "draft", "chunk")):
            continue
        tensors = reading.evidence.tensors
        lengths = [n for d in (*tensors.inputs, *tensors.outputs) if (n := axes.size(d, "seq")) is not None]
        if not lengths:
            continue
        if max(lengths) > 1:
            wrong.append((reading, max(lengths)))
        else:
            right += 1
    by_node = {r.node.index: n for r, n in wrong}
    for unit, some in grouping.units(
        deployment, grouping.remaining_nodes(context, card, [r for r, _ in wrong])
    ).items():
        what = (
            f"`{some[0].name}` states"
            if len(some) == 1
            else f"{count(len(some), 'operator')}{grouping.of_unit(unit)} state"
        )
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            some,
            f"{what} a sequence of {by_node[some[0].node.index]}, but decode processes one token per step",
            help="state seq=1",
        )
    if right and not wrong:
        yield Holds(
            card.section,
            "decode dimensions",
            f"{count(right, 'operator states', 'operators state')} a sequence of one token",
        )


# Roles that belong to one phase only, to its inputs and outputs, or to its wiring.
_NOT_COMPARED = {
    *(
        "sequence-split",
        "sequence-gather",
        "split",
        "gather",
        "input",
        "output",
        "embedding",
        "head",
        "sampling",
    ),
    *("send", "receive", "transfer", "kv-cache", "kv-transfer", "broadcast", "legend", "dispatch", "combine"),
    *("all-to-all", "all-gather", "reduce-scatter", "aggregate", "activation"),
}
_SAME = {
    "query": "qkv",
    "key-projection": "qkv",
    "value-projection": "qkv",
    "scores": "attention",
    "softmax": "attention",
    "route": "gate",
    "mlp-up": "mlp",
    "mlp-down": "mlp",
}


def differing_phases(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report kinds of operators that prefill has and decode lacks, if both are drawn in the same detail."""
    deployment = context.deployment
    if {"prefill", "decode"} <= set(deployment.phases):
        yield from _compared(context, card, deployment.operators, deployment.operators)
        return
    yield from cross_file.not_named(context, card, "comparison of prefill and decode")
    for other in cross_file.in_other_files(context):
        if not cross_file.reported_here(context):
            continue
        if (context.file.only_phase, other.name) == ("decode", "prefill"):
            yield from _compared(
                context, card, other.operators, cross_file.operators_here(context), prefill_in=other.file
            )
        elif (context.file.only_phase, other.name) == ("prefill", "decode"):
            yield from _compared(
                context, card, cross_file.operators_here(context), other.operators, decode_in=other.file
            )


def _kinds(operators: Iterable[Reading], phase: str) -> dict[str, Reading]:
    """Return the first operator of each kind in a phase; operators that the phases share are in both."""
    found: dict[str, Reading] = {}
    for reading in operators:
        if reading.role is None or reading.role.name in _NOT_COMPARED or reading.summary:
            continue
        if reading.phase is None or reading.phase == phase:
            found.setdefault(_SAME.get(reading.role.name, reading.role.name), reading)
    return found


def _compared(
    context: GraphContext,
    card: Card,
    prefill: Sequence[Reading],
    decode: Sequence[Reading],
    prefill_in: str | None = None,
    decode_in: str | None = None,
) -> Iterator[Outcome]:
    """Compare two phases; `prefill_in` or `decode_in` is the path of the other file if that phase is in it."""
    kinds, known = _kinds(prefill, "prefill"), _kinds(decode, "decode")
    lacking = {role: reading for role, reading in kinds.items() if role not in known}
    declared = context.phase("decode")
    if declared is not None and not declared.assumed and declared.attention_tp == 1:
        lacking.pop("all-reduce", None)  # it sums over the ranks that divide attention, which decode does not have
    common = len(kinds) - len(lacking)
    summarized = any(r.phase == "decode" and r.summary for r in decode)
    if summarized or common < 2 or len(lacking) > common:
        return
    if not lacking:
        text = f"decode, like prefill, has {listed(list(kinds), 12)}"
        other = prefill_in or decode_in
        yield Holds(card.section, "phases", f"{text} ({other})" if other else text)
        return
    if context.abridged.parts:
        yield Undecided(card.section, "phases", LEFT_OUT)
        return
    first = next(iter(lacking.values())) if decode_in else next(r for r in decode if r.phase == "decode")
    # A finding cannot point into another file: the message names those nodes.
    here = {} if prefill_in else lacking
    where = f"in {prefill_in}" if prefill_in else "here" if decode_in else "in prefill"
    subject = f"decode, in {decode_in}," if decode_in else "decode"
    yield card.finding(
        f"{subject} lacks {listed([f'{role} (`{r.name}` {where})' for role, r in lacking.items()], 4)}",
        *grouping.of_node(first.node),
        nodes=names(here.values()),
        related=tuple(Related(f"{role} of prefill", *grouping.of_node(r.node)) for role, r in here.items()),
        about=phase_unit("decode"),
        graph=context.graph.index,
        other_file=prefill_in or decode_in,
        help="add these operators to decode, which runs the same layers as prefill",
    )


def _is_ambiguous(reading: Reading) -> bool:
    """Return whether the node fits two kinds: a split or gather, an `All-to-All Routing`."""
    if reading.is_role("split", "gather", "sequence-split", "sequence-gather"):
        return True
    return (
        reading.kind == "communication"
        and re.search(r"rout|aggregat|select", reading.evidence.title, re.IGNORECASE) is not None
    )


def _acceptable(reading: Reading, shapes: dict[str, tuple[str, ...]]) -> set[str]:
    """Return the shapes that the convention allows for the role of a node."""
    kinds = reading.role.drawn_as if reading.role is not None else ()
    if reading.evidence.gpus is not None and reading.evidence.gpus.transfer:
        kinds = (*kinds, "communication")
    return {shape for kind in kinds for shape in shapes.get(kind, ())}


def mixed_conventions(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report, once a file, kinds of operators that it draws in other shapes than the convention."""
    deployment = context.deployment
    shapes = deployment.vocabulary.shapes
    known = {shape.lower() for shape in graphviz.shapes()}
    drawn: dict[str, list[tuple[str, Reading]]] = defaultdict(list)
    for reading in deployment.operators:
        # A shape that was not chosen is no convention.
        shape = reading.node.attributes.get("shape", "").lower()
        if (
            reading.kind in shapes
            and shape in known
            and not (reading.summary or is_whole_box(context, reading))
            and not _is_ambiguous(reading)
            and not (reading.kind == "computation" and is_no_computation(reading))
        ):
            drawn[str(reading.kind)].append((shape, reading))
    parts: list[str] = []
    nodes: list[Reading] = []
    least = int(card.parameters["least"])
    for kind, members in drawn.items():
        odd = [(shape, reading) for shape, reading in members if shape not in _acceptable(reading, shapes)]
        if len(odd) < least or 2 * len(odd) <= len(members):
            continue
        found = Counter(shape for shape, _ in members)
        most, number = Counter(shape for shape, _ in odd).most_common(1)[0]
        if 4 * number >= 3 * len(members):
            share = f"all {number}" if number == len(members) else f"{number} of {len(members)}"
            parts.append(f"{kind} is drawn as {most} ({share}) instead of {shapes[kind][0]}")
        else:
            mixture = listed([f"{shape} ({n})" for shape, n in found.most_common()])
            parts.append(f"{kind} is drawn as {mixture} instead of {shapes[kind][0]}")
        nodes += [reading for _, reading in odd]
    if not parts:
        return
    first = min(nodes, key=lambda r: r.node.index)
    yield card.finding(
        f"the file uses other shapes than the convention: {'; '.join(parts)}",
        *grouping.of_node(first.node),
        nodes=names(sorted(nodes, key=lambda r: r.node.index)),
        graph=context.graph.index,
        help="set the conventional shapes, or ignore this finding if the shapes are intended",
    )
