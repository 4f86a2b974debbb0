"""Find the edges between pipeline stages, and the exemplar for a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment
    from dotlint.edits.edge_attributes import EdgeAttributes
    from dotlint.graph.model import Edge


def stage_links(deployment: Deployment) -> list[tuple[str, int, Edge]]:
    """Return the edges from a stage to the next of its phase as (phase, tail's 0-based stage, edge), in text order."""
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


def link_exemplar(
    deployment: Deployment, edge_attributes: EdgeAttributes, phase: str, stage: int
) -> tuple[str, Edge | None]:
    """Return the attributes of a new edge from a stage to the next, and its exemplar.

    The exemplar is the phase's nearest link, else the same link of another phase; ("", None) if there is neither.
    """
    links = stage_links(deployment)
    own = [(s, edge) for p, s, edge in links if p == phase]
    if own:
        _, exemplar = min(own, key=lambda one: (abs(one[0] - stage), one[1].index))
        return edge_attributes.attributes(exemplar, stage), exemplar
    same_stage = next((edge for _, s, edge in links if s == stage), None)
    if same_stage is None:
        return "", None
    return edge_attributes.attributes(same_stage, stage, verbatim=True), same_stage
