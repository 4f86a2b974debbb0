"""Read the shapes of tensors, in brackets or joined by multiplication signs.

These readers decide nothing: each returns what the text states, or None.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.axis_parts import CHAIN, factors_of, parts
from dotlint.deployment.dims import Dims
from dotlint.deployment.sizes import read_size
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Dims", "Shape", "read_dims", "shapes"]

_BRACKET = regex(r"[\[\]()（）［］【】]")
_TIMES = regex(r"\s?(\d{1,6})\s?[×x]\s(?=[^\W\d]{2,}\w*\s?[=:])")  # `12× batch=4, seq=8`
_CLOSING = {"]": "[", ")": "(", "）": "（", "］": "［", "】": "【"}
_PLAIN = {"（": "(", "［": "[", "【": "["}


class Shape(Struct, frozen=True):
    """Dimensions with their span in a text and what encloses them: `[`, `(` or nothing."""

    dims: Dims
    start: int
    end: int
    bracket: str


@lru_cache(maxsize=4096)
def read_dims(text: str) -> Dims | None:
    """Parse `[batch=4, seq=1024]`, `[4, 1024, 512]` or `4×1024×512`; None if it is not a list of dimensions."""
    times = _TIMES.match(text)
    found = parts(text[times.end() :] if times else text)
    if found is None:
        return None
    sizes = [size.whole if (size := read_size(value)) else None for _, value in found]
    return Dims(
        text.strip(),
        tuple(key for key, _ in found),
        tuple(value for _, value in found),
        tuple(sizes),
        (),
        int(times[1]) if times else 1,
    )


def shapes(text: str) -> Iterator[Shape]:
    """Yield the shapes in a text, from left to right; of brackets inside each other, the outermost that is a shape."""
    position = 0
    for start, end in _brackets(text):
        if start < position:
            continue
        if dims := read_dims(text[start + 1 : end - 1]):
            yield from _chains(text, position, start)
            yield Shape(dims, start, end, _PLAIN.get(text[start], text[start]))
            position = end
    yield from _chains(text, position, len(text))


def _brackets(text: str) -> list[tuple[int, int]]:
    """Return the spans of closed brackets that contain at most one level of parentheses, by their starts."""
    opened: list[list[int]] = []  # where each starts, and how many levels are inside it
    found: list[tuple[int, int]] = []
    for sign in _BRACKET.finditer(text):
        if sign[0] not in _CLOSING:
            opened.append([sign.start(), 0])
        elif opened and text[opened[-1][0]] == _CLOSING[sign[0]]:
            start, levels = opened.pop()
            if levels < 2:
                found.append((start, sign.end()))
            if opened:
                opened[-1][1] = max(opened[-1][1], levels + 1)
    found.sort()
    return found


def _chains(text: str, start: int, end: int) -> Iterator[Shape]:
    for chain in CHAIN.finditer(text, start, end):
        if factors_of(chain[0]) and (dims := read_dims(chain[0])):
            yield Shape(dims, *chain.span(), "")
