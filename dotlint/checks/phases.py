"""H: prefill and decode in one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks import places
from dotlint.checks.places import count, names
from dotlint.engine.finding import Holds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome


def missing_kv_transfer(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Prefill and decode in one graph without any edge between them."""
    deployment = context.deployment
    if not {"prefill", "decode"} <= set(deployment.phases):
        return
    inside = {
        phase: [r for r in deployment.operators if r.phase == phase and (r.node.in_edges or r.node.out_edges)]
        for phase in ("prefill", "decode")
    }
    if not all(inside.values()):
        return
    shared = {r.name for r in deployment.operators if r.phase is None}
    decode = {r.name for r in inside["decode"]} | shared
    crossing = [e for r in inside["prefill"] for e in r.node.out_edges if e.head.name in decode]
    if crossing:
        yield Holds("communication", "phases", f"{count(len(crossing), 'edge')} from prefill to decode")
        return
    first = inside["decode"][0]
    start, end = places.of_node(first.node)
    yield card.finding(
        "no edge leads from prefill to decode: nothing hands over the KV cache",
        start,
        end,
        nodes=(first.name,),
        graph=context.graph.index,
        help='add the transfer, as `prefill_attention -> decode_attention [label="KV cache"]`',
    )


def sequence_parallel_decode(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Sequence splits and gathers in the decode phase, whose sequence is one token long."""
    deployment = context.deployment
    found = [r for r in deployment.operators if r.phase == "decode" and r.is_role("sequence-split", "sequence-gather")]
    if found:
        start, end = places.of_node(found[0].node)
        yield card.finding(
            f"decode has {count(len(found), 'sequence split or gather', 'sequence splits and gathers')}, but its sequence is one token long",
            start,
            end,
            nodes=names(found),
            graph=context.graph.index,
            help="decode has no sequence to split: leave them out",
        )
    elif "decode" in deployment.phases and len(deployment.phases) > 1:
        yield Holds("coverage", "decode", "no sequence parallelism in decode")
