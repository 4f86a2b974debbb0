"""H006: ranks of decode that are handed other KV heads, tokens or layers than they work on, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.checks.tensors.kv_needs import faults, kv_heads
from dotlint.checks.tensors.kv_parts import Parts
from dotlint.checks.tensors.kv_paths import trace
from dotlint.checks.tensors.kv_ranks import PHASES, phases_of, ranks_of
from dotlint.engine.finding import Holds
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.checks.tensors.kv_needs import Fault
    from dotlint.checks.tensors.kv_ranks import Rank
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome

_TOLD = 3  # ranks whose faults a message tells


def wrong_hand_overs(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report ranks of decode that are not handed the part of the KV cache that they work on.

    Nothing is reported, and nothing is said to hold, where one node hands over the cache of several ranks to several
    ranks, or where it is not known which part of the heads and tokens a rank has.
    """
    phases = phases_of(context)
    prefill, decode = (ranks_of(context, phases, phase) for phase in PHASES)
    handed = trace(context, phases, prefill, decode) if prefill and decode else None
    if handed is None or not handed.arrivals:
        return
    number = kv_heads(context, (*prefill, *decode))
    parts = Parts(context, prefill, decode, handed)
    wrong: list[Fault] = []
    right: set[tuple[int | None, int]] = set()
    for unit in parts.units(decode, whole=not context.abridged.parts):
        found = faults(unit, parts.own(unit), number)
        if found is None:
            continue
        wrong += found
        right |= {h.rank.slot for h in unit} - {f.rank.slot for f in found}
    yield from _findings(context, card, wrong, number)
    if right and not wrong and not handed.open:
        yield Holds(
            card.section,
            "KV hand-over",
            f"{count(len(right), 'decode rank is', 'decode ranks are')} handed the KV heads that "
            f"{'it works' if len(right) == 1 else 'they work'} on",
        )


def _findings(context: GraphContext, card: Card, wrong: Sequence[Fault], number: int | None) -> Iterator[Outcome]:
    by_node = {fault.rank.first.node.index: fault for fault in wrong}
    readings = grouping.remaining_nodes(context, card, [fault.rank.first for fault in wrong])
    for unit, some in grouping.units(context.deployment, readings).items():
        found = [by_node[reading.node.index] for reading in some]
        told = "; ".join(_told(fault, number) for fault in found[:_TOLD])
        more = f"; and {count(len(found) - _TOLD, 'more rank')}" if len(found) > _TOLD else ""
        certain = number is not None or any(fault.certain for fault in found)
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            some,
            f"{told}{more}",
            outcome=None if certain else "heads-unknown",
            help="hand each decode rank the KV heads that it works on"
            + ("" if number is not None else "; state `kv_heads` under [model] in the strategy file"),
        )


def _told(fault: Fault, number: int | None) -> str:
    """Say what a rank needs, from whom, and what it is handed."""
    rank = fault.rank
    needs = f"{_named(rank)} needs {_heads(fault.needs, number)}"
    if fault.lacks:
        needs += f" from {_listed(fault.sources)}"
    wrong = [f"{_heads(fault.held[s], number, s)} from {_named(s)}" for s in (*fault.got * fault.lacks, *fault.beside)]
    wrong += [f"the KV cache of {_part(s)} from {_named(s)}" for s in fault.elsewhere]
    if not wrong:
        return f"{needs}, but is handed nothing"
    only = "" if fault.beside or fault.elsewhere else "only "
    return f"{needs}, but is {'' if fault.lacks else 'also '}handed {only}{listed(wrong, 4)}"


def _named(rank: Rank) -> str:
    return f"{rank.phase} rank {rank.number} (`{rank.first.name}`)"


def _listed(ranks: Sequence[Rank]) -> str:
    return listed([_named(rank) for rank in ranks], 4)


def _heads(heads: Sequence[int], number: int | None, rank: Rank | None = None) -> str:
    """Name heads by their numbers, or, where the number of heads is not known, without them."""
    if number is None:
        return "its KV heads" if rank is None else "those"
    if len(heads) == 1:
        return "the KV cache" if number == 1 else f"KV head {heads[0]}"
    return f"KV heads {heads[0]}{' and ' if len(heads) == 2 else ' to '}{heads[-1]}"


def _part(rank: Rank) -> str:
    _, stage, layer = rank.cell
    return f"layer {rank.first.layer}" if layer is not None else f"stage {stage}"
