"""Nodes that stand for several operators: `RMSNorm + MHA + Residual`, a layer that lists what is in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.deployment.model import Reading
    from dotlint.engine.context import GraphContext

_APART = regex(r"\s*(?:\+|&|/|→|->|,|;|\band\b)\s*", re.IGNORECASE)
_VALUES = regex(r"[\[\]=]|\bgpus?\b|\bdevices?\b|\branks?\b|^\s*(?:in|out)(?:puts?)?\b", re.IGNORECASE)
_ALIKE = {
    **dict.fromkeys(("query", "key-projection", "value-projection", "qkv"), "qkv"),
    **dict.fromkeys(("mlp", "mlp-up", "mlp-down", "activation", "expert", "gate", "route"), "mlp"),
    **dict.fromkeys(("attention", "scores", "softmax", "output-projection"), "attention"),
}


def parts_of(context: GraphContext, reading: Reading) -> set[str]:
    """Return the roles of the operators that the label lists, with those of one block counted as one."""
    vocabulary = context.deployment.vocabulary
    found: set[str] = set()
    for line in reading.evidence.lines:
        if not line or _VALUES.search(line):
            continue
        parts = _APART.split(line)
        for part in parts if len(parts) > 1 else ():
            role = vocabulary.role(part)
            if role is not None and role.kind in {"computation", "routing"}:
                found.add(_ALIKE.get(role.name, role.name))
    return found


def is_whole_box(context: GraphContext, reading: Reading) -> bool:
    """Return whether the node stands for a whole layer or block: its label lists operators of several blocks, or layers."""
    layers = reading.evidence.layers
    if layers is not None and layers[0] < layers[1]:
        return True
    parts = parts_of(context, reading)
    return len(parts) >= 3 or {"qkv", "attention"} <= parts or {"attention", "mlp"} <= parts
