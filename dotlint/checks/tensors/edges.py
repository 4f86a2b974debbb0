"""T003: consumers that state another input than the output of their producer."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks import grouping
from dotlint.deployment import axes
from dotlint.deployment.stated_dims import repeated
from dotlint.engine.finding import Holds, Related
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Edge
    from dotlint.strategy.degrees import Degrees

_OPEN = {"io", "routing", "communication", "memory"}
# Inputs or outputs of these differ from those of their neighbors by design, or are stated in many ways.
_RESHAPING = ("gate", "embedding", "head", "sampling", "scores", "softmax", "attention", "residual")
# Of these, whatever else they do, each takes at most what its producer makes, or makes what its consumer takes.
_TAKES_ALL = ("gate", "route", "dispatch", "attention", "head")
_MAKES_ALL = ("attention", "residual", "embedding", "head")
_FEATURES = ("hidden", "ffn", "features", "vocab", "heads", "head-dim")
_FUSED = (2, 3)  # projections in one: gate and up; query, key and value
_SIBLINGS = 3  # edges of a kind that have to agree before another of the kind is the odd one


class _Edge(Struct):
    """An edge between stated dimensions; `strict` is whether a smaller input needs an explanation too."""

    edge: Edge
    tail: Reading
    head: Reading
    change: axes.Change
    how: str
    strict: bool


def edges_with_other_dims(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report edges whose consumer states another input than the producer's output, unless sharding explains it.

    Without a strategy only larger inputs are reported, as a smaller input may be a shard, and edges that differ from
    all others between operators of the same roles.
    """
    edges = list(_stated_edges(context))
    several = [one for one in edges if len(one.head.node.in_edges) > 1]
    single = [one for one in edges if len(one.head.node.in_edges) == 1]
    wrong = {one.edge.index for one in single if one.change.parts and not _shards_explain(context, one)}
    wrong |= {*_odd_ones(single), *_unlike_input(context, several)}
    right = sum(1 for one in single if one.strict and one.change.whole and not one.change.parts)
    found = [(one.tail, one.edge, one.how) for one in edges if one.edge.index in wrong]
    left = grouping.remaining(context.file, card, found, lambda one: grouping.at_edge(one[1]))
    by_unit = grouping.units(context.deployment, {r.node.index: r for r, _, _ in left}.values())
    for unit, some in by_unit.items():
        inside = {r.node.index for r in some}
        reported = [(e, how) for r, e, how in left if r.node.index in inside]
        first, how = reported[0]
        other = "" if len(reported) == 1 else f", and {count(len(reported) - 1, 'more edge')}{grouping.of_unit(unit)}"
        yield card.finding(
            f"the output of `{first.tail.name}` and the input of `{first.head.name}` have different dimensions: {how}{other}",
            first.start,
            first.end,
            nodes=tuple(dict.fromkeys(n for e, _ in reported for n in (e.tail.name, e.head.name))),
            locations=grouping.at_edges(e for e, _ in reported),
            related=tuple(
                Related(f"{e.tail.name} -> {e.head.name}: {change}", e.start, e.end) for e, change in reported[1:9]
            ),
            about=unit,
            graph=context.graph.index,
            help="state the same dimensions at both ends, or add a split or gather between them",
        )
    if right and not wrong:
        yield Holds(
            card.section,
            "dimensions along edges",
            f"{count(right, 'edge connects', 'edges connect')} equal dimensions",
        )


def _stated_edges(context: GraphContext) -> Iterator[_Edge]:
    """Yield the edges that can be compared, as both ends state one tensor."""
    deployment = context.deployment
    for tail in deployment.operators:
        made = tail.evidence.tensors.outputs
        if tail.summary or len(made) != 1 or not _makes(tail) or repeated(tail):
            continue
        for edge in tail.node.out_edges:
            head = deployment.readings[edge.head.index]
            taken = head.evidence.tensors.inputs
            takes = _takes(head) if len(head.node.in_edges) == 1 else _joins(head)
            if head.summary or len(taken) != 1 or not takes or repeated(head) or edge.label:
                continue
            change = axes.change(made[0], taken[0])
            if change is not None:
                how = f"[{made[0].text}] to [{taken[0].text}]"
                yield _Edge(edge, tail, head, change, how, _plain(tail) and _plain(head))


def _plain(reading: Reading) -> bool:
    return (
        reading.role is not None
        and reading.kind not in _OPEN
        and not reading.role.communicates
        and not reading.is_role(*_RESHAPING)
    )


def _makes(reading: Reading) -> bool:
    return reading.role is None or _plain(reading) or reading.is_role(*_MAKES_ALL)


def _takes(reading: Reading) -> bool:
    return reading.role is None or _plain(reading) or reading.is_role(*_TAKES_ALL)


def _joins(reading: Reading) -> bool:
    """Return whether an operator with several producers states the input that each of them makes."""
    return reading.is_role("all-reduce", "all-gather", "attention", "gather")


def _is_feature(axis: str, one: _Edge) -> bool:
    last = len(one.tail.evidence.tensors.outputs[0].values) - 1
    return axis in _FEATURES or (last > 0 and axis == f"axis {last}")


def _features(one: _Edge) -> tuple[int, int] | None:
    """Return how the features change, if nothing else does."""
    parts = one.change.parts
    return parts[0][1:] if len(parts) == 1 and _is_feature(parts[0][0], one) else None


def _shards_explain(context: GraphContext, one: _Edge) -> bool:
    """Return whether a consumer with a single producer may take only a part of the producer's output.

    It may be one of several shards, or take the slice of its rank. It can never take more than the output, except
    for tokens that a router sends to an expert.
    """
    tail, head, parts = one.tail, one.head, one.change.parts
    grows = any(after > before and _is_feature(axis, one) for axis, before, after in parts)
    if _composed(one):
        return True
    if not one.strict:
        return not _of_vocabulary(one) and (not grows or len(parts) > 1)
    if len(parts) != 1:
        return False
    axis, before, after = parts[0]
    features = _is_feature(axis, one)
    if not features and (head.is_role("expert") or tail.is_role("expert") or after > before):
        return True
    if after > before or before % after:
        return not features and _uneven(context, axis, before, after)
    ratio = before // after
    if features and ratio in _FUSED and tail.is_role("qkv", "mlp-up"):
        return True
    phase = context.phase(tail.phase)
    if phase is None:
        return True
    fan = len(tail.node.out_edges)
    return ratio in _ways(phase.degrees) | {fan, len(tail.gpus or ()), len(head.gpus or ())}


def _composed(one: _Edge) -> bool:
    """Return whether an operator drawn for several ranks states the heads of one of them, and the next one all features."""
    ranks = len(one.tail.gpus or ())
    return ranks > 1 and any(axis == "features" and after == before * ranks for axis, before, after in one.change.parts)


def _of_vocabulary(one: _Edge) -> bool:
    """Return whether exactly one end states the vocabulary as its features."""
    ends = one.tail.evidence.tensors.outputs[0], one.head.evidence.tensors.inputs[0]
    return len({"vocab" in axes.axes(dims) for dims in ends}) > 1 and _features(one) is not None


def _ways(degrees: Degrees) -> set[int]:
    return {
        degrees.tp,
        degrees.sp,
        degrees.cp,
        degrees.ep,
        degrees.dp,
        degrees.tp * degrees.sp,
        degrees.tp * degrees.dp,
    }


def _uneven(context: GraphContext, axis: str, large: int, small: int) -> bool:
    """Return whether a batch is divided as evenly as possible: 128 over 3 replicas is 43 and 42."""
    ways = {p.degrees.dp for p in context.strategy.phases} if context.strategy else set()
    return axis in {"batch", "axis 0"} and (not ways or any(small in (large // way, large // way + 1) for way in ways))


def _odd_ones(edges: Iterable[_Edge]) -> Iterator[int]:
    """Yield the edges whose features change where all others of their kind agree that they do not."""
    kinds: dict[tuple[object, ...], list[_Edge]] = defaultdict(list)
    for one in edges:
        if one.tail.role is None or one.head.role is None:
            continue
        fans = len(one.tail.node.in_edges), len(one.tail.node.out_edges)
        kinds[one.tail.phase, one.tail.role.name, one.head.role.name, *fans].append(one)
    for alike in kinds.values():
        odd = [one for one in alike if one.change.parts]
        same = sum(1 for one in alike if one.change.whole and not one.change.parts)
        if len(odd) == 1 and same >= _SIBLINGS and any(_is_feature(axis, odd[0]) for axis, _, _ in odd[0].change.parts):
            yield odd[0].edge.index


def _unlike_input(context: GraphContext, edges: Iterable[_Edge]) -> Iterator[int]:
    """Yield the edges of an operator with several producers that make another tensor than it takes.

    It takes what most of them make, or the sum of their parts. One of several shards may be larger where the features
    cannot be divided evenly: then the parts add up to the output.
    """
    joins: dict[int, list[_Edge]] = defaultdict(list)
    for one in edges:
        joins[one.head.node.index].append(one)
    for some in joins.values():
        head, producers = some[0].head, len(some)
        differ = {one.edge.index: sizes for one in some if (sizes := _features(one))}
        if not differ or producers != len(head.node.in_edges):
            continue
        siblings = len({one.tail.role and one.tail.role.name for one in some}) == 1
        if len(differ) < producers:
            if siblings and not _adds_up(some):
                yield from differ
            continue
        ratios = {Fraction(after, before) for before, after in differ.values()}
        ratio = ratios.pop()
        if ratios:
            continue
        if head.is_role("all-gather", "gather"):
            made, given = some[0].tail.evidence.tensors.outputs, head.evidence.tensors.outputs
            whole = axes.change(made[0], given[0]) if len(given) == 1 else None
            if siblings and whole and whole.whole and not whole.parts and ratio == Fraction(1, producers):
                yield from differ
        elif ratio > 1 or head.is_role("all-reduce"):
            ways = {*range(2, producers + 1), *_known_ways(context, head)}
            if max(ratio, 1 / ratio) not in ways:
                yield from differ


def _adds_up(some: list[_Edge]) -> bool:
    """Return whether the features of the producers add up, or may, to what their consumer makes of them."""
    given = some[0].head.evidence.tensors.outputs
    if len(given) != 1:
        return not some[0].head.is_role("all-reduce")
    made = [axes.width(one.tail.evidence.tensors.outputs[0]) for one in some]
    whole = axes.width(given[0])
    return whole is not None and None not in made and sum(n for n in made if n) == whole


def _known_ways(context: GraphContext, reading: Reading) -> set[int]:
    phase = context.phase(reading.phase)
    return (_ways(phase.degrees) if phase else set()) | {len(reading.gpus or ())}
