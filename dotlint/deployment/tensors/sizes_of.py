"""How the stated sizes of two shapes differ, as a placement: which axis one is a slice of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.deployment import axes
from dotlint.deployment.tensors.placements import BATCH, BITS, FEATURES, HEADS, HIDDEN, SEQ, TOKENS
from dotlint.deployment.tensors.shape_features import widths

if TYPE_CHECKING:
    from dotlint.deployment.model import Reading
    from dotlint.deployment.shapes import Dims
    from dotlint.deployment.tensors.model import Operator

_BITS = {
    "batch": BATCH,
    "seq": SEQ,
    "tokens": TOKENS,
    "heads": HEADS,
    "ffn": BITS["ffn"],
    "hidden": HIDDEN,
    "vocab": BITS["vocab"],
    "experts": BITS["experts"],
    "features": FEATURES,
}


def bit_of(axis: str, dims: Dims) -> int:
    """Return the placement of a slice of an axis, as `axes.change` names it; 0 if it divides none."""
    if axis.startswith("axis "):
        index, last = int(axis[5:]), len(dims.values) - 1
        return FEATURES if index == last else BATCH if index == 0 and last > 1 else TOKENS
    return _BITS.get(axis, 0)


def division(tail: Reading, head: Reading, *, inside: bool = False) -> tuple[int, int] | None:
    """Return of which axis the input of `head` has a slice of the output of `tail`, and into how many; None if of none.

    With `inside`, compare the input and output of one operator, the smaller with the larger.
    """
    before = only(tail.evidence.tensors.inputs if inside else tail.evidence.tensors.outputs)
    after = only(head.evidence.tensors.outputs if inside else head.evidence.tensors.inputs)
    if before is None or after is None:
        return None
    return between(before, after, either=inside)


def between(before: Dims, after: Dims, *, either: bool = False) -> tuple[int, int] | None:
    """Return of which axis one shape has a slice of the other, and into how many slices; None if it is no slice."""
    found = axes.change(before, after)
    if found is None or len(found.parts) != 1:
        return None
    axis, large, small = found.parts[0]
    if either and small > large:
        large, small = small, large
    if small <= 0 or large <= small or large % small:
        return None
    bit = bit_of(axis, before)
    return (bit, large // small) if bit else None


def sliced(tail: Operator, head: Operator) -> int:
    """Return of which axis each rank of an operator takes its slice of what one node gives; 0 if the sizes show none.

    The replicas of a model divide the batch too.
    """
    found = division(tail.first, head.first)
    if found is None or head.axis is None or found[1] != head.axis.size:
        return 0
    return 0 if found[0] == BATCH and head.first.replica is not None else found[0]


def same(tail: Reading, head: Reading) -> bool:
    """Return whether the input of `head` has the sizes that the output of `tail` has."""
    before, after = only(tail.evidence.tensors.outputs), only(head.evidence.tensors.inputs)
    found = axes.change(before, after) if before is not None and after is not None else None
    return found is not None and not found.parts


def narrows(reading: Reading) -> bool:
    """Return whether an operator states fewer features for its output than for its input."""
    before, after = only(reading.evidence.tensors.inputs), only(reading.evidence.tensors.outputs)
    change = widths(before, after) if before is not None and after is not None else None
    return change is not None and change[1] < change[0]


def only(some: tuple[Dims, ...]) -> Dims | None:
    """Return the only shape of a side."""
    return some[0] if len(some) == 1 else None
