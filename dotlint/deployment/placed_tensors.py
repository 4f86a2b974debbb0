"""Which side a tensor is on that only the role of its operator places."""

from __future__ import annotations

from dotlint.deployment.gpus_and_dims import Tensors
from dotlint.deployment.tensor_words import is_projection

_TAKES_PROJECTIONS = frozenset({"attention", "scores", "softmax"})
_GIVES_PROJECTIONS = frozenset({"qkv", "query", "key-projection", "value-projection"})


def placed(tensors: Tensors, role: str) -> Tensors:
    """Return tensors with those that only their role places: `K and V: [...]` of an attention are inputs."""
    if not tensors.bare or role not in _TAKES_PROJECTIONS | _GIVES_PROJECTIONS:
        return tensors
    named = tuple(dims for dims in tensors.bare if dims.names and all(map(is_projection, dims.names)))
    if not named:
        return tensors
    rest = tuple(dims for dims in tensors.bare if dims not in named)
    if role in _TAKES_PROJECTIONS:
        return Tensors((*tensors.inputs, *named), tensors.outputs, rest)
    return Tensors(tensors.inputs, (*tensors.outputs, *named), rest)
