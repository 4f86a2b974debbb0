"""H006: ranks of decode that are handed other KV heads, tokens or layers than they work on, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.checks.tensors.kv_paths import trace
from dotlint.checks.tensors.kv_ranks import PHASES, holders, phases_of, ranks_of
from dotlint.deployment.unit import phase_unit
from dotlint.engine.finding import Holds
from dotlint.text.english import count, listed, ranges

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dotlint.checks.tensors.kv_needs import Fault
    from dotlint.checks.tensors.kv_ranks import Rank
    from dotlint.deployment.unit import Unit
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome

_LISTED = 3  # ranks whose faults a message lists


def wrong_hand_overs(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report ranks of decode that are not handed the part of the KV cache that they work on.

    Nothing is reported, and nothing counts as passed, where one node hands over the cache of several ranks to several
    ranks, or where it is not known which part of the heads and tokens a rank has.
    """
    phases = phases_of(context)
    prefill, decode = (ranks_of(context, phases, phase) for phase in PHASES)
    handed = trace(context, phases, prefill, decode) if prefill and decode else None
    if handed is None or not handed.arrivals:
        return
    from dotlint.checks.tensors.kv_needs import faults, kv_heads  # noqa: PLC0415 - few files hand over a cache
    from dotlint.checks.tensors.kv_parts import Parts  # noqa: PLC0415

    number = kv_heads(context, (*prefill, *decode))
    parts = Parts(context, prefill, decode, handed)
    wrong: list[Fault] = []
    decided: set[Rank] = set()
    for unit in parts.units(decode, whole=not context.abridged.parts):
        found = faults(unit, parts.own(unit), number)
        wrong += found or []
        decided |= {h.rank for h in unit} if found is not None else set()
    yield from _findings(context, card, wrong, number, handed.caches)
    all_decided = decided >= set(decode) and {r.node.index for r in holders(context.deployment, phases, "decode")} <= {
        r.node.index for rank in decode for r in rank.members
    }
    if all_decided and not wrong and len({rank.slot for rank in (*prefill, *decode)}) > 1:
        slots = {rank.slot for rank in decode}
        yield Holds(
            card.section,
            "KV hand-over",
            f"{count(len(slots), 'decode rank is', 'decode ranks are')} handed the KV heads that "
            f"{'it works' if len(slots) == 1 else 'they work'} on",
        )


def _findings(
    context: GraphContext,
    card: Card,
    wrong: Sequence[Fault],
    number: int | None,
    caches: Mapping[Rank, Sequence[str]],
) -> Iterator[Outcome]:
    by_name = context.deployment.by_name
    by_node = {fault.rank.first.node.index: fault for fault in wrong}
    readings = grouping.remaining_nodes(context, card, [fault.rank.first for fault in wrong])
    alike: dict[object, list[tuple[Unit | None, list[Fault]]]] = {}
    for unit, some in grouping.units(context.deployment, readings).items():
        found = [by_node[reading.node.index] for reading in some]
        alike.setdefault(tuple(map(_numbers, found)), []).append((unit, found))
    for units in alike.values():
        unit, found = units[0]
        text = "; ".join(_explanation(fault, number) for fault in found[:_LISTED])
        more = f"; and {count(len(found) - _LISTED, 'more rank')}" if len(found) > _LISTED else ""
        same = f"; the same in {listed([str(other) for other, _ in units[1:]], 4)}" if len(units) > 1 else ""
        every = [fault for _, some in units for fault in some]
        kept = dict.fromkeys(name for fault in every for name in caches.get(fault.rank, ()))
        yield grouping.nodes_finding(
            context,
            card,
            unit if len(units) == 1 else phase_unit("decode"),
            [*(fault.rank.first for fault in every), *map(by_name.__getitem__, kept)],
            f"{text}{more}{same}",
            outcome=None if number is not None or any(f.certain for f in every) else "heads-unknown",
            help="hand each decode rank the KV heads that it works on"
            + ("" if number is not None else "; state `kv_heads` under [model] in the strategy file"),
        )


def _numbers(fault: Fault) -> object:
    """Return what a fault has in common with that of the same rank in other stages and layers."""
    ranks = (tuple(rank.number for rank in some) for some in (fault.sources, fault.got, fault.beside))
    return fault.rank.number, fault.needs, tuple(ranks), tuple(_part(rank) for rank in fault.elsewhere)


def _explanation(fault: Fault, number: int | None) -> str:
    """Return what a rank needs, from whom, and what it is handed."""
    sources = {head for s in fault.sources for head in fault.held[s]}
    lacking = [head for head in fault.needs if head in sources or not fault.lacks]
    needs = f"{_named(fault.rank)} needs {_heads(lacking, number)}"
    if fault.lacks:
        needs += f" from {_listed(fault.sources)}"
    if fault.tokens:
        needs += f", which {'holds' if len(fault.sources) == 1 else 'hold'} other tokens"
    wrong = [
        f"{_heads([h for h in fault.held[s] if h in fault.needs], number, s)} from {_named(s)}"
        for s in fault.got
        if fault.lacks
    ]
    wrong += [f"{_heads(fault.held[s], number, s)} from {_named(s)}" for s in fault.beside]
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
    return f"KV heads {ranges(heads)}"


def _part(rank: Rank) -> str:
    _, stage, layer = rank.cell
    return f"layer {rank.first.layer}" if layer is not None else f"stage {stage}"
