"""S005 and S006: edges that go back to an earlier stage or skip one."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.checks.stages.between import interleaved, is_backward, stage_edges
from dotlint.engine.finding import Undecided
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Edge

_FEEDBACK = {"residual", "skip", "mask", "kv", "kvcache", "feedback", "loop", "autoregressive"}


def _to_later_chunk(before: Reading, after: Reading) -> bool:
    """Return whether an edge between interleaved stages may lead on to the next chunk of layers."""
    return before.layer is None or after.layer is None or before.layer < after.layer


def edges_out_of_order(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report edges that go back to an earlier stage of the same phase or skip a stage."""
    deployment = context.deployment
    if any((phase := context.phase(name)) and phase.degrees.vpp > 1 for name in deployment.phases):
        yield Undecided("connections", "order of stages", "state the chunk of each node (virtual stages are declared)")
        return
    groups: dict[tuple[str | None, int, int], list[Edge]] = defaultdict(list)
    chunked = {name: interleaved(context, name) for name in deployment.phases}
    for edge, before, after in stage_edges(context):
        assert before.stage is not None
        assert after.stage is not None
        if after.stage - before.stage == 1 or (chunked.get(before.phase or "") and _to_later_chunk(before, after)):
            continue
        if after.stage < before.stage and is_backward(context, edge, before, after):
            continue
        words = set(deployment.vocabulary.normalize(f"{edge.label} {edge.tail.name} {edge.head.name}").split())
        if not words & _FEEDBACK:
            groups[before.phase, before.stage, after.stage].append(edge)
    # Those that go back come first: a cycle explains them.
    for (phase_name, tail, head), edges in sorted(groups.items(), key=lambda item: item[0][2] > item[0][1]):
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
            slip="back" if head < tail else "skip",
            help="connect each stage only to the next one, or label the edge residual, skip, mask or KV cache",
        )
