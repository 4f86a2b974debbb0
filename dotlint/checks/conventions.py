"""H and V: what prefill and decode have in common, and a file that keeps to a convention of its own."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.checks import places
from dotlint.checks.places import count, listed, names
from dotlint.data import graphviz
from dotlint.deployment import axes
from dotlint.deployment.words import plain_words
from dotlint.engine.finding import Holds, Related

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Edge

_PHASES = {"prefill": {"prefill"}, "decode": {"decode", "decoding", "dec"}}
_CACHE = ("kv", "cache", "token", "handoff", "hand over", "transition", "next", "phase")


def _explicit(reading: Reading) -> str | None:
    """Give the phase that the node itself or one of its clusters states; None where it was concluded."""
    phase = reading.phase
    if phase is None:
        return None
    if phase in reading.evidence.phases:
        return phase
    for innermost in reading.node.subgraphs:
        for subgraph in (innermost, *innermost.ancestors):
            words = set(
                plain_words(f"{subgraph.name or ''} {subgraph.own_attributes.get('label', '')}").split()
            )
            if words & _PHASES.get(phase, set()):
                return phase
    return None


def leaking_edges(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Edges between prefill and decode that hand over neither the KV cache nor the first token."""
    deployment = context.deployment
    if not {"prefill", "decode"} <= set(deployment.phases):
        return
    leaks: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    allowed = 0
    for edge in context.graph.edges:
        one, two = deployment.readings[edge.tail.index], deployment.readings[edge.head.index]
        if one.phase == two.phase or None in (one.phase, two.phase):
            continue
        tail, head = _explicit(one), _explicit(two)
        if tail is None or head is None:
            continue
        words = f"{edge.label} {one.name} {two.name} {one.evidence.title} {two.evidence.title}".lower()
        ends = (
            one.kind == "io"
            or two.kind == "io"
            or one.is_role("head", "sampling")
            or two.is_role("embedding")
        )
        kept = one.kind in {"memory", "communication"} or two.kind in {"memory", "communication"}
        if tail == "prefill" and (ends or kept or any(word in words for word in _CACHE)):
            allowed += 1
        else:
            leaks[tail, head].append(edge)
    for (tail, head), edges in leaks.items():
        first = edges[0]
        more = "" if len(edges) == 1 else f", and {count(len(edges) - 1, 'more edge')}"
        yield card.finding(
            f"`{first.tail.name} -> {first.head.name}` leads from {tail} to {head} "
            f"and is no KV-cache transfer{more}",
            first.start,
            first.end,
            nodes=tuple(dict.fromkeys(n for e in edges for n in (e.tail.name, e.head.name))),
            related=tuple(Related(f"{e.tail.name} -> {e.head.name}", e.start, e.end) for e in edges[1:9]),
            unit=head,
            graph=context.graph.index,
            help="only the KV cache and the first token pass from one phase to the other",
        )
    if allowed and not leaks:
        yield Holds(
            card.section,
            "between phases",
            f"{count(allowed, 'edge hands', 'edges hand')} over the KV cache or the first token",
        )


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
    """Operators of decode whose dimensions have a sequence of more than one token."""
    deployment = context.deployment
    if "decode" not in deployment.phases:
        return
    wrong: list[tuple[Reading, int]] = []
    right = 0
    for reading in deployment.operators:
        if reading.is_role(*_LONG) or reading.summary or _explicit(reading) != "decode":
            continue
        text = " ".join(reading.evidence.lines).lower()
        if any(word in text for word in ("cache", "past", "context", "speculat", "draft", "chunk")):
            continue
        tensors = reading.evidence.tensors
        said = [n for d in (*tensors.inputs, *tensors.outputs) if (n := axes.size(d, "seq")) is not None]
        if not said:
            continue
        if max(said) > 1:
            wrong.append((reading, max(said)))
        else:
            right += 1
    by_node = {r.node.index: n for r, n in wrong}
    for title, some in places.units(deployment, [r for r, _ in wrong]).items():
        start, end = places.of_node(some[0].node)
        what = (
            f"`{some[0].name}` states"
            if len(some) == 1
            else f"{count(len(some), 'operator')}{places.of_unit(title)} state"
        )
        yield card.finding(
            f"{what} a sequence of {by_node[some[0].node.index]}, but decode works on one token a step",
            start,
            end,
            nodes=names(some),
            unit=title or None,
            graph=context.graph.index,
            help="state seq=1",
        )
    if right and not wrong:
        yield Holds(
            card.section,
            "decode dimensions",
            f"{count(right, 'operator states', 'operators state')} a sequence of one token",
        )


# What belongs to one phase alone, to its ends, or to how it is wired.
_APART = {
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
    """Kinds of operators that prefill has and decode lacks, where both are drawn in like detail."""
    deployment = context.deployment
    if not {"prefill", "decode"} <= set(deployment.phases):
        return
    roles: dict[str, dict[str, list[Reading]]] = {"prefill": {}, "decode": {}}
    summarised = False
    for reading in deployment.operators:
        if reading.phase == "decode" and reading.summary:
            summarised = True
        if reading.role is None or reading.role.name in _APART or reading.summary:
            continue
        role = _SAME.get(reading.role.name, reading.role.name)
        for phase in ("prefill", "decode") if reading.phase is None else (reading.phase,):
            if phase in roles:
                roles[phase].setdefault(role, []).append(reading)
    lacking = [role for role in roles["prefill"] if role not in roles["decode"]]
    common = [role for role in roles["prefill"] if role in roles["decode"]]
    if summarised or len(common) < 2 or len(lacking) > len(common):
        return
    if not lacking:
        yield Holds(
            card.section,
            "phases",
            f"decode has every kind of operator that prefill has, {len(common)} of them",
        )
        return
    first = next(r for r in deployment.operators if r.phase == "decode")
    shown = {role: roles["prefill"][role][0] for role in lacking}
    yield card.finding(
        f"decode lacks {listed([f'{role} (`{r.name}` in prefill)' for role, r in shown.items()], 4)}",
        *places.of_node(first.node),
        nodes=names(shown.values()),
        related=tuple(Related(f"{role} of prefill", *places.of_node(r.node)) for role, r in shown.items()),
        unit="decode",
        graph=context.graph.index,
        help="decode runs the same layers: draw what it lacks",
    )


def _between(reading: Reading) -> bool:
    """Whether two kinds have a claim to it: a split or gather, an `All-to-All Routing`."""
    if reading.is_role("split", "gather", "sequence-split", "sequence-gather"):
        return True
    return (
        reading.kind == "communication"
        and re.search(r"rout|aggregat|select", reading.evidence.title, re.IGNORECASE) is not None
    )


def mixed_conventions(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Kinds of operators that the file draws otherwise than the convention has it, told once."""
    deployment = context.deployment
    shapes = deployment.vocabulary.shapes
    known = {shape.lower() for shape in graphviz.shapes()}
    drawn: dict[str, list[tuple[str, Reading]]] = defaultdict(list)
    for reading in deployment.operators:
        shape = reading.node.attributes.get("shape", "ellipse").lower()
        if reading.kind in shapes and not reading.summary and shape in known and not _between(reading):
            drawn[str(reading.kind)].append((shape, reading))
    parts: list[str] = []
    nodes: list[Reading] = []
    least = int(card.parameters["least"])
    for kind, members in drawn.items():
        odd = [(shape, reading) for shape, reading in members if shape not in shapes[kind]]
        if len(odd) < least or 2 * len(odd) <= len(members):
            continue
        found = Counter(shape for shape, _ in members)
        most, number = Counter(shape for shape, _ in odd).most_common(1)[0]
        if 4 * number >= 3 * len(members):
            share = f"all {number}" if number == len(members) else f"{number} of {len(members)}"
            parts.append(f"{kind} is drawn as {most} ({share}), by convention as {shapes[kind][0]}")
        else:
            mixture = listed([f"{shape} ({n})" for shape, n in found.most_common()])
            parts.append(f"{kind} is drawn as {mixture}, by convention as {shapes[kind][0]}")
        nodes += [reading for _, reading in odd]
    if not parts:
        return
    first = min(nodes, key=lambda r: r.node.index)
    yield card.finding(
        f"the file has conventions of its own: {'; '.join(parts)}",
        *places.of_node(first.node),
        nodes=names(sorted(nodes, key=lambda r: r.node.index)),
        graph=context.graph.index,
        help="leave it, or set the shapes that readers of such graphs expect",
    )
