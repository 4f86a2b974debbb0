"""Read from the lines of a label which tensors an operator takes and gives.

These readers decide nothing: each returns what the text states, or None.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from dotlint.deployment.axes import is_axis
from dotlint.deployment.shape_evidence import DEVICE_KEY, counts_tokens, is_list, is_size, shapes_of_side, stands_alone
from dotlint.deployment.shapes import Dims, Shape, read_dims, shapes
from dotlint.deployment.tensor_words import (
    ARROW,
    CHANGE,
    CONTINUES,
    ONLY_SIDE,
    SHAPE_KEY,
    SIDE,
    described,
    is_projection,
    side_of_attribute,
)
from dotlint.graph.attributes import names_of
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PAIRED = regex(r"[^\W\d]\w{0,30}\s?[=:：]\s?[\w?~]|(?<=[:：=]\s)\d\w*\s?,\s?\d|(?<=[:：=])\d\w*\s?,\s?\d")
_SAME_WORD = regex(r"(?:same|identical|unchanged|identique|gleich)\b|同|与输入相同|相同", re.IGNORECASE)
_SIGNS = "[(=:：x×✕（［,，"
_MOST_JOINED = 1000  # characters of lines that are read as one


class Tensors(Struct, frozen=True):
    """Input and output dimensions that a label states; an empty side is not stated."""

    inputs: tuple[Dims, ...] = ()
    outputs: tuple[Dims, ...] = ()
    bare: tuple[Dims, ...] = field(default=())  # bracketed dimensions with neither Input nor Output


def read_tensors(lines: Sequence[str]) -> Tensors:
    """Return the input and output dimensions of the lines of a label: `Input: [...]`, `[...] -> [...]`; others are bare.

    `K: [...]` below `Output: Q: [...]` is an output too.
    """
    inputs: tuple[Dims, ...] = ()
    outputs: tuple[Dims, ...] = ()
    bare: tuple[Dims, ...] = ()
    projected = ""  # the side of the query, key or value on the line before
    for line in _joined(lines):
        found = _tensors_of_line(line)
        if found is None:
            continue
        if isinstance(found, str):
            outputs += inputs
            continue
        into, out, rest = found.inputs, found.outputs, found.bare
        if projected and not into and not out and all(map(_is_projected, rest)):
            into, out, rest = (rest, (), ()) if projected == "in" else ((), rest, ())
        inputs += into
        outputs += out
        bare += rest
        last = out or into
        projected = ("out" if out else "in") if last and _is_projected(last[-1]) else ""
    return Tensors(inputs, outputs, bare) if inputs or outputs or bare else _NONE


def with_attributes(tensors: Tensors, attributes: Mapping[str, str]) -> Tensors:
    """Add the tensors that attributes such as `input_shape` state to the sides that the label does not state."""
    for key in names_of(attributes, side_of_attribute):
        side, value = side_of_attribute(key), attributes[key]
        if side is None or not value or tensors.bare:
            continue
        word = {"in": "Input", "out": "Output", "both": "Shape"}[side]
        found = read_tensors([f"{word}: {value}"])
        tensors = Tensors(
            tensors.inputs or found.inputs,
            tensors.outputs or found.outputs,
            found.bare if not tensors.inputs and not tensors.outputs else (),
        )
    return tensors


def _is_projected(dims: Dims) -> bool:
    return bool(dims.names) and all(map(is_projection, dims.names))


def _joined(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines; those that only together state a shape are one: `Input:` and `[4]`, `[4,` and `8]`, `[4]` and `→ [8]`."""
    titled = any(line.startswith(("[", "(")) for line in lines) and (
        len({bool(m["into"]) for line in lines if len(line) < 24 and (m := ONLY_SIDE.fullmatch(line))}) > 1
    )
    before = ""
    for line in lines:
        if before and len(before) < _MOST_JOINED:
            if _continues(before, line, titled=titled):
                before = f"{before} {line}"
                continue
            if _lists_axes(line) and _lists_axes(before):
                before = f"{before}, {line}"
                continue
        if before:
            yield before
        before = line
    if before:
        yield before


def _continues(before: str, line: str, *, titled: bool) -> bool:
    last = before[-1]
    if last in ":：=":
        return SIDE.fullmatch(before) is not None
    if last in "])":
        return line[0] in "→⇒⟶➔-–=×+*" and CONTINUES.match(line) is not None
    if last == ",":
        return before.rfind("[") > before.rfind("]") and "]" in line
    return titled and line[0] in "[(" and ONLY_SIDE.fullmatch(before) is not None


@lru_cache(maxsize=4096)
def _lists_axes(line: str) -> bool:
    """Return whether a line is `Batch: 4`, or `Batch: 4, Seq: 8`."""
    if (":" not in line and "=" not in line) or "[" in line or "(" in line:
        return False
    dims = read_dims(line)
    return dims is not None and all(map(is_axis, dims.keys)) and None not in dims.sizes


_NONE = Tensors()
_SAME: Literal["same as the input"] = "same as the input"


@lru_cache(maxsize=16384)
def _tensors_of_line(line: str) -> Tensors | Literal["same as the input"] | None:
    if not any(sign in line for sign in _SIGNS):
        return None
    found = _once(line, list(shapes(line)))
    sides = list(_sides(line, found))
    if sides:
        return _of_sides(line, found, sides)
    if DEVICE_KEY.match(line) is not None:
        return None
    key = SHAPE_KEY.match(line)
    whole = key.end() if key and not is_axis(key["key"]) else 0
    if not found:
        return _change_in_bracket(line) or _unbracketed(line[whole:], named=bool(whole))
    before, between, after = _around_arrows(line, found)
    if after:
        kept = [[s for s in some if is_size(s)] for some in (before, between, after)]
        taken, inside, given = (_described(line, some) for some in kept)
        return Tensors(taken, given, inside) if taken and given else None
    bare = [s for s in found if stands_alone(line, s, whole)]
    return Tensors(bare=_described(line, bare, whole)) if bare else None


def _once(line: str, found: list[Shape]) -> list[Shape]:
    """Return shapes without those that state a tensor again: `[B, S] = [4, 8]` is the latter, `B×S (4×8)` the former."""
    kept: list[Shape] = []
    for shape in found:
        between = line[kept[-1].end : shape.start].strip() if kept else "-"
        if between == "=":
            kept.pop()
        elif not between and shape.bracket == "(":
            continue
        kept.append(shape)
    return kept


def _unbracketed(text: str, *, named: bool) -> Tensors | None:
    """Read `batch=4, seq=8` or `batch 4, seq 8`, or anything behind `Shape:`."""
    if not (dims := read_dims(text)) or len(dims.values) < 2:
        return None
    if "=" not in text and ":" not in text and not named and None in dims.sizes:
        return None
    return Tensors(bare=(dims,)) if named or (all(map(is_axis, dims.keys)) and counts_tokens(dims)) else None


def _change_in_bracket(line: str) -> Tensors | None:
    """Read `[4096→12288]`, one shape before and after."""
    start, end = line.find("["), line.find("]")
    if start < 0 or end < start or not CHANGE.search(line, start, end):
        return None
    changes = [CHANGE.split(part) for part in line[start + 1 : end].split(",")]
    if any(len(change) > 2 for change in changes):
        return None
    keys = [f"{change[0].partition('=')[0]}=" if "=" in change[0] else "" for change in changes]
    before = read_dims(",".join(change[0] for change in changes))
    after = read_dims(",".join(f"{k}{c[1]}" if len(c) == 2 else c[0] for k, c in zip(keys, changes, strict=True)))
    if not before or not after or not all(is_size(Shape(d, 0, 0, "(")) for d in (before, after)):
        return None
    return Tensors((before,), (after,))


def _change_without_bracket(text: str) -> Tensors | None:
    """Read `batch=4, seq=8 → batch=4, seq=2`."""
    sides = [read_dims(side) for side in CHANGE.split(text)] if CHANGE.search(text) else []
    if len(sides) != 2:
        return None
    before, after = sides
    return Tensors((before,), (after,)) if before and after and is_list(before) and is_list(after) else None


_Side = tuple[re.Match[str], int]


def _sides(line: str, found: list[Shape]) -> Iterator[_Side]:
    """Yield the words of the sides that a line states, each with the end of what stands behind it.

    Inside a line a word such as `out` states a side only directly before a shape.
    """
    starts = {shape.start for shape in found}
    words = [m for m in SIDE.finditer(line) if m.start() == 0 or _before_shape(line, m.end(), starts)]
    if not words:
        return
    if len(words) == 1:
        before = line[: words[0].start()].strip(" [({•·-–*")
        # `GPU: 0 | Input: [4]`, but no `Layer 3 Input: [4]`, which may be a title.
        if before and before[-1] not in "|;,":
            return
    yield from zip(words, [*(m.start() for m in words[1:]), len(line)], strict=True)


_LEAD = regex(r"(?:[A-Z][\w, ]{0,12}\s?[:=]?\s?)?(?:\d{1,6}\s?[×x✕*]\s?)?")


def _before_shape(line: str, position: int, starts: set[int]) -> bool:
    lead = _LEAD.match(line, position)
    return (lead is not None and lead.end() in starts) or position in starts or bool(_PAIRED.match(line, position))


def _of_sides(line: str, found: list[Shape], sides: list[_Side]) -> Tensors | Literal["same as the input"]:
    inputs: tuple[Dims, ...] = ()
    outputs: tuple[Dims, ...] = ()
    for word, end in sides:
        start, name = word.end(), word["label"] or word["word"] or word["number"] or ""
        own = shapes_of_side([s for s in found if start <= s.start and s.end <= end])
        if not own:
            rest = line[start:end].strip(" ,;|")
            if not word["into"] and not word["both"] and _SAME_WORD.match(rest):
                return _SAME
            if changed := _change_in_bracket(rest) or _change_without_bracket(rest):
                inputs += changed.inputs
                outputs += changed.outputs
                continue
            if (dims := read_dims(rest)) and is_list(dims):
                own = [Shape(dims, start, start + len(rest), "")]
        before, between, after = _around_arrows(line, own)
        taken = _described(line, before, start, name)
        given = _described(line, after, start, name)
        inner = _described(line, between, start, name)
        if word["both"] or word["into"]:
            inputs += taken
            outputs += given if after or not word["both"] else taken
        else:
            outputs += (*taken, *inner, *given)
    return Tensors(inputs, outputs)


def _around_arrows(text: str, found: list[Shape]) -> tuple[list[Shape], list[Shape], list[Shape]]:
    """Split shapes at the arrows between them: before the first, between, and after the last; without one all are before."""
    arrows = [
        number
        for number, (one, two) in enumerate(zip(found, found[1:], strict=False), 1)
        if ARROW.fullmatch(text, one.end, two.start)
    ]
    return (found[: arrows[0]], found[arrows[0] : arrows[-1]], found[arrows[-1] :]) if arrows else (found, [], [])


def _described(line: str, found: list[Shape], low: int = 0, name: str = "") -> tuple[Dims, ...]:
    dims: list[Dims] = []
    for shape in found:
        dims.append(described(line, shape, low, name))
        low = shape.end
    return tuple(dims)
