"""The shapes of a graph, analyzed once: what several rules report of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.tensors.shape_edges import ShapedEdges, compare_edges
from dotlint.deployment.tensors.shape_mismatch import mismatches
from dotlint.deployment.tensors.shape_operators import ShapedOperators, compare_operators
from dotlint.deployment.tensors.shape_siblings import OddShard, odd_shards

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment
    from dotlint.deployment.tensors.shape_kept import Mismatch
    from dotlint.strategy import ModelFacts, Strategy


class ShapeFlow(Struct):
    """Shapes along edges (T003), through operators and collectives (T004, T005), and what only this analysis sees.

    `mismatches` (F006) and `odd` shards (F007) leave out what the others report.
    """

    edges: ShapedEdges
    operators: ShapedOperators
    mismatches: list[Mismatch]
    odd: list[OddShard]


def shape_flow(deployment: Deployment, strategy: Strategy | None, model: ModelFacts | None) -> ShapeFlow:
    """Follow the shapes of a deployment along its edges and through its operators."""
    edges = compare_edges(deployment, strategy)
    operators = compare_operators(deployment, strategy, model)
    reported = {*operators.wrong, *(r.node.index for some in operators.collectives.values() for r in some)}
    at_edges = {end.node.index for one in edges.wrong for end in (one.tail, one.head)}
    odd = [one for one in odd_shards(deployment) if one.shard.node.index not in reported | at_edges]
    reported |= {one.shard.node.index for one in odd}
    return ShapeFlow(edges, operators, list(mismatches(deployment, strategy, edges, reported)), odd)
