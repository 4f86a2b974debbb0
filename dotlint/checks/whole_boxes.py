"""Nodes that stand for several operators: `RMSNorm + MHA + Residual`, a layer that lists what is in it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.deployment.model import Reading
    from dotlint.deployment.vocabulary import Vocabulary
    from dotlint.engine.context import GraphContext

_APART = regex(r"\s*(?:\+|&|/|→|->|,|;|\band\b)\s*", re.IGNORECASE)
_MARKS = ("+", "&", "/", "→", "->", ",", ";", "and")
_VALUES = regex(r"[\[\]=]|\bgpus?\b|\bdevices?\b|\branks?\b|^\s*(?:in|out)(?:puts?)?\b", re.IGNORECASE)
_ALIKE = {
    **dict.fromkeys(("query", "key-projection", "value-projection", "qkv"), "qkv"),
    **dict.fromkeys(("mlp", "mlp-up", "mlp-down", "activation", "expert", "gate", "route"), "mlp"),
    **dict.fromkeys(("attention", "scores", "softmax", "output-projection"), "attention"),
}


def parts_of(context: GraphContext, reading: Reading) -> set[str]:
    """Return the roles of the operators that the label lists, with those of one block counted as one."""
    vocabulary = context.deployment.vocabulary
    return {part for line in reading.evidence.lines for part in _parts_of_line(line, vocabulary)}


@lru_cache(maxsize=16384)
def _parts_of_line(line: str, vocabulary: Vocabulary) -> frozenset[str]:
    lower = line.lower()
    if "[" in line or "=" in line or not any(mark in lower for mark in _MARKS) or _VALUES.search(line):
        return frozenset()
    parts = _APART.split(line)
    roles = (vocabulary.role(part) for part in (parts if len(parts) > 1 else ()))
    return frozenset(
        _ALIKE.get(role.name, role.name)
        for role in roles
        if role is not None and role.kind in {"computation", "routing"}
    )


def is_whole_box(context: GraphContext, reading: Reading) -> bool:
    """Return whether the node stands for a whole layer or block: its label lists operators of several blocks, or layers."""
    layers = reading.evidence.layers
    if layers is not None and layers[0] < layers[1]:
        return True
    parts = parts_of(context, reading)
    return len(parts) >= 3 or {"qkv", "attention"} <= parts or {"attention", "mlp"} <= parts
