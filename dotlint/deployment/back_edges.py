"""Edges that state that they lead back: the loop of decoding, the reading of a cache, feedback."""

from __future__ import annotations

import re
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING

from dotlint.deployment.words import parse_name
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Collection

    from dotlint.graph.model import Edge, Graph, Node

_LABEL = regex(
    r"\bnext[\s_-]*(?:tokens?|steps?|iterations?|position)|\bloop|auto-?regress|\bfeed[\s_-]*back"
    r"|\bkv[\s_-]*(?:cache)?[\s_-]*(?:read|fetch|load|reuse|lookup)|\b(?:read|fetch|load|reuse)s?\b.*\b(?:kv|cache)"
    r"|\biterat|\brepeat|\brecurren|下一|循环|反馈|自回归|rétroaction|rückkopplung",
    re.IGNORECASE,
    needs=(
        *("next", "loop", "regre", "feed", "kv", "cache", "iterat", "repeat", "recurren"),
        *("下一", "循环", "反馈", "自回归", "rétroaction", "rückkopplung"),
    ),
)


_RING = regex(r"(?<![^\W\d_])ring(?![^\W\d_])", re.IGNORECASE, needs=("ring",))


def back_edges(graph: Graph) -> frozenset[int]:
    """Return the indexes of the edges that state that they lead back.

    A label states it by itself; so does a ring between nodes whose names differ only in numbers. `constraint=false`,
    `dir=both` and `dir=back` do so only if the other edges lead from the head to the tail: authors also give them to
    side edges, for a better layout.
    """
    named = {edge.index for edge in graph.edges if _has_label(edge)}
    drawn = [edge for edge in graph.edges if edge.index not in named and _is_drawn_back(edge)]
    if drawn:
        stated = named.union(edge.index for edge in drawn)
        reached = {head.index: _reach(head, stated) for head in {edge.head for edge in drawn}}
        named.update(edge.index for edge in drawn if edge.tail.index in reached[edge.head.index])
    return frozenset(named)


def _has_label(edge: Edge) -> bool:
    attributes = edge.attributes
    if not attributes:
        return False
    texts = (attributes.get(name) for name in ("label", "xlabel", "taillabel", "headlabel"))
    return any(text and (_states_back(text) or (_names_ring(text) and _is_in_family(edge))) for text in texts)


@lru_cache(maxsize=4096)  # most labels of edges repeat
def _states_back(text: str) -> bool:
    return _LABEL.search(text) is not None


@lru_cache(maxsize=4096)
def _names_ring(text: str) -> bool:
    return _RING.search(text) is not None


def _is_in_family(edge: Edge) -> bool:
    """Return whether the names of both ends differ only in numbers, as around a ring of ranks."""
    return parse_name(edge.tail.name).family == parse_name(edge.head.name).family


def _is_drawn_back(edge: Edge) -> bool:
    attributes = edge.attributes
    if not attributes:
        return False
    return attributes.get("constraint", "").lower() in {"false", "no", "0"} or attributes.get("dir", "").lower() in {
        "both",
        "back",
    }


def _reach(start: Node, without: Collection[int]) -> set[int]:
    """Return the indexes of the nodes that edges lead to from a node, itself included."""
    seen = {start.index}
    queue = deque([start])
    while queue:
        for edge in queue.popleft().out_edges:
            if edge.index not in without and edge.head.index not in seen:
                seen.add(edge.head.index)
                queue.append(edge.head)
    return seen
