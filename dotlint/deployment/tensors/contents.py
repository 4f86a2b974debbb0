"""What labels state about the content of a tensor: hidden states, or only which experts a token goes to."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from dotlint.deployment.axes import axes
from dotlint.deployment.shapes import shapes
from dotlint.deployment.words import plain_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.deployment.shapes import Dims

Content = Literal["hidden", "tokens", "choice", "counted", ""]
"""`tokens`: a number of tokens. `choice`: scores or indices of experts. `counted`: both. "": not decided."""

_FEATURES: Final = frozenset({"hidden", "ffn", "heads", "head-dim"})
_CHOICE: Final = frozenset({"experts", "top-k"})
_CARRIED: Final = frozenset({
    "token", "tokens", "hidden", "states", "activation", "activations", "feature", "features", "embedding",
    "embeddings", "data", "tensor",
})  # fmt: skip
_CHOOSING: Final = frozenset({
    "expert", "experts", "top", "topk", "k", "id", "ids", "idx", "index", "indices", "score", "scores",
    "weight", "weights", "prob", "probs", "probabilities", "logits", "selected", "select", "selection",
    "routing", "gate", "gating", "router", "mask", "assignment", "assignments", "choice", "decision",
    "decisions",
})  # fmt: skip
_OWNER: Final = frozenset({"expert", "experts"})


@lru_cache(maxsize=4096)
def content_of_dims(dims: Dims) -> Content:
    """Return what a tensor with these axes is."""
    names = [name or value for name, value in zip(axes(dims), dims.values, strict=True)]
    if not _FEATURES.isdisjoint(names):
        return "hidden"
    rest = [name for name in names if name not in {"batch", "seq"} and not _chooses(name)]
    tokens = any("tokens" in plain_words(name).split() for name in rest)
    if len(rest) < len(names) and _chooses(names[-1]) and (tokens or not any(name[:1].isalpha() for name in rest)):
        return "counted" if tokens else "choice"
    return "tokens" if tokens else ""


def _chooses(axis: str) -> bool:
    """Return whether an axis counts or lists experts: `experts`, `expert_ids`, `top_2_experts`."""
    words = set(plain_words(axis).split())
    return axis in _CHOICE or (bool(words & _OWNER) and words <= _CHOOSING)


def content(every: Iterable[Dims]) -> Content:
    """Return what several tensors together contain; hidden states if one of them does."""
    found: list[Content] = [content_of_dims(dims) for dims in every]
    if "hidden" in found:
        return "hidden"
    return found[0] if found and len(set(found)) == 1 else ""


@lru_cache(maxsize=4096)
def states_hidden(label: str) -> bool:
    """Return whether the label of an edge states that hidden states travel on it: `tokens`, `[B, S, H]`."""
    if not label:
        return False
    words = set(plain_words(label).split())
    return bool(words & _CARRIED and not words & _CHOOSING - _OWNER) or any(
        content_of_dims(shape.dims) == "hidden" for shape in shapes(label)
    )
