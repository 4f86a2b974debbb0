"""Shapes that operators have to keep: residual adds, transfers and attention, and logits beside hidden states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment import axes
from dotlint.deployment.sizes import compared
from dotlint.deployment.stated_dims import edge_tensors
from dotlint.deployment.tensors.shape_features import features, widths
from dotlint.deployment.tensors.shape_rules import explained, has_one_role, shape_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.shapes import Dims
    from dotlint.deployment.tensors.shape_reader import ShapeReader
    from dotlint.graph.model import Edge
    from dotlint.strategy import Strategy

STATE = "state the same tensor at both ends, or draw the operator that changes it"
"""The remedy of most mismatches."""

_KEEPS_WIDTH = ("activation", "sequence-gather", "sequence-split", "dispatch", "combine", "all-to-all")
_FUSED = (1, 2, 3)  # one tensor, keys and values, or all three of an attention in one


class Mismatch(Struct, frozen=True):
    """Two shapes of one tensor that differ: what `tail` gives and `head` takes; without a tail both are of `head`.

    `reason` is why they have to be equal, `remedy` what would fix it.
    """

    head: Reading
    before: Dims
    after: Dims
    reason: str
    remedy: str
    written: bool = True
    tail: Reading | None = None
    edge: Edge | None = None
    source: Reading | None = None
    through: tuple[Reading, ...] = ()


def inside(deployment: Deployment, strategy: Strategy | None, reading: Reading) -> Iterator[Mismatch]:
    """Yield the mismatches between what one operator takes and gives."""
    tensors = reading.evidence.tensors
    for dims in tensors.outputs:
        named = axes.axes(dims)
        if "vocab" in named and "hidden" in named and not {"batch", "seq", "tokens"}.isdisjoint(named):
            yield Mismatch(
                reading, dims, dims, "logits have no hidden axis", "state only the axes of the logits", written=False
            )
    if not tensors.inputs or len(tensors.outputs) != 1:
        return
    if reading.is_role("attention"):
        yield from _attention(deployment, reading, tensors.outputs[0])
    elif reading.is_role("residual") or (reading.kind != "io" and shape_rule(deployment, reading).passes):
        yield from _kept(deployment, strategy, reading, tensors.outputs[0])
    elif reading.is_role(*_KEEPS_WIDTH) and has_one_role(deployment, reading):
        for before in tensors.inputs:
            change = widths(before, tensors.outputs[0])
            if change and min(change) < max(change) < 2 * min(change) - 1:
                yield Mismatch(reading, before, tensors.outputs[0], "ranks divide a size by two or more", STATE)


def _kept(deployment: Deployment, strategy: Strategy | None, reading: Reading, after: Dims) -> Iterator[Mismatch]:
    """Yield the mismatches of an operator that does not give what it takes."""
    adds = reading.is_role("residual")
    for before in reading.evidence.tensors.inputs:
        change = widths(before, after)
        if change is None or change[0] == change[1]:
            continue
        small, large = sorted(change)
        if not has_one_role(deployment, reading):
            # A title with two roles, such as `FFN + Residual`, may divide what it takes, but only into whole parts.
            wrong = adds and large % small > 0
        else:
            wrong = adds or not explained(deployment, strategy, (reading,), large, small)
        if wrong:
            reason = "a residual add takes tensors of one shape" if adds else "a transfer changes nothing"
            yield Mismatch(reading, before, after, reason, "state one shape for what it takes and gives")


def _attention(deployment: Deployment, reading: Reading, after: Dims) -> Iterator[Mismatch]:
    """Yield the mismatch of an attention whose heads are of another size than each of its inputs."""
    given, inputs = features(after), reading.evidence.tensors.inputs
    found = [features(dims) for dims in inputs]
    if given is None or given.head_size is None or None in found:
        return
    changes = [compared(one.head_size, given.head_size) for one in found if one]
    if all(change and change[0] not in {change[1] * n for n in _FUSED} for change in changes) and has_one_role(
        deployment, reading
    ):
        reason = "an attention gives heads of the size of its values"
        yield Mismatch(reading, inputs[-1], after, reason, "state the head size of the values")


def between_edges(reader: ShapeReader, reading: Reading) -> Iterator[Mismatch]:
    """Yield the mismatches of an operator that keeps its tensor, between what its edges state that they carry."""
    if reading.states_dims or not (reader.keeps(reading) or reading.is_role(*_KEEPS_WIDTH)):
        return
    ins, outs = ([carried[0] for e in some if len(carried := edge_tensors(e)) == 1] for some in _edges(reading))
    if not ins or not outs or reading.kind == "io" or not has_one_role(reader.deployment, reading):
        return
    for after in outs:
        for before in ins:
            change = widths(before, after, reader.symbols(reading))
            if change and min(change) < max(change) < 2 * min(change) - 1:
                yield Mismatch(reading, before, after, "ranks divide a size by two or more", STATE)


def _edges(reading: Reading) -> tuple[list[Edge], list[Edge]]:
    return reading.node.in_edges, reading.node.out_edges
