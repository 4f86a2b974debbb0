"""The tensors that an operator takes and gives, and those that an edge carries, as labels state them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from dotlint.deployment.gpus_and_dims import Tensors, read_tensors, with_attributes
from dotlint.deployment.words import label_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.deployment.model import Reading
    from dotlint.deployment.shapes import Dims
    from dotlint.graph.model import Edge


def one_in_one_out(reading: Reading) -> tuple[Dims, Dims] | None:
    """Return input and output of an operator that states exactly one of each; None otherwise or if repeated."""
    tensors = reading.evidence.tensors
    if len(tensors.inputs) != 1 or len(tensors.outputs) != 1 or repeated(reading):
        return None
    return tensors.inputs[0], tensors.outputs[0]


def repeated(reading: Reading) -> bool:
    """Return whether the label multiplies a tensor: `[batch=4, hidden=512] × 8`."""
    return _repeats(reading.evidence.lines)


@lru_cache(maxsize=16384)
def _repeats(lines: tuple[str, ...]) -> bool:
    for line in lines:
        if "]" not in line or line.endswith("]"):
            continue
        after = line.rpartition("]")[2].strip()
        if after[:1] in {"×", "*", "x"} and any(c.isdigit() for c in after):
            return True
    return False


def edge_tensors(edge: Edge) -> tuple[Dims, ...]:
    """Return the dimensions of the tensors that the labels and attributes of an edge state that it carries."""
    attributes = edge.attributes
    return _carried(attributes.get("label", ""), attributes.get("xlabel", "")) or _of_attributes(attributes)


@lru_cache(maxsize=4096)
def _carried(label: str, beside: str) -> tuple[Dims, ...]:
    return _flat(read_tensors([*label_lines(label), *label_lines(beside)]))


def _of_attributes(attributes: Mapping[str, str]) -> tuple[Dims, ...]:
    return _flat(with_attributes(Tensors(), attributes))


def _flat(tensors: Tensors) -> tuple[Dims, ...]:
    """Return what is carried: of a shape before and after a change, the one before."""
    return (*tensors.bare, *(tensors.inputs or tensors.outputs))
