"""Whether what looks like a shape is one: not coordinates of a mesh, ids of devices, degrees or a remark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.deployment.axes import axes, is_axis
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.deployment.shapes import Dims, Shape

# Whatever a line that begins with a device word has in brackets, it is no tensor.
DEVICE_KEY = regex(
    r"(?:gpus?|devices?|dev|cuda|[nxth]pus?|mlus?|dcus?|显卡|设备)(?![a-z])\s*[:=(\[]?",
    re.IGNORECASE,
    needs=("pu", "dev", "cuda", "mlu", "dcu", "显卡", "设备"),
)
_MESH = regex(
    r"mesh|grid|topolog|torus|gpu|devices|nodes|ranks|网格|拓扑",
    re.IGNORECASE,
    needs=("mesh", "grid", "topo", "torus", "gpu", "device", "node", "rank", "网格", "拓扑"),
)
_COORDINATE = 64  # numbers in parentheses that are all smaller are coordinates of a mesh, not sizes


def counts_tokens(dims: Dims) -> bool:
    """Return whether an axis counts sequences or tokens, as that of every activation does."""
    return not {"batch", "seq", "tokens"}.isdisjoint(axes(dims))


def is_list(dims: Dims) -> bool:
    """Return whether a text without brackets behind a side lists dimensions: `batch=4, seq=8` or `4, 1024`, not `Q, K`."""
    if all(dims.keys):
        return len(dims.keys) > 1 or is_axis(dims.keys[0])
    return len(dims.values) > 1 and (None not in dims.sizes or (all(axes(dims)) and counts_tokens(dims)))


def shapes_of_side(found: list[Shape]) -> list[Shape]:
    """Return the shapes of a side: what stands in parentheses beside brackets is a remark."""
    bracketed = [shape for shape in found if shape.bracket == "["]
    if bracketed:
        return bracketed
    return [s for s in found if is_size(s) or (len(s.dims.values) > 1 and None not in s.dims.sizes)]


def stands_alone(line: str, shape: Shape, whole: int) -> bool:
    """Return whether a shape that is neither input nor output is one: not coordinates, a call or a list of degrees."""
    if len(shape.dims.values) < 2:
        return False
    before = line[: shape.start][-1:]
    glued = before.isalnum() or before == "_"
    if shape.bracket == "[" and not _is_chain(shape):
        return not glued or is_size(shape, sure=True)
    if shape.bracket == "":
        few = len(shape.dims.values) == 2  # `8x64 GPUs` is no tensor, nor are the pixels of `224x224`
        fits = len(line) == shape.end - shape.start and len(set(shape.dims.values)) == 2 if few else True
        return fits and _is_apart(line, shape, whole) and is_size(shape)
    return not glued and is_size(shape)


def _is_apart(line: str, shape: Shape, whole: int) -> bool:
    """Return whether nothing but a key stands before a chain, and behind it nothing or the next tensor."""
    before = line[whole : shape.start].rstrip()
    return (not before or (before[-1] in ":：=" and not _MESH.search(before))) and line[shape.end :].strip()[:1] in {
        *",;|",
        "",
    }


def _is_chain(shape: Shape) -> bool:
    """Return whether the brackets contain `4×8` or `4 8`, which may be a mesh, or ids of devices."""
    return "," not in shape.dims.text and len(shape.dims.values) > 1 and not any(shape.dims.keys)


def is_size(shape: Shape, *, sure: bool = False) -> bool:
    """Return whether dimensions are sizes of a tensor; in brackets most are, unless it has to be `sure`."""
    dims = shape.dims
    if shape.bracket == "[" and not _is_chain(shape) and not sure:
        return True
    if any(dims.keys):
        return any(is_axis(key) for key in dims.keys)
    numbers = [size for size in dims.sizes if size is not None]
    if len(numbers) == len(dims.sizes):
        return max(numbers) >= _COORDINATE and not (_is_chain(shape) and _is_range(numbers))
    return (
        any(axes(dims))
        and not {value.lower() for value in dims.values} <= {"q", "k", "v"}
        and not any(DEVICE_KEY.match(value) for value in dims.values)
    )


def _is_range(numbers: list[int]) -> bool:
    """Return whether numbers are ids with one distance, as in `64 65 66`."""
    steps = {two - one for one, two in zip(numbers, numbers[1:], strict=False)}
    return len(numbers) > 2 and len(steps) == 1 and 0 < steps.pop() < _COORDINATE
