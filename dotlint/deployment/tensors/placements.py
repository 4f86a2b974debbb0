"""Placements of a tensor on one axis of the device mesh, and sets of possible ones.

The words are those of PyTorch's DTensor: `Replicate`, `Partial`, `Shard(axis)`. A set of placements is an int with a bit
for each, because every edge of a graph has several.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES: Final = ("replicate", "partial", "batch", "seq", "heads", "ffn", "hidden", "vocab", "experts")
"""The placements, in the order of their bits: two states, and the axis of the tensor that is divided."""

BITS: Final = {name: 1 << index for index, name in enumerate(NAMES)}
REPLICATE: Final = BITS["replicate"]
PARTIAL: Final = BITS["partial"]
BATCH: Final = BITS["batch"]
SEQ: Final = BITS["seq"]
HEADS: Final = BITS["heads"]
HIDDEN: Final = BITS["hidden"]
EXPERTS: Final = BITS["experts"]
ANY: Final = (1 << len(NAMES)) - 1
SHARD: Final = ANY & ~(REPLICATE | PARTIAL)
FEATURES: Final = HEADS | BITS["ffn"] | HIDDEN | BITS["vocab"]
TOKENS: Final = BATCH | SEQ
WHOLE: Final = REPLICATE | TOKENS
"""What an input of the model may be: it owes no sum, and its features are not divided."""


def placements(names: Iterable[str]) -> int:
    """Return the set of these placements. Raises `KeyError` on an unknown name."""
    found = 0
    for name in names:
        found |= BITS[name]
    return found


def split(mask: int) -> tuple[str, ...]:
    """Return the names of the placements in a set."""
    return tuple(name for name, bit in BITS.items() if mask & bit)


def title(mask: int) -> str:
    """Return a set as a reader sees it: `Replicate`, `Shard(heads) or Partial`, `not known`."""
    if mask == ANY or not mask:
        return "not known"
    words = {"replicate": "Replicate", "partial": "Partial"}
    return " or ".join(words.get(name, f"Shard({name})") for name in split(mask))
