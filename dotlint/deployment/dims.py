"""The dimensions of a tensor as a label states them."""

from __future__ import annotations

from msgspec import Struct


class Dims(Struct, frozen=True):
    """The dimensions of a tensor: `keys` in order ("" if unnamed) with `values` as written; `text` is the whole.

    `sizes` has an int for each value that is a number, and None for any other. `names` are what the label calls the
    tensor, in lower case: `q`; or `k` and `v` if it states one shape for both; or a number. `count` is how many tensors
    of the shape it states: 8 for `8×[4, 1024]`.
    """

    text: str
    keys: tuple[str, ...]
    values: tuple[str, ...]
    sizes: tuple[int | None, ...]
    names: tuple[str, ...] = ()
    count: int = 1

    def size(self, *keys: str) -> int | None:
        """Return the size of the first axis with one of these names; None if there is none or it is not a number."""
        for key, size in zip(self.keys, self.sizes, strict=True):
            if key in keys:
                return size
        return None
