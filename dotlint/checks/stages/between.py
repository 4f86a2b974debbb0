"""Edges that carry the activations of a pipeline from one stage to another."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import groupby
from typing import TYPE_CHECKING

from dotlint.checks.copies import copies, may_be_one

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.engine.context import GraphContext
    from dotlint.graph.model import Edge

_GRADIENTS = {"grad", "grads", "gradient", "gradients", "bwd", "backward", "dgrad"}


def stage_edges(context: GraphContext) -> Iterator[tuple[Edge, Reading, Reading]]:
    """Yield the edges between two stages of one phase, with the readings of their ends.

    Edges without influence on the layout, of a collective that no operator of its stage is connected with, and between
    data replicas or micro-batches are not part of the pipeline.
    """
    readings, copy_of = context.deployment.readings, context.deployment.derived(copies)
    for edge in context.graph.edges:
        one, two = readings[edge.tail.index], readings[edge.head.index]
        if one.phase != two.phase or one.stage is None or two.stage is None or one.stage == two.stage:
            continue
        if one.annotation or two.annotation or _aside(edge) or not may_be_one(copy_of(one), copy_of(two)):
            continue
        if not any(_outside(context, reading) for reading in (one, two)):
            yield edge, one, two


def _aside(edge: Edge) -> bool:
    """Return whether the attributes state that the edge does not lead forward."""
    ranks = edge.attributes.get("constraint", "true").lower()
    return ranks in {"false", "no", "0"} or edge.attributes.get("dir", "forward").lower() in {"back", "both"}


def _outside(context: GraphContext, reading: Reading) -> bool:
    """Return whether a collective is connected with no operator of its own stage, as one that many stages share."""
    if reading.role is None or not reading.role.collective:
        return False
    readings = context.deployment.readings
    ends = [e.tail for e in reading.node.in_edges] + [e.head for e in reading.node.out_edges]
    return not any(
        (other.phase, other.stage) == (reading.phase, reading.stage)
        for other in (readings[node.index] for node in ends)
        if other is not reading
    )


def is_backward(context: GraphContext, edge: Edge, before: Reading, after: Reading) -> bool:
    """Return whether an edge is of the backward pass of training: it carries gradients, or both its ends compute them."""
    if before.direction == "backward" == after.direction:
        return True
    return not _GRADIENTS.isdisjoint(context.deployment.vocabulary.split(edge.label or ""))


def interleaved(context: GraphContext, phase: str | None) -> bool:
    """Return whether the layers pass all stages several times in the same order, as with virtual stages."""
    declared = context.phase(phase)
    if declared is not None and declared.degrees.vpp > 1:
        return True
    if _passes_in_chunks(context, phase):
        return True
    owners: dict[int, set[int]] = defaultdict(set)
    for reading in context.deployment.operators:
        if reading.phase == phase and reading.layer is not None and reading.stage is not None:
            owners[reading.layer].add(reading.stage)
    if any(len(stages) > 1 for stages in owners.values()):
        return False
    order = [stage for stage, _ in groupby(next(iter(owners[layer])) for layer in sorted(owners))]
    stages = sorted(set(order))
    return len(order) >= 2 * len(stages) > 2 and all(stage == stages[i % len(stages)] for i, stage in enumerate(order))


def _passes_in_chunks(context: GraphContext, phase: str | None) -> bool:
    """Return whether each number of a layer is one of a chunk, which leads through all stages and on to the next chunk."""
    readings = context.deployment.readings
    steps: Counter[tuple[bool, int]] = Counter()
    for edge in context.graph.edges:
        one, two = readings[edge.tail.index], readings[edge.head.index]
        if one.stage is None or two.stage is None or one.layer is None or two.layer is None:
            continue
        if one.phase == phase and one.direction != "backward" and one.stage != two.stage:
            steps[one.stage < two.stage, two.layer - one.layer] += 1
    return len(steps) == 2 and steps[True, 0] > 1 and steps[False, 1] > 0
