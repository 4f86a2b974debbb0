"""S005 and S006: edges that go back to an earlier stage or skip one."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.engine.finding import Undecided
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Edge

_FEEDBACK = {"residual", "skip", "mask", "kv", "kvcache", "feedback", "loop", "autoregressive"}


def edges_out_of_order(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report edges that go back to an earlier stage of the same phase or skip a stage."""
    deployment = context.deployment
    if any((phase := context.phase(name)) and phase.degrees.vpp > 1 for name in deployment.phases):
        yield Undecided("connections", "order of stages", "state the chunk of each node (virtual stages are declared)")
        return
    groups: dict[tuple[str | None, int, int], list[Edge]] = defaultdict(list)
    for edge in context.graph.edges:
        before, after = deployment.readings[edge.tail.index], deployment.readings[edge.head.index]
        if before.phase != after.phase or before.stage is None or after.stage is None:
            continue
        if after.stage - before.stage in (0, 1):
            continue
        words = set(deployment.vocabulary.normalize(f"{edge.label} {edge.tail.name} {edge.head.name}").split())
        if not words & _FEEDBACK:
            groups[before.phase, before.stage, after.stage].append(edge)
    for (phase_name, tail, head), edges in groups.items():
        edges = grouping.remaining(context.file, card, edges, grouping.at_edge)  # noqa: PLW2901
        if not edges:
            continue
        one, two = deployment.unit(phase_name, tail), deployment.unit(phase_name, head)
        verb = ("goes", "skips") if len(edges) == 1 else ("go", "skip")
        what = f"{verb[0]} backwards" if head < tail else f"{verb[1]} a stage"
        yield grouping.edges_finding(
            context,
            card,
            one,
            edges,
            f"{count(len(edges), 'edge')} from {one} to {two} {what}",
            help="connect each stage only to the next one, or label the edge residual, skip, mask or KV cache",
        )
