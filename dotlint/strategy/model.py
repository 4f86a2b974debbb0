"""Facts about the deployed model, as far as the strategy file states them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Pool = Literal["unified", "disaggregated"]
"""Whether the phases of a deployment share their GPUs."""


class ModelFacts(Struct, frozen=True):
    """Counts that some rules need; None if unknown.

    `experts` are those of one MoE layer; `seq` is in tokens, `batch` in sequences, `hidden` in elements.
    """

    layers: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    hidden: int | None = None
    experts: int | None = None
    top_k: int | None = None
    batch: int | None = None
    seq: int | None = None

    def to_dict(self) -> dict[str, int]:
        """Return the known facts."""
        found = {name: getattr(self, name) for name in MODEL_FACTS}
        return {name: value for name, value in found.items() if value is not None}


MODEL_FACTS: tuple[str, ...] = ModelFacts.__struct_fields__
"""The names of the facts in a strategy file."""
