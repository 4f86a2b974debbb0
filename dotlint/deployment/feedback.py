"""Edges that lead back on purpose, such as that of the next token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.deployment.words import plain_words

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment
    from dotlint.graph.model import Edge

_PHRASES = ("next token", "decode loop", "decoding loop", "autoregressive", "feedback", "kv read", "next step", "loop")
_ENDS = {"output", "sampling", "head"}
_STARTS = {"input", "embedding"}


def leads_back(deployment: Deployment, edge: Edge) -> bool:
    """Return whether an edge says that it leads back, or leads from the output of the model to its input."""
    attributes = edge.attributes
    if attributes.get("constraint", "").lower() in {"false", "no", "0"} or attributes.get("dir") in {"back", "both"}:
        return True
    if edge.label and any(f" {phrase} " in plain_words(edge.label) for phrase in _PHRASES):
        return True
    tail, head = deployment.readings[edge.tail.index], deployment.readings[edge.head.index]
    return tail.is_role(*_ENDS) and head.is_role(*_STARTS)
