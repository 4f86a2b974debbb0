"""Read from the lines of a label which tensors an operator takes and gives.

These readers decide nothing: each returns what the text states, or None.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from dotlint.deployment.axes import axes, is_axis
from dotlint.deployment.shapes import Dims, Shape, read_dims, shapes
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Whatever a line that begins with a device word has in brackets, it is no tensor.
_DEVICE_KEY = regex(
    r"(?:gpus?|devices?|dev|cuda|[nxth]pus?|mlus?|dcus?|显卡|设备)(?![a-z])\s*[:=(\[]?",
    re.IGNORECASE,
    needs=("pu", "dev", "cuda", "mlu", "dcu", "显卡", "设备"),
)
_WHAT = r"[\s_]*(?:dim(?:ension)?s?|shapes?|tensors?|sizes?|维度|形状|张量)"
_SIDE = regex(
    rf"(?<![\w.])(?:(?P<into>in(?:puts?)?|输入|entr[ée]es?|eingaben?)|out(?:puts?)?|输出|sorties?|ausgaben?)"
    rf"(?:{_WHAT})?[\s_]*\d*\s*(?:[:：=]|(?=[\[(]))\s*",
    re.IGNORECASE,
    needs=("in", "out", "输", "entr", "sort", "aus"),
)
_SHAPE_KEY = regex(
    rf"(?:[^\W\d_]+)?{_WHAT}\s*[:：=]\s*",
    re.IGNORECASE,
    needs=("dim", "shape", "tensor", "size", "维度", "形状", "张量"),
)
_ARROW = regex(r"\s*(?:[-–=]+>|[→⇒⟶➔])\s*")
_COORDINATE = 64  # numbers in parentheses that are all smaller are coordinates of a mesh, not sizes


class Tensors(Struct, frozen=True):
    """Input and output dimensions that a label states; an empty side is not stated."""

    inputs: tuple[Dims, ...] = ()
    outputs: tuple[Dims, ...] = ()
    bare: tuple[Dims, ...] = field(default=())  # bracketed dimensions with neither Input nor Output


def read_tensors(lines: Sequence[str]) -> Tensors:
    """Return the input and output dimensions of the lines of a label: `Input: [...]`, `[...] -> [...]`; others are bare."""
    inputs: tuple[Dims, ...] = ()
    outputs: tuple[Dims, ...] = ()
    bare: tuple[Dims, ...] = ()
    for line in _joined(lines):
        found = _tensors_of_line(line)
        if found is None:
            continue
        if isinstance(found, str):
            outputs += inputs
            continue
        inputs += found.inputs
        outputs += found.outputs
        bare += found.bare
    return Tensors(inputs, outputs, bare) if inputs or outputs or bare else _NONE


def _joined(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines; `Input:` alone, as in a cell of its own, is joined with the line behind it."""
    before = ""
    for line in lines:
        if line.endswith((":", "：", "=")) and _SIDE.fullmatch(line):
            before = f"{before}{line} "
        else:
            yield f"{before}{line}"
            before = ""


_NONE = Tensors()
_SAME: Literal["same as the input"] = "same as the input"


@lru_cache(maxsize=16384)
def _tensors_of_line(line: str) -> Tensors | Literal["same as the input"] | None:
    if not any(sign in line for sign in "[(=:：x×"):
        return None
    sides = list(_sides(line))
    if sides:
        return _of_sides(line, sides)
    key = _SHAPE_KEY.match(line)
    if (key is None and not any(sign in line for sign in "[(x×✕")) or _DEVICE_KEY.match(line) is not None:
        return None
    found = list(shapes(line))
    if not found and key and (dims := read_dims(line[key.end() :])) and len(dims.values) > 1:
        return Tensors(bare=(dims,))
    before, after = _around_arrow(line, found)
    if after:
        before, after = [s for s in before if _is_size(s)], [s for s in after if _is_size(s)]
        return Tensors(_dims(before), _dims(after)) if before and after else None
    whole = key.end() if key else 0
    bare = [s for s in found if _stands_alone(line, s, whole)]
    return Tensors(bare=_dims(bare)) if bare else None


def _sides(line: str) -> Iterator[tuple[bool, int, int]]:
    """Yield for each side that a line states whether it is the input, and the span of what stands behind it.

    Inside a line a word such as `out` states a side only directly before a shape.
    """
    words = [m for m in _SIDE.finditer(line) if m.start() == 0 or _shape_at(line, m.end())]
    if not words or (len(words) == 1 and line[: words[0].start()].strip(" [({|")):
        return
    for word, end in zip(words, [*(m.start() for m in words[1:]), len(line)], strict=True):
        yield bool(word["into"]), word.end(), end


def _shape_at(line: str, position: int) -> bool:
    return any(shape.start == 0 for shape in shapes(line[position:]))


def _of_sides(line: str, sides: list[tuple[bool, int, int]]) -> Tensors | Literal["same as the input"]:
    inputs: list[Shape] = []
    outputs: list[Shape] = []
    for into, start, end in sides:
        rest = line[start:end]
        found = list(shapes(rest))
        if not found and ("=" in rest or ":" in rest) and (dims := read_dims(rest)) and all(dims.keys):
            found = [Shape(dims, 0, len(rest), "")]
        if not found and not into and re.match(r"same\b", rest.strip(), re.IGNORECASE):
            return _SAME
        before, after = _around_arrow(rest, found)
        if into:
            inputs += before
            outputs += after
        else:
            outputs += found
    return Tensors(_dims(inputs), _dims(outputs))


def _around_arrow(text: str, found: list[Shape]) -> tuple[list[Shape], list[Shape]]:
    """Split shapes at the only arrow between two of them; without one all are before it."""
    arrows = [
        number
        for number, (one, two) in enumerate(zip(found, found[1:], strict=False), 1)
        if _ARROW.fullmatch(text, one.end, two.start)
    ]
    return (found[: arrows[0]], found[arrows[0] :]) if len(arrows) == 1 else (found, [])


def _stands_alone(line: str, shape: Shape, whole: int) -> bool:
    """Return whether a shape that is neither input nor output is one: not coordinates, a call or a list of degrees."""
    if len(shape.dims.values) < 2:
        return False
    if shape.bracket == "[" and not _is_chain(shape):
        return True
    if shape.bracket == "":
        return len(shape.dims.values) > 2 and (shape.start, shape.end) == (whole, len(line)) and _is_size(shape)
    glued = line[: shape.start][-1:]
    return not (glued.isalnum() or glued == "_") and _is_size(shape)


def _is_chain(shape: Shape) -> bool:
    return "," not in shape.dims.text and len(shape.dims.values) > 1


def _is_size(shape: Shape) -> bool:
    """Return whether dimensions in parentheses or without brackets are sizes of a tensor."""
    dims = shape.dims
    if shape.bracket == "[" and not _is_chain(shape):
        return True
    if any(dims.keys):
        return any(is_axis(key) for key in dims.keys)
    numbers = [size for size in dims.sizes if size is not None]
    if len(numbers) == len(dims.sizes):
        return max(numbers) >= _COORDINATE
    return any(axes(dims)) and not any(_DEVICE_KEY.match(value) for value in dims.values)


def _dims(found: list[Shape]) -> tuple[Dims, ...]:
    return tuple(shape.dims for shape in found)
