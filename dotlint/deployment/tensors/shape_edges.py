"""Shapes along edges: where a consumer states another tensor than its producer makes, and no shard explains it."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment import axes
from dotlint.deployment.stated_dims import repeated
from dotlint.deployment.tensors.shape_features import change
from dotlint.deployment.tensors.shape_rules import has_latent, makes, phase_of, shape_rule, takes, ways

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.graph.model import Edge
    from dotlint.strategy import Strategy

_FEATURES = ("hidden", "ffn", "features", "vocab", "heads", "head-dim")
_FUSED = (2, 3)  # projections in one: gate and up; query, key and value
_SIBLINGS = 3  # edges of a kind that have to agree before another of the kind is the odd one


class ShapedEdge(Struct):
    """An edge between stated dimensions; `strict` is whether a smaller input needs an explanation too.

    `taken` is the position of the input among several.
    """

    edge: Edge
    tail: Reading
    head: Reading
    change: axes.Change
    strict: bool
    taken: int = 0

    @property
    def how(self) -> str:
        """What both ends state: `[4, 8] to [4, 16]`."""
        return (
            f"[{self.tail.evidence.tensors.outputs[0].text}] to [{self.head.evidence.tensors.inputs[self.taken].text}]"
        )

    def is_feature(self, axis: str) -> bool:
        """Return whether an axis, or the position of one, is that of a token's numbers."""
        last = len(self.tail.evidence.tensors.outputs[0].values) - 1
        return axis in _FEATURES or (last > 0 and axis == f"axis {last}")

    @property
    def features(self) -> tuple[int, int] | None:
        """How the features change, if nothing else does."""
        parts = self.change.parts
        return parts[0][1:] if len(parts) == 1 and self.is_feature(parts[0][0]) else None


class ShapedEdges(Struct):
    """The edges whose ends state one tensor: those that differ and nothing explains, and how many are certainly equal."""

    compared: frozenset[int]
    wrong: list[ShapedEdge]
    equal: int


def compare_edges(deployment: Deployment, strategy: Strategy | None) -> ShapedEdges:
    """Compare what both ends of each edge state.

    Without a strategy only larger inputs differ, as a smaller input may be a shard, and edges that differ from all
    others between operators of the same roles.
    """
    edges = list(_stated_edges(deployment))
    left = list(_left_over(deployment))
    several = [one for one in edges if len(one.head.node.in_edges) > 1]
    single = [one for one in edges if len(one.head.node.in_edges) == 1]
    wrong = {one.edge.index for one in single if one.change.parts and not _shards_explain(strategy, one)}
    wrong |= {*_odd_ones(single), *_unlike_input(strategy, several)}
    return ShapedEdges(
        frozenset(one.edge.index for one in edges),
        [one for one in edges if one.edge.index in wrong] + left,
        sum(1 for one in single if one.strict and one.change.whole and not one.change.parts),
    )


def _stated_edges(deployment: Deployment) -> Iterator[ShapedEdge]:
    """Yield the edges that can be compared, as both ends state one tensor."""
    for tail in deployment.operators:
        made = tail.evidence.tensors.outputs
        states = makes(deployment, tail)
        if (tail.summary and not tail.whole_box) or len(made) != 1 or states == "nothing" or repeated(tail):
            continue
        for edge in tail.node.out_edges:
            head = deployment.readings[edge.head.index]
            taken = head.evidence.tensors.inputs
            if (head.summary and not head.whole_box) or len(taken) != 1 or repeated(head) or edge.label:
                continue
            one_producer = len(head.node.in_edges) == 1
            stated = takes(deployment, head)
            if stated == "nothing" if one_producer else not _joins(deployment, tail, head):
                continue
            if head.is_role("attention") and not tail.is_role("norm") and has_latent(deployment):
                continue
            found = change(made[0], taken[0])
            if found is not None:
                yield ShapedEdge(edge, tail, head, found, states == stated == "all")


def _left_over(deployment: Deployment) -> Iterator[ShapedEdge]:
    """Yield the edges to an operator that states an input for each producer, where all but one pair are equal.

    The last pair has to be equal too, unless one is a whole number of times the other, as a shard would be.
    """
    for head in deployment.operators:
        taken = head.evidence.tensors.inputs
        edges = head.node.in_edges
        if len(taken) < 2 or len(taken) != len(edges) or head.summary or repeated(head):
            continue
        made = [deployment.readings[e.tail.index].evidence.tensors.outputs for e in edges]
        if any(len(some) != 1 or None in some[0].sizes for some in made) or any(e.label for e in edges):
            continue
        free = list(range(len(taken)))
        odd: list[int] = []
        for i, (some,) in enumerate(made):
            match = next((j for j in free if taken[j].sizes == some.sizes), None)
            if match is None:
                odd.append(i)
            else:
                free.remove(match)
        if len(odd) != 1 or len(free) != 1:
            continue
        found = change(made[odd[0]][0], taken[free[0]])
        tail = deployment.readings[edges[odd[0]].tail.index]
        if found is not None and len(found.parts) == 1:
            _, *sizes = found.parts[0]
            one = ShapedEdge(edges[odd[0]], tail, head, found, strict=True, taken=free[0])
            if max(sizes) % min(sizes) and one.features and not tail.summary:
                yield one


def _joins(deployment: Deployment, tail: Reading, head: Reading) -> bool:
    """Return whether an operator with several producers states what this one makes.

    A sum takes equal tensors; what stays on a single device is not divided before.
    """
    if shape_rule(deployment, head).joins:
        return True
    alone = tail.gpus is not None and len(tail.gpus) == 1
    return head.is_role("residual") and alone and tail.gpus == head.gpus


def _shards_explain(strategy: Strategy | None, one: ShapedEdge) -> bool:
    """Return whether a consumer with a single producer may take only a part of the producer's output.

    It may be one of several shards, or take the slice of its rank. It can never take more than the output, except
    for tokens that a router sends to an expert.
    """
    tail, head, parts = one.tail, one.head, one.change.parts
    grows = any(after > before and one.is_feature(axis) for axis, before, after in parts)
    if _composed(one):
        return True
    if not one.strict:
        return not _of_vocabulary(one) and (not grows or len(parts) > 1)
    if len(parts) != 1:
        return False
    axis, before, after = parts[0]
    features = one.is_feature(axis)
    if not features and (head.is_role("expert") or tail.is_role("expert") or after > before):
        return True
    if after > before or before % after:
        return not features and _uneven(strategy, axis, before, after)
    ratio = before // after
    if features and ratio in _FUSED and tail.is_role("qkv", "mlp-up"):
        return True
    phase = phase_of(strategy, tail)
    if phase is None:
        return True
    fan = len(tail.node.out_edges)
    return ratio in ways(phase.degrees) | {fan, len(tail.gpus or ()), len(head.gpus or ())}


def _composed(one: ShapedEdge) -> bool:
    """Return whether an operator drawn for several ranks states the heads of one of them, and the next one all features."""
    ranks = len(one.tail.gpus or ())
    fused = _FUSED if one.tail.is_role("qkv") else ()
    return ranks > 1 and any(
        axis == "features" and after * n == before * ranks
        for axis, before, after in one.change.parts
        for n in (1, *fused)
    )


def _of_vocabulary(one: ShapedEdge) -> bool:
    """Return whether exactly one end states the vocabulary as its features."""
    ends = one.tail.evidence.tensors.outputs[0], one.head.evidence.tensors.inputs[0]
    return len({"vocab" in axes.axes(dims) for dims in ends}) > 1 and one.features is not None


def _uneven(strategy: Strategy | None, axis: str, large: int, small: int) -> bool:
    """Return whether a batch is divided as evenly as possible: 128 over 3 replicas is 43 and 42."""
    replicas = {p.degrees.dp for p in strategy.phases} if strategy else set()
    return axis in {"batch", "axis 0"} and (
        not replicas or any(small in (large // way, large // way + 1) for way in replicas)
    )


def _odd_ones(edges: Iterable[ShapedEdge]) -> Iterator[int]:
    """Yield the edges whose features change where all others of their kind agree that they do not."""
    kinds: dict[tuple[object, ...], list[ShapedEdge]] = defaultdict(list)
    for one in edges:
        if one.tail.role is None or one.head.role is None:
            continue
        fans = len(one.tail.node.in_edges), len(one.tail.node.out_edges)
        kinds[one.tail.phase, one.tail.role.name, one.head.role.name, *fans].append(one)
    for alike in kinds.values():
        odd = [one for one in alike if one.change.parts]
        same = sum(1 for one in alike if one.change.whole and not one.change.parts)
        if len(odd) == 1 and same >= _SIBLINGS and any(odd[0].is_feature(axis) for axis, _, _ in odd[0].change.parts):
            yield odd[0].edge.index


def _unlike_input(strategy: Strategy | None, edges: Iterable[ShapedEdge]) -> Iterator[int]:
    """Yield the edges of an operator with several producers that make another tensor than it takes.

    It takes what most of them make, or the sum of their parts. One of several shards may be larger where the features
    cannot be divided evenly: then the parts add up to the output.
    """
    joins: dict[int, list[ShapedEdge]] = defaultdict(list)
    for one in edges:
        joins[one.head.node.index].append(one)
    for some in joins.values():
        head, producers = some[0].head, len(some)
        differ = {one.edge.index: sizes for one in some if (sizes := one.features)}
        if head.is_role("residual") and any(one.change.whole and not one.change.parts for one in some):
            # Another consumer of a producer may take the rest of what it makes.
            yield from (
                one.edge.index for one in some if one.edge.index in differ and len(one.tail.node.out_edges) == 1
            )
            continue
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
            phase = phase_of(strategy, head)
            known = (ways(phase.degrees) if phase else set()) | {len(head.gpus or ())}
            if max(ratio, 1 / ratio) not in {*range(2, producers + 1), *known}:
                yield from differ


def _adds_up(some: list[ShapedEdge]) -> bool:
    """Return whether the features of the producers add up, or may, to what their consumer makes of them."""
    given = some[0].head.evidence.tensors.outputs
    if len(given) != 1:
        return not some[0].head.is_role("all-reduce")
    made = [axes.width(one.tail.evidence.tensors.outputs[0]) for one in some]
    whole = axes.width(given[0])
    return whole is not None and None not in made and sum(n for n in made if n) == whole
