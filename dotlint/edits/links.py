"""The edges between pipeline stages, and which of them shows how another one is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment
    from dotlint.edits.edge_attributes import EdgeAttributes
    from dotlint.graph.model import Edge


def stage_links(deployment: Deployment) -> list[tuple[str, int, Edge]]:
    """Give the edges from a stage to the next of its phase as (phase, tail's 0-based stage, edge).

    In order.
    """
    found: list[tuple[str, int, Edge]] = []
    for edge in deployment.graph.edges:
        tail, head = deployment.readings[edge.tail.index], deployment.readings[edge.head.index]
        if (
            tail.phase is not None
            and tail.phase == head.phase
            and tail.stage is not None
            and head.stage == tail.stage + 1
        ):
            found.append((tail.phase, tail.stage, edge))
    return found


def link_like(
    deployment: Deployment, edge_attributes: EdgeAttributes, phase: str, stage: int
) -> tuple[str, Edge | None]:
    """Give the attributes of a new edge from a stage to the next, and the edge that shows them.

    That is the nearest of the phase's own links, else the same link of another phase.
    """
    links = stage_links(deployment)
    own = [(s, edge) for p, s, edge in links if p == phase]
    if own:
        _, exemplar = min(own, key=lambda one: (abs(one[0] - stage), one[1].index))
        return edge_attributes.attributes(exemplar, stage), exemplar
    counterpart = next((edge for _, s, edge in links if s == stage), None)
    return (
        (edge_attributes.attributes(counterpart, stage, verbatim=True), counterpart)
        if counterpart is not None
        else ("", None)
    )
