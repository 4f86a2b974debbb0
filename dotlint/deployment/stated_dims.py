"""The input and output dimensions that the label of an operator states."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotlint.deployment.model import Reading
    from dotlint.deployment.shapes import Dims


def one_in_one_out(reading: Reading) -> tuple[Dims, Dims] | None:
    """Return input and output of an operator that states exactly one of each; None otherwise or if repeated."""
    tensors = reading.evidence.tensors
    if len(tensors.inputs) != 1 or len(tensors.outputs) != 1 or repeated(reading):
        return None
    return tensors.inputs[0], tensors.outputs[0]


def repeated(reading: Reading) -> bool:
    """Return whether the label multiplies a tensor: `[batch=4, hidden=512] × 8`."""
    for line in reading.evidence.lines:
        after = line.rpartition("]")[2].strip() if "]" in line else ""
        if after[:1] in {"×", "*", "x"} and any(c.isdigit() for c in after):
            return True
    return False
