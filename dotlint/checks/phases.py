"""H: prefill and decode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks import cross_file, grouping
from dotlint.checks.grouping import names
from dotlint.engine.finding import Holds, Undecided
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome


_TRANSFERS = ("kv-transfer", "kv-cache")


def missing_kv_transfer(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report prefill and decode in one graph without an edge between them; in two files, look for KV-cache nodes."""
    deployment = context.deployment
    yield from _transfer_between_files(context, card)
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
    start, end = grouping.of_node(first.node)
    yield card.finding(
        "no edge leads from prefill to decode, so the KV cache is not transferred",
        start,
        end,
        nodes=(first.name,),
        graph=context.graph.index,
        help='add the transfer, for example `prefill_attention -> decode_attention [label="KV cache"]`',
    )


def _transfer_between_files(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report whether nodes transfer the KV cache between two files, as no edge can."""
    yield from cross_file.not_named(context, card, "the KV-cache transfer")
    for other in cross_file.in_other_files(context):
        if {other.name, context.file.only_phase} != {"prefill", "decode"} or not cross_file.reported_here(context):
            continue
        drawn = [r for r in cross_file.operators_here(context) if r.is_role(*_TRANSFERS)]
        there = [r for r in other.operators if r.is_role(*_TRANSFERS)]
        if any(r.is_role("kv-transfer") for r in (*drawn, *there)) or (drawn and there):
            nodes = [f"`{r.name}`" for r in drawn[:1]] + [f"`{r.name}` in {other.file}" for r in there[:1]]
            yield Holds("communication", "phases", f"the KV cache is transferred by {' and '.join(nodes)}")
        else:
            needs = f"add a KV-transfer node here or in {other.file}, as edges cannot connect two files"
            yield Undecided(card.section, "the KV-cache transfer", needs)


def sequence_parallel_decode(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report sequence splits and gathers in the decode phase, whose sequence is one token long."""
    deployment = context.deployment
    found = [r for r in deployment.operators if r.phase == "decode" and r.is_role("sequence-split", "sequence-gather")]
    if found := grouping.remaining_nodes(context, card, found):
        start, end = grouping.of_node(found[0].node)
        yield card.finding(
            f"decode has {count(len(found), 'sequence split or gather', 'sequence splits and gathers')}, but its sequence is one token long",
            start,
            end,
            nodes=names(found),
            locations=grouping.at_nodes(found),
            graph=context.graph.index,
            help="remove them: decode has no sequence to split",
        )
    elif "decode" in deployment.phases and (len(deployment.phases) > 1 or context.file.only_phase):
        yield Holds("coverage", "decode", "decode has no sequence split or gather")
