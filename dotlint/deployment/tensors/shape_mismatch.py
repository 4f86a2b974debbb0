"""Shapes that nothing explains along edges: where a consumer takes another tensor than its producer gives.

Only the features of a token are compared, because how many tokens a rank has may differ for many reasons.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import chain, product
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.sizes import compared
from dotlint.deployment.tensors.shape_bridges import bridges
from dotlint.deployment.tensors.shape_features import features_beside, widths
from dotlint.deployment.tensors.shape_kept import STATE, Mismatch, between_edges, inside
from dotlint.deployment.tensors.shape_reader import ShapeReader
from dotlint.deployment.tensors.shape_rules import explained, has_latent, has_one_role, shape_rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.shapes import Dims
    from dotlint.deployment.tensors.shape_edges import ShapedEdges
    from dotlint.deployment.tensors.shape_features import Symbols
    from dotlint.graph.model import Edge
    from dotlint.strategy import Strategy

_WIDE = {"hidden", "ffn", "heads"}
_COMBINES = ("combine", "aggregate", "expert")
_GATHERS = ("all-gather", "gather", "sequence-gather")
_SUMS = ("all-reduce", "reduce-scatter")
# What takes or makes the hidden states of tokens, so that a link before or behind it hands on exactly these.
_STREAM = (
    *("norm", "residual", "mlp", "attention", "expert", "embedding", "head", "output-projection", "mlp-down"),
    *("qkv", "query", "key-projection", "value-projection", "mlp-up", "all-reduce", "all-gather"),
)
_TAKE_STREAM = ("gate", "route", "dispatch")
_PROJECTIONS = ("query", "key-projection", "value-projection")
_IDS = "state the token ids, such as `[batch, seq]`, as what the embedding gets"
_WHOLE = "state the same dimensions at both ends"
_REDUCE = "state the same dimensions at both ends, or gather slices with an all-gather"


class Reason(Struct, frozen=True):
    """Why a tensor has to stay as it is, what repairs it, and whether that is certain."""

    text: str
    remedy: str = STATE
    certain: bool = True


def mismatches(
    deployment: Deployment, strategy: Strategy | None, edges: ShapedEdges, reported: AbstractSet[int]
) -> Iterator[Mismatch]:
    """Yield the mismatches inside operators and along edges, except those at nodes and edges that other rules report."""
    reported_edges = {one.edge.index for one in edges.wrong}
    reader = ShapeReader(deployment, strategy)
    for tail in deployment.operators:
        if tail.node.index in reported:
            continue
        own = chain(inside(deployment, strategy, tail), between_edges(reader, tail), bridges(deployment, tail))
        if found := next(own, None):
            yield found
            continue
        for edge in tail.node.out_edges:
            head = deployment.readings[edge.head.index]
            if (
                edge.index in reported_edges
                or edge.head.index in reported
                or head.annotation
                or tail.phase != head.phase
            ):
                continue
            if edge.label:
                continue
            one = _along(reader, strategy, edge, tail, head, compared_before=edge.index in edges.compared)
            if one and edge.attributes.get("constraint", "").lower() != "false":
                yield one


def _along(
    reader: ShapeReader, strategy: Strategy | None, edge: Edge, tail: Reading, head: Reading, *, compared_before: bool
) -> Mismatch | None:
    """Return the mismatch along an edge, of which other rules may have explained a part; a cache holds more than passes."""
    if any(end.kind == "memory" or end.is_role("kv-transfer") for end in (tail, head)):
        return None
    taken = reader.taken(head)
    given = reader.given(tail) if taken else None
    if taken is None or given is None or given.shapes == taken.shapes:
        return None
    known = tail.role is not None and head.role is not None
    if not known and len(head.node.in_edges) > 1:
        return None
    pairs = list(product(given.shapes, taken.shapes))
    reasons: list[Reason | None] = [
        _undividable(reader, tail, head, *pair, only=len(taken.shapes) == 1) for pair in pairs
    ]
    # What other rules find explained is, except that a reduction takes no slices.
    explained_before = compared_before and not head.is_role(*_SUMS)
    if None in reasons and known and not explained_before and (len(taken.shapes) == 1 or reader.keeps(head)):
        reasons = [_reason(reader, strategy, tail, head, *pair, follows=given.passed is not None) for pair in pairs]
    if reasons[0] is None or None in reasons:
        return None
    (before, after), reason = pairs[0], reasons[0]
    written = given.written and taken.written and reason.certain
    return Mismatch(head, before, after, reason.text, reason.remedy, written, tail, edge, given.source, given.through)


def _undividable(
    reader: ShapeReader, tail: Reading, head: Reading, before: Dims, after: Dims, *, only: bool
) -> Reason | None:
    """Return why features cannot change: no shard has more than half of a tensor, so that nothing divides by less than two.

    `only` is whether the consumer states no other input.
    """
    deployment = reader.deployment
    one, two, change = (
        features_beside(before, after),
        features_beside(after, before),
        widths(before, after, reader.symbols(tail)),
    )
    if change is None or one is None or two is None or change[0] == change[1] or not _of_one_kind(one.kind, two.kind):
        return None
    small, large = sorted(change)
    heads = compared(one.head_size, two.head_size)
    apart = (
        large < 2 * small or (not only and large % small > 0) or (heads and min(heads) < max(heads) < 2 * min(heads))
    )
    if not apart or tail.is_role("qkv") or (len(head.node.in_edges) > 1 and head.is_role(*_GATHERS)):
        return None
    if _is_padded({one.kind, two.kind}, small, large):
        return None
    if (tail.is_role(*_PROJECTIONS) and head.is_role("norm")) or (
        head.is_role("attention") and only and has_latent(deployment)
    ):
        return None  # of a latent vector only a part is normalized, and its heads have several sizes
    if _sum_of_consumers(reader, tail, before) or _sum_of_producers(reader, head, after):
        return None
    return Reason("ranks divide a size by two or more", certain=not head.is_role("attention"))


def _is_padded(kinds: set[str], small: int, large: int) -> bool:
    """Return whether two sizes may be those of a vocabulary without and with padding."""
    return "vocab" in kinds and 20 * large < 21 * small


def _of_one_kind(one: str, two: str) -> bool:
    return one == two or "" in {one, two}


def _sum_of_consumers(reader: ShapeReader, tail: Reading, made: Dims) -> bool:
    """Return whether the consumers of an operator divide what it makes into uneven parts."""
    heads = [reader.taken(reader.deployment.readings[e.head.index]) for e in tail.node.out_edges]
    return len(heads) > 1 and _adds_up([one.shapes[0] for one in heads if one], made, reader.symbols(tail))


def _sum_of_producers(reader: ShapeReader, head: Reading, taken: Dims) -> bool:
    """Return whether the producers of an operator make uneven parts of what it takes."""
    tails = [reader.given(reader.deployment.readings[e.tail.index]) for e in head.node.in_edges]
    return len(tails) > 1 and _adds_up([one.shapes[0] for one in tails if one], taken, reader.symbols(head))


def _adds_up(parts: list[Dims], whole: Dims, symbols: Symbols) -> bool:
    found = [widths(part, whole, symbols) for part in parts]
    return None not in found and sum(Fraction(*one) for one in found if one) == 1


def _reason(
    reader: ShapeReader,
    strategy: Strategy | None,
    tail: Reading,
    head: Reading,
    before: Dims,
    after: Dims,
    *,
    follows: bool,
) -> Reason | None:
    """Return why a tensor cannot change on its way; None if it may, or does not.

    `follows` is whether it passes operators without dimensions on its way.
    """
    deployment = reader.deployment
    one, two = features_beside(before, after), features_beside(after, before)
    if one and two and (other := _other_tensor(tail, head, one.kind, two.kind)):
        return other
    change = widths(before, after, reader.symbols(tail))
    if change is None or one is None or two is None or change[0] == change[1] or shape_rule(deployment, tail).fused:
        return None
    if not tail.evidence.tensors.outputs and {one.kind, two.kind} == {"ffn", "hidden"}:
        return None  # its only shape may be that of its weights
    small, large = sorted(change)
    if _is_padded({one.kind, two.kind}, small, large):
        return None
    if head.is_role(*_SUMS) and has_one_role(deployment, head):
        return Reason("a reduction adds tensors of the shape that its producers give", _REDUCE)
    links = [reader.keeps(end) for end in (tail, head)]
    if not (links[0] or tail.is_role(*_STREAM)) or not (links[1] or head.is_role(*_STREAM, *_TAKE_STREAM)):
        return None
    if any(links) and one.heads == two.heads and compared(one.head_size, two.head_size):
        return Reason("ranks divide the heads, not the size of a head")
    if change[1] == large:
        if small * len(head.node.in_edges) == large:
            return None  # its producers together make what it takes
        if tail.is_role("all-reduce", "all-gather") and has_one_role(deployment, tail):
            sums = tail.is_role("all-reduce")
            name, remedy = (
                ("all-reduce", f"{_WHOLE}, or gather slices with an all-gather") if sums else ("all-gather", _WHOLE)
            )
            return Reason(f"an {name} gives the whole tensor", remedy)
    if not (follows or any(links)) or explained(deployment, strategy, (tail, head), large, small):
        return None
    if head.is_role("attention") and not head.evidence.tensors.inputs:
        return None  # its only shape may be that of its heads
    # The projections inside an attention may have another width than the hidden states.
    projected = head.is_role("attention") and one.kind != two.kind
    return Reason("nothing that is drawn or declared divides it", certain=not projected)


def _other_tensor(tail: Reading, head: Reading, one: str, two: str) -> Reason | None:
    """Return why a consumer takes another tensor than its producer gives; None if it need not."""
    if one == "vocab" and two in _WIDE:
        return Reason("logits are no hidden states")
    if one in {*_WIDE, ""} and two == "ids" and head.is_role("embedding"):
        return Reason("an embedding takes token ids and no hidden states", _IDS)
    if one in _WIDE and two == "vocab" and (tail.is_role("input") or head.is_role("embedding")):
        return Reason("hidden states are no tokens of a vocabulary", _IDS)
    if one in _WIDE and two == "vocab":
        # It may be part of either.
        return Reason("hidden states become logits only in an LM head", "draw the LM head between them", certain=False)
    if (
        one in _WIDE
        and two == "choice"
        and head.is_role(*_COMBINES)
        and tail.is_role("expert", "shared-expert", "mlp-down")
    ):
        return Reason("the results of experts are hidden states")
    return None
