"""The layers that a phase draws or mentions: in nodes, summaries, edge labels and clusters."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment
    from dotlint.graph.model import Graph

_LAYERS = regex(
    r"\b(?:layers?|blocks?)[\s_:#=]*\(?(\d{1,5})(?:\s*(?:-|–|—|to|\.\.\.?|…|through)\s*(?:layer\s*)?(\d{1,5}))?",
    re.IGNORECASE,
)
_COMMUNICATION = {"communication", "io", "annotation", "memory"}


def layers_by_stage(deployment: Deployment, phase: str) -> dict[int | None, set[int]]:
    """Return the layers that each stage names, counted through all stages; None has those without a stage.

    Operators count, and headers of stages that do not draw most of their layers one by one. Nodes that only carry
    data between layers (collectives, transfers, inputs) do not count.
    """
    found: dict[int | None, set[int]] = defaultdict(set)
    for reading in deployment.operators:
        if reading.phase != phase or reading.kind in _COMMUNICATION:
            continue
        if reading.evidence.layers is not None:  # then its number may be that of a chunk of several layers
            low, high = reading.evidence.layers
            if 0 <= high - low < 10_000:
                found[reading.stage] |= set(range(low, high + 1))
        elif reading.layer_index is not None:
            found[reading.stage].add(reading.layer_index)
    for stage, unit in deployment.units.get(phase, {}).items():
        found[stage] |= {header.layer_index for header in unit.headers if header.layer_index is not None}
        for low, high in unit.ranges if unit.operators else ():
            whole = set(range(low, high + 1)) if high - low < 10_000 else set()
            if whole and 2 * len(found[stage] & whole) <= len(whole):
                found[stage] |= whole
    return dict(found)


def stated_ranges(deployment: Deployment, graph: Graph, phase: str) -> list[tuple[int, int]]:
    """Return the layers that summaries and edge labels cover, as (first, last)."""
    texts = [r.node.label for r in deployment.readings if r.summary and r.phase == phase]
    texts += [edge.label for edge in graph.edges if edge.attributes.get("label")]
    found = {(int(m[1]), int(m[2] or m[1])) for text in texts for m in _LAYERS.finditer(text)}
    return sorted((low, high) for low, high in found if low <= high < low + 10_000)
