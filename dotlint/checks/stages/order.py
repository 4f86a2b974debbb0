"""S005 and S006: edges that go back a stage, or skip one."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks import grouping as places
from dotlint.checks.grouping import count
from dotlint.engine.finding import Related, Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Edge

_FEEDBACK = {"residual", "skip", "mask", "kv", "kvcache", "feedback", "loop", "autoregressive"}


def edges_out_of_order(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Edges that go back to an earlier stage of the same phase, or skip one."""
    deployment = context.deployment
    if any((phase := context.phase(name)) and phase.degrees.vpp > 1 for name in deployment.phases):
        yield Undecided("connections", "order of stages", "virtual stages: say which chunk each node belongs to")
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
        edges = places.remaining(context.file, card, edges, places.at_edge)  # noqa: PLW2901
        if not edges:
            continue
        one, two = deployment.unit(phase_name, tail), deployment.unit(phase_name, head)
        what = "go back" if head < tail else "skip a stage"
        what = what.replace("go ", "goes ").replace("skip ", "skips ") if len(edges) == 1 else what
        yield card.finding(
            f"{count(len(edges), 'edge')} from {one} to {two} {what}",
            edges[0].start,
            edges[0].end,
            nodes=tuple(dict.fromkeys(name for e in edges for name in (e.tail.name, e.head.name))),
            locations=places.at_edges(edges),
            related=tuple(Related(f"{e.tail.name} -> {e.head.name}", e.start, e.end) for e in edges[1:9]),
            about=one,
            graph=context.graph.index,
            help="data flows from each stage to the next",
        )
