"""Read tensor dimensions from labels.

These readers decide nothing: each returns what the text states, or None.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

# Whatever a line that begins with a device word has in brackets, it is no tensor.
_DEVICE_KEY = regex(r"(?:gpus?|devices?|dev|cuda|[nxth]pus?|mlus?|dcus?|显卡|设备)(?![a-z])\s*[:=(\[]?", re.IGNORECASE)
_SIDE = regex(
    r"(?P<side>\b(?:in(?:put)?|out(?:put)?)(?:\s*(?:dim(?:ension)?s?|shape))?\s*\d*)\s*[:=]\s*(?P<rest>.*)",
    re.IGNORECASE,
)
_BRACKET = regex(r"[\[(](?P<inside>[^\[\]()]*)[\])]")
_ARROW = regex(r"\]\s*(?:->|→)\s*\[")
_PAIR = regex(r"(?P<key>[A-Za-z_][\w ]*?)\s*[=:]\s*(?P<value>[^,;=\s\]]+)")


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


class Tensors(Struct, frozen=True):
    """Input and output dimensions that a label states; an empty side is not stated."""

    inputs: tuple[Dims, ...] = ()
    outputs: tuple[Dims, ...] = ()
    bare: tuple[Dims, ...] = field(default=())  # bracketed dimensions with neither Input nor Output


@lru_cache(maxsize=4096)
def read_dims(text: str) -> Dims | None:
    """Parse `[batch=4, seq=1024]` or `[4, 1024, 512]`; None if it is not a list of dimensions."""
    keys: list[str] = []
    values: list[str] = []
    sizes: list[int | None] = []
    for part in text.split(","):
        word = part.strip()
        if not word:
            continue
        pair = _PAIR.fullmatch(word)
        key, value = (pair["key"].strip().lower(), pair["value"]) if pair else ("", word)
        if not pair and not re.fullmatch(r"[\w?*/.×x ~]+", value):
            return None
        keys.append(key)
        values.append(value)
        sizes.append(int(value) if value.isdigit() and len(value) < 16 else None)
    if not values:
        return None
    return Dims(text.strip(), tuple(keys), tuple(values), tuple(sizes))


def read_tensors(lines: Sequence[str]) -> Tensors:
    """Return the `Input:` and `Output:` dimensions of the lines of a label, and bare `[...] -> [...]` ones."""
    inputs: tuple[Dims, ...] = ()
    outputs: tuple[Dims, ...] = ()
    bare: tuple[Dims, ...] = ()
    for line in lines:
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


_NONE = Tensors()
_SAME: Literal["same as the input"] = "same as the input"


@lru_cache(maxsize=16384)
def _tensors_of_line(line: str) -> Tensors | Literal["same as the input"] | None:
    if "[" not in line and "(" not in line and "=" not in line and ":" not in line:
        return None
    side = _SIDE.match(line) if line[:1] in "iIoO" else None
    if side is not None:
        rest = side["rest"]
        found = tuple(dims for group in _BRACKET.finditer(rest) if (dims := read_dims(group["inside"])))
        if not found and "=" in rest and (dims := read_dims(rest)):
            found = (dims,)
        inward = side["side"].lower().startswith("in")
        if not found and not inward and re.match(r"same\b", rest.strip(), re.IGNORECASE):
            return _SAME
        return Tensors(inputs=found) if inward else Tensors(outputs=found)
    if ("[" not in line and "(" not in line) or _DEVICE_KEY.match(line) is not None:
        return None
    found = tuple(
        dims for group in _BRACKET.finditer(line) if (dims := read_dims(group["inside"])) and len(dims.values) > 1
    )
    if len(found) == 2 and _ARROW.search(line):
        return Tensors(found[:1], found[1:])
    return Tensors(bare=found) if found else None
