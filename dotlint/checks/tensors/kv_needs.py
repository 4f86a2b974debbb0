"""What a rank of decode needs of the KV cache, and what it is handed instead."""

from __future__ import annotations

import re
from itertools import product
from math import lcm
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment import axes
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dotlint.checks.tensors.kv_holdings import Holding
    from dotlint.checks.tensors.kv_ranks import Rank
    from dotlint.deployment.model import Reading
    from dotlint.engine.context import GraphContext

_KV_HEADS = ("kv_heads", "num_kv_heads", "n_kv_heads", "num_key_value_heads", "local_kv_heads")
# One latent, or one head, for all query heads: every rank holds all of it.
_ONE = regex(
    r"\bmla\b|latent|(?:\b|_)(?:kv_?lora|c_?kv|kv[\s_-]?a|compressed[\s_]?kv|mqa)(?:\b|_)|multi[\s_-]?query",
    re.IGNORECASE,
    needs=("mla", "latent", "kv", "mqa", "query"),
)


class Fault(Struct, frozen=True, eq=False):
    """A rank of decode that lacks some of its KV heads, or is handed others.

    `needs` are its heads, and `lacks` is whether it is handed fewer. `sources` are the ranks of prefill that have
    what it lacks. `got` hand it some of its heads, `beside` none of them; `elsewhere` are of another stage or layer.
    `held` has the heads of each rank of prefill.
    """

    rank: Rank
    needs: tuple[int, ...]
    lacks: bool
    sources: tuple[Rank, ...]
    got: tuple[Rank, ...]
    beside: tuple[Rank, ...]
    elsewhere: tuple[Rank, ...]
    held: Mapping[Rank, tuple[int, ...]]
    tokens: bool = False  # whether the sources have the same heads as `got`, of other tokens

    @property
    def certain(self) -> bool:
        """Whether it is a fault however many KV heads there are."""
        return bool(self.elsewhere) or not (self.got or self.beside)


class Handed(Struct, frozen=True, eq=False):
    """The ranks of prefill that hand something to a rank of decode: of the parts of the model it works on, or not."""

    rank: Rank
    here: tuple[Rank, ...]
    elsewhere: tuple[Rank, ...]


def kv_heads(context: GraphContext, ranks: Sequence[Rank]) -> int | None:
    """Return how many KV heads the model has, by the strategy file or the labels; None if unknown.

    A model that states no KV heads has as many as query heads.
    """
    if any(_ONE.search(line) for r in context.deployment.operators for line in (*r.evidence.lines, r.name)):
        return 1
    model = context.strategy.model if context.strategy is not None else None
    if model is not None and model.is_latent:
        return 1  # the one latent of a token, which every rank of TP holds
    declared = (model.kv_heads, model.heads) if model is not None else (None, None)
    return declared[0] or _stated(ranks, kv=True) or declared[1] or _stated(ranks, kv=False)


def _stated(ranks: Iterable[Rank], *, kv: bool) -> int | None:
    """Return the heads of all ranks together, where each states its own or all state the same total.

    One KV head on each of several ranks may be a copy.
    """
    each = {
        (n, rank.holdings[0].head[1])
        for rank in ranks
        if rank.holdings
        for r in rank.members
        if (n := _heads_in_label(r, kv=kv)) is not None
    }
    sums, sizes = {n * parts for n, parts in each}, {n for n, _ in each}
    if len(sums) == 1 and (min(sizes) > 1 or not kv):
        return sums.pop()
    return sizes.pop() if len(sizes) == 1 and len(each) > 1 else None


def _heads_in_label(reading: Reading, *, kv: bool) -> int | None:
    tensors = reading.evidence.tensors
    dims = (*tensors.inputs, *tensors.outputs, *tensors.bare)
    found = {n for d in dims if (n := d.size(*_KV_HEADS))} if kv else set()
    if kv == reading.is_role("key-projection", "value-projection"):
        found |= {n for d in dims if (n := axes.size(d, "heads"))}
    return found.pop() if len(found) == 1 else None


def heads_of(holding: Holding, number: int) -> tuple[int, ...]:
    """Return the KV heads of a rank, of so many: those that it shares with others are copies."""
    rank, parts = holding.head
    first, behind = rank * number // parts, (rank + 1) * number // parts
    return tuple(range(first, max(behind, first + 1)))


def faults(unit: Sequence[Handed], own: Sequence[Rank], number: int | None) -> list[Fault] | None:
    """Return the faults of the ranks of one cell that remain under every reading of the strategy.

    `own` are the ranks of prefill that work on the same part of the model, and `number` is that of the KV heads. None
    if the ranks' parts are not known.
    """
    sending = {*own, *(s for each in unit for s in (*each.here, *each.elsewhere))}
    choices = [max((len(r.holdings) for r in some), default=0) for some in ([h.rank for h in unit], sending)]
    if not own or not all(r.holdings for r in sending) or not all(h.rank.holdings for h in unit):
        return None
    found: list[Fault] | None = None
    for one, two, copies in product(*map(range, choices), (False,) if number else (False, True)):
        holdings = {h.rank: h.rank.holdings[one % len(h.rank.holdings)] for h in unit}
        holdings |= {r: r.holdings[two % len(r.holdings)] for r in sending}
        parts = [holding.head[1] for holding in holdings.values()]
        # If the number of heads is not known, ranks of the phase with more of them may hold copies.
        fewest = min(max(holdings[h.rank].head[1] for h in unit), max(holdings[r].head[1] for r in sending))
        again = _under(unit, own, holdings, number or (fewest if copies else lcm(*parts)))
        found = again if found is None else [f for f in found if any(f.rank is g.rank for g in again)]
    return found


def _under(unit: Sequence[Handed], own: Sequence[Rank], holdings: Mapping[Rank, Holding], number: int) -> list[Fault]:
    held = {rank: heads_of(holding, number) for rank, holding in holdings.items()}
    served = {(holdings[h.rank].replica, _replica(s, holdings)) for h in unit for s in h.here}
    if not served:  # nothing arrives at the whole cell
        served = {(holdings[h.rank].replica, _replica(own[0], holdings)) for h in unit}
    everything = len(own) > 1 and len(unit) > 1 and all(set(own) <= set(h.here) for h in unit)
    found: list[Fault] = []
    for each in unit:
        rank, needs = each.rank, held[each.rank]
        lacking: list[Rank] = []
        for replica in [two for one, two in sorted(served) if one == holdings[rank].replica]:
            having = [s for s in own if _replica(s, holdings) == replica]
            lacking += _sources(each, having, holdings, held)
        got = tuple(s for s in each.here if set(held[s]) & set(needs))
        beside = tuple(s for s in each.here if s not in got and not everything)
        if lacking or beside or each.elsewhere:
            lacks, arrived = bool(lacking), {head for s in got for head in held[s]}
            tokens = lacks and arrived >= {head for s in lacking for head in held[s] if head in needs}
            found.append(Fault(rank, needs, lacks, tuple(lacking), got, beside, each.elsewhere, held, tokens))
    return found


def _replica(rank: Rank, holdings: Mapping[Rank, Holding]) -> tuple[int, int]:
    return -1 if rank.cell[0] is None else rank.cell[0], holdings[rank].replica


def _sources(
    each: Handed, having: Sequence[Rank], holdings: Mapping[Rank, Holding], held: Mapping[Rank, tuple[int, ...]]
) -> list[Rank]:
    """Return the ranks of one replica, and one of several with copies, whose heads and tokens are needed and do not arrive."""
    holding = holdings[each.rank]
    arrives = {item for s in each.here if s in having for item in _items(s, holdings, held)}
    found: list[Rank] = []
    for source in having:
        index, parts = holdings[source].tokens
        # Ranks that divide the tokens alike serve one another; of others it is not known who has which tokens.
        alike = (holdings[source].by, index, parts) == (holding.by, *holding.tokens)
        if parts > 1 and holding.tokens[1] > 1 and not alike:
            continue
        needed = {item for item in _items(source, holdings, held) if item[0] in held[each.rank]}
        if needed - arrives:
            found.append(source)
            arrives |= needed
    return found


def _items(
    rank: Rank, holdings: Mapping[Rank, Holding], held: Mapping[Rank, tuple[int, ...]]
) -> set[tuple[int, int, int | None, int | None]]:
    """Return the heads and tokens of a rank, by stage and layer."""
    return {(head, holdings[rank].tokens[0], rank.cell[1], rank.cell[2]) for head in held[rank]}
