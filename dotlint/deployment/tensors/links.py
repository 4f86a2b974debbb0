"""How the nodes of one operator feed those of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.deployment.tensors.model import Link, Operator


def link(tail: Operator, head: Operator, pairs: Iterable[tuple[int, int]]) -> Link:
    """Return how an operator feeds another; `pairs` are the positions of members that an edge connects."""
    found = set(pairs)
    tails, heads = {one for one, _ in found}, {two for _, two in found}
    if not tail.grouped and not head.grouped:
        return "one"
    if not head.grouped:
        return "all" if len(tails) == len(tail.members) else "some"
    if not tail.grouped:
        return "fan" if len(heads) == len(head.members) else "part"
    if tail.axis is not head.axis or len(tails) < len(tail.members) or len(heads) < len(head.members):
        return "other"
    own = {(one, two) for one, two in found if _same_rank(tail, one, head, two)}
    if len(found) == len(own):
        return "aligned"
    return "exchange"


def _same_rank(tail: Operator, one: int, head: Operator, two: int) -> bool:
    left, right = tail.members[one], head.members[two]
    if left.gpus and right.gpus and left.own_gpus and right.own_gpus:
        return left.gpus == right.gpus
    return one == two
