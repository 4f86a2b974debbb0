"""H: prefill and decode in one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks import cross_file as across
from dotlint.checks import grouping as places
from dotlint.checks.grouping import count, names
from dotlint.engine.finding import Holds, Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome


_HANDING_OVER = ("kv-transfer", "kv-cache")


def missing_kv_transfer(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Prefill and decode in one graph without any edge between them; in two files no edge can join them."""
    deployment = context.deployment
    yield from _handed_over(context, card)
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


def _handed_over(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Prefill and decode in two files: what nodes say of the KV cache, which no edge could."""
    yield from across.not_named(context, card, "the KV-cache transfer")
    for other in across.in_other_files(context):
        if {other.name, context.file.only_phase} != {"prefill", "decode"} or not across.told_here(context):
            continue
        drawn = [r for r in across.operators_here(context) if r.is_role(*_HANDING_OVER)]
        there = [r for r in other.operators if r.is_role(*_HANDING_OVER)]
        if any(r.is_role("kv-transfer") for r in (*drawn, *there)) or (drawn and there):
            nodes = [f"`{r.name}`" for r in drawn[:1]] + [f"`{r.name}` in {other.file}" for r in there[:1]]
            yield Holds("communication", "phases", f"the KV cache is handed over: {' and '.join(nodes)}")
        else:
            needs = f"draw a node for it here or in {other.file}: no edge joins two files"
            yield Undecided(card.section, "the KV-cache transfer", needs)


def sequence_parallel_decode(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Sequence splits and gathers in the decode phase, whose sequence is one token long."""
    deployment = context.deployment
    found = [r for r in deployment.operators if r.phase == "decode" and r.is_role("sequence-split", "sequence-gather")]
    if found := places.remaining_nodes(context, card, found):
        start, end = places.of_node(found[0].node)
        yield card.finding(
            f"decode has {count(len(found), 'sequence split or gather', 'sequence splits and gathers')}, but its sequence is one token long",
            start,
            end,
            nodes=names(found),
            locations=places.at_nodes(found),
            graph=context.graph.index,
            help="decode has no sequence to split: leave them out",
        )
    elif "decode" in deployment.phases and (len(deployment.phases) > 1 or context.file.only_phase):
        yield Holds("coverage", "decode", "no sequence parallelism in decode")
