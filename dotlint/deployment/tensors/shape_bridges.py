"""Outputs that contradict both what their operator takes and what its consumers take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.deployment import axes
from dotlint.deployment.tensors.shape_features import widths
from dotlint.deployment.tensors.shape_kept import STATE, Mismatch
from dotlint.deployment.tensors.shape_rules import has_one_role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.shapes import Dims

_KEEPS = ("combine", "aggregate")
_GATHERS = ("all-gather", "gather", "sequence-gather")


def bridges(deployment: Deployment, reading: Reading) -> Iterator[Mismatch]:
    """Yield the mismatch of a gather or combine whose input leads to the input of its consumers without its output."""
    tensors = reading.evidence.tensors
    takers = [deployment.readings[edge.head.index] for edge in reading.node.out_edges if not edge.label]
    if len(tensors.outputs) != 1 or not tensors.inputs or not takers:
        return
    taken, given = tensors.inputs[0], tensors.outputs[0]
    nexts = {shape.text: shape for head in takers for shape in head.evidence.tensors.inputs}
    if (
        len({shape.text for shape in tensors.inputs}) > 1
        or len(nexts) != 1
        or len(takers) < len(reading.node.out_edges)
    ):
        return
    if any(head.phase != reading.phase or len(head.evidence.tensors.inputs) != 1 for head in takers):
        return
    (after,) = nexts.values()
    if reading.is_role(*_GATHERS) and has_one_role(deployment, reading) and _gathers(reading, taken, given, after):
        what = f"its slices together are what `{takers[0].name}` takes, [{after.text}]"
        yield Mismatch(reading, taken, given, what, STATE)
    elif reading.is_role(*_KEEPS) and all(head.is_role("residual", "norm") for head in takers):
        kept, changed = widths(taken, after), widths(given, after)
        if kept and changed and kept[0] == kept[1] and changed[0] != changed[1]:
            what = f"it keeps the features that `{takers[0].name}` takes, [{after.text}]"
            yield Mismatch(reading, taken, given, what, STATE)


def _gathers(reading: Reading, taken: Dims, given: Dims, after: Dims) -> bool:
    """Return whether the slices of all ranks are exactly what follows, and the output is not that, nor a multiple of it."""
    through, beside = axes.change(taken, after), axes.change(given, after)
    if through is None or beside is None or not through.whole or len(through.parts) != 1 or not beside.parts:
        return False
    _, small, large = through.parts[0]
    ranks = {len(reading.gpus or ()), len(reading.node.in_edges)} - {0, 1}
    if large % small or large // small not in ranks:
        return False
    return not all(made % took == 0 for _, made, took in beside.parts)
