"""Read the shapes of tensors, in brackets or joined by multiplication signs.

These readers decide nothing: each returns what the text states, or None.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.sizes import read_size
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

_BRACKET = regex(r"(?P<open>[\[(])(?P<inside>[^\[\]()]*)[\])]")
_PAIR = regex(r"(?P<key>[A-Za-z_][\w ]*?)\s*[=:：]\s*(?P<value>[^,;=\s\]]+)")
_AROUND = regex(r"\s+([*/×·])\s*|(?<=[*/×·])\s+")
_VALUE = regex(r"[\w?*/.×·x ~]+")
_FACTOR = r"(?:\d+[kKM]?|[A-Z](?:/(?:\d+|[A-Za-z]+\d?))?)"
# `8x4096x1024`, `B×S×H/2`: neither part of a word nor a number of repetitions.
_CHAIN = regex(rf"(?<![\w./×*])(?:{_FACTOR}(?:\s?[×✕]\s?{_FACTOR})+|\d+[kKM]?(?:\s?x\s?\d+[kKM]?)+)(?![\w×])")
_TIMES = regex(r"\s?[x×✕]\s?")


class Dims(Struct, frozen=True):
    """The dimensions of a tensor: `keys` in order ("" if unnamed) with `values` as written; `text` is the whole.

    `sizes` has an int for each value that is a number, and None for any other.
    """

    text: str
    keys: tuple[str, ...]
    values: tuple[str, ...]
    sizes: tuple[int | None, ...]

    def size(self, *keys: str) -> int | None:
        """Return the size of the first axis with one of these names; None if there is none or it is not a number."""
        for key, size in zip(self.keys, self.sizes, strict=True):
            if key in keys:
                return size
        return None


class Shape(Struct, frozen=True):
    """Dimensions with their span in a text and what encloses them: `[`, `(` or nothing."""

    dims: Dims
    start: int
    end: int
    bracket: str


@lru_cache(maxsize=4096)
def read_dims(text: str) -> Dims | None:
    """Parse `[batch=4, seq=1024]`, `[4, 1024, 512]` or `4×1024×512`; None if it is not a list of dimensions."""
    if _CHAIN.fullmatch(text.strip()):
        return _dims(text, [("", value) for value in _TIMES.split(text.strip())])
    parts: list[tuple[str, str]] = []
    for part in text.split(","):
        word = _AROUND.sub(r"\1", part.strip())
        if not word:
            continue
        pair = _PAIR.fullmatch(word)
        if not pair and not _VALUE.fullmatch(word):
            return None
        parts.append((pair["key"].strip().lower(), pair["value"]) if pair else ("", word))
    return _dims(text, parts)


def _dims(text: str, parts: list[tuple[str, str]]) -> Dims | None:
    if not parts:
        return None
    sizes = [size.whole if (size := read_size(value)) else None for _, value in parts]
    return Dims(text.strip(), tuple(key for key, _ in parts), tuple(value for _, value in parts), tuple(sizes))


def shapes(text: str) -> Iterator[Shape]:
    """Yield the shapes in a text, from left to right."""
    position = 0
    for group in _BRACKET.finditer(text):
        yield from _chains(text, position, group.start())
        if dims := read_dims(group["inside"]):
            yield Shape(dims, *group.span(), group["open"])
        position = group.end()
    yield from _chains(text, position, len(text))


def _chains(text: str, start: int, end: int) -> Iterator[Shape]:
    for chain in _CHAIN.finditer(text, start, end):
        if dims := read_dims(chain[0]):
            yield Shape(dims, *chain.span(), "")
