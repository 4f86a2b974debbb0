"""Shards of one operator that state the same shapes, except for one of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.shards import SHARDED, groups
from dotlint.deployment.tensors.shape_features import features

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.shapes import Dims

_FEWEST_AXES = 3  # of a tensor with features, if they are not named
_MANY = 3  # siblings that agree
_ROLES = (*SHARDED, "head", "embedding", "expert")


class OddShard(Struct, frozen=True):
    """A shard whose `own` shape differs from the `usual` one, which all `others` of its siblings state."""

    shard: Reading
    sibling: Reading
    others: int
    own: Dims
    usual: Dims


def odd_shards(deployment: Deployment) -> Iterator[OddShard]:
    """Yield the shards that state another shape than all their siblings, although these divide a whole evenly."""
    for group in groups(deployment, *_ROLES) if _differ(deployment) else ():
        by_shape: dict[tuple[object, ...], list[Reading]] = {}
        for reading in group.members:
            by_shape.setdefault(tuple((d.keys, d.values) for d in _shapes(reading)), []).append(reading)
        if len(by_shape) != 2:
            continue
        odd, usual = sorted(by_shape.values(), key=len)
        if len(odd) == 1 and len(usual) > 1:
            whole = group.role == "expert"  # each gives hidden states of the whole width
            if not whole or _is_taken(deployment, odd[0], usual[0]):
                yield from _compare(deployment, odd[0], usual, settled=whole)
        elif len(group.members) == 2:
            for one, two in ((odd, usual), (usual, odd)):
                if _is_taken(deployment, two[0], two[0]) and _is_taken(deployment, one[0], two[0]):
                    yield from _compare(deployment, one[0], two, settled=True)


def _is_taken(deployment: Deployment, shard: Reading, sibling: Reading) -> bool:
    """Return whether every consumer of a shard takes what its sibling gives."""
    made = sibling.evidence.tensors.outputs
    heads = [deployment.readings[e.head.index].evidence.tensors.inputs for e in shard.node.out_edges]
    return len(made) == 1 and bool(heads) and all(_same(made[0], taken) for taken in heads)


def _same(made: Dims, taken: Sequence[Dims]) -> bool:
    return any((dims.keys, dims.values) == (made.keys, made.values) for dims in taken)


def _differ(deployment: Deployment) -> bool:
    """Return whether nodes of one role and family state several shapes, before they are grouped."""
    seen: dict[tuple[str, str], Sequence[Dims]] = {}
    for reading in deployment.operators:
        if reading.role is not None and reading.role.name in _ROLES:
            shapes = _shapes(reading)
            if seen.setdefault((reading.role.name, reading.evidence.name.family), shapes) != shapes:
                return True
    return False


def _shapes(reading: Reading) -> Sequence[Dims]:
    tensors = reading.evidence.tensors
    return () if reading.summary else (*tensors.inputs, *tensors.outputs, *tensors.bare)


def _compare(
    deployment: Deployment, odd: Reading, usual: list[Reading], *, settled: bool = False
) -> Iterator[OddShard]:
    """Yield the shard if it is wrong; `settled` is whether its consumer takes what its siblings give."""
    own, others = _shapes(odd), _shapes(usual[0])
    if len(own) != len(others) or _sides(odd) != _sides(usual[0]):
        return
    for mine, theirs in zip(own, others, strict=True):
        if (mine.keys, mine.values) == (theirs.keys, theirs.values):
            continue
        one, two = features(mine), features(theirs)
        width = one.width.whole if one and one.width else None
        part = two.width.whole if two and two.width else None
        if width is None or part is None or width == part or mine.keys != theirs.keys:
            return
        if len(mine.values) < _FEWEST_AXES and not any(mine.keys):
            return  # a batch of token ids
        if settled:
            yield OddShard(odd, usual[0], len(usual), mine, theirs)
            return
        stated = deployment.derived(_widths)
        whole = part * (len(usual) + 1)
        # Where the parts add up to a whole, it is divided as evenly as it can be.
        if part * len(usual) + width in stated:
            return
        multiple = len(usual) >= _MANY and width % part == 0  # no remainder of an uneven division is so large
        if whole not in stated and width != whole and not multiple:
            return
        yield OddShard(odd, usual[0], len(usual), mine, theirs)
        return


def _sides(reading: Reading) -> tuple[int, int, int]:
    tensors = reading.evidence.tensors
    return len(tensors.inputs), len(tensors.outputs), len(tensors.bare)


def _widths(deployment: Deployment) -> Counter[int]:
    """Return how many shapes state each number of features."""
    found = (features(dims) for reading in deployment.operators for dims in _shapes(reading))
    return Counter(n for one in found if one and one.width and (n := one.width.whole) is not None)
