"""The ways on which the KV cache passes from the ranks of prefill to those of decode."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.words import plain_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotlint.checks.tensors.kv_ranks import Rank
    from dotlint.deployment.model import Reading
    from dotlint.engine.context import GraphContext

_PASSES = (
    "send",
    "receive",
    "transfer",
    "kv-transfer",
    "kv-cache",
    "broadcast",
    "all-gather",
    "all-to-all",
    "gather",
    "split",
    "sequence-gather",
    "sequence-split",
)
_CACHE = ("kv", "cache", "key", "value")


class Arrival(Struct, frozen=True, eq=False):
    """What one edge brings to a rank of decode: the ranks of prefill that it comes from."""

    senders: tuple[Rank, ...]


class HandOver(Struct):
    """What arrives at each rank of decode; `open` are the ranks whose senders are not decided.

    `caches` are the nodes of decode in which each rank keeps what arrives.
    """

    arrivals: dict[Rank, list[Arrival]]
    open: set[Rank]
    caches: dict[Rank, list[str]]


def trace(
    context: GraphContext, phases: Mapping[str, str | None], prefill: Sequence[Rank], decode: Sequence[Rank]
) -> HandOver | None:
    """Follow the edges into every rank of decode back to prefill; None if the cache also takes another way."""
    return _Trace(context, phases, prefill, decode).run()


class _Trace:
    def __init__(
        self,
        context: GraphContext,
        phases: Mapping[str, str | None],
        prefill: Sequence[Rank],
        decode: Sequence[Rank],
    ) -> None:
        self.phases = phases
        self.deployment, self.wiring = context.deployment, context.wiring
        self.edges = context.graph.edges
        self.senders = {r.name: rank for rank in prefill for r in rank.members}
        self.receivers = {r.name: rank for rank in decode for r in rank.members}
        self.passing = {r.name for r in self.deployment.readings if self._passes(r)}
        self._add_caches(prefill, decode)
        self.mixing: dict[str, bool] = {}
        self.ends: Counter[str] = Counter()

    def _passes(self, reading: Reading) -> bool:
        if reading.annotation or reading.name in self.senders or reading.name in self.receivers:
            return False
        return reading.role is None or reading.is_role(*_PASSES)

    def _add_caches(self, prefill: Sequence[Rank], decode: Sequence[Rank]) -> None:
        """Let caches stand for the ranks on whose devices they are where no attention writes or reads them."""
        for phase, ranks, known, ways in (
            ("prefill", prefill, self.senders, self.wiring.ins),
            ("decode", decode, self.receivers, self.wiring.outs),
        ):
            for name in [n for n in self.passing if self._is_cache(n, phase)]:
                reading = self.deployment.by_name[name]
                alike = [r for r in ranks if r.first.gpus == reading.gpus and reading.gpus and _same_unit(r, reading)]
                if len(alike) == 1 and not self._reached(name, ways, known):
                    known[name] = alike[0]
        self.passing -= self.senders.keys() | self.receivers.keys()

    def _is_cache(self, name: str, phase: str) -> bool:
        reading = self.deployment.by_name.get(name)
        return reading is not None and self.phases[name] == phase and reading.is_role("kv-cache")

    def _reached(self, start: str, ways: Mapping[str, Sequence[str]], known: Mapping[str, Rank]) -> list[Rank]:
        """Return the ranks at the other ends of ways that only pass data on."""
        found: dict[str, Rank] = {}
        seen, todo = {start}, [start]
        while todo:
            for name in ways.get(todo.pop(), ()):
                if name in known:
                    found[name] = known[name]
                elif name in self.passing and name not in seen:
                    seen.add(name)
                    todo.append(name)
        return list(dict.fromkeys(found.values()))

    def _mixes(self, name: str) -> bool:
        """Return whether several ranks send to it and several receive from it, so that who serves whom is open."""
        if name not in self.mixing:
            senders = {rank.slot for rank in self._reached(name, self.wiring.ins, self.senders)}
            self.mixing[name] = (
                len(senders) > 1 and len({r.slot for r in self._reached(name, self.wiring.outs, self.receivers)}) > 1
            )
        return self.mixing[name]

    def run(self) -> HandOver | None:
        if self._goes_elsewhere():
            return None
        found = HandOver(defaultdict(list), set(), defaultdict(list))
        for name, rank in self.receivers.items():
            for tail in self.wiring.ins.get(name, ()):
                senders, unclear, passed = self._back(tail, name)
                if unclear:
                    found.open.add(rank)
                found.caches[rank] += [n for n in passed if self._is_cache(n, "decode")]
                if senders:
                    self.ends[name] += 1
                    found.arrivals[rank].append(Arrival(tuple(senders)))
        self._name_ranks()
        return found

    def _name_ranks(self) -> None:
        """Let the operators name their ranks that most often end a hand-over, by the pattern of name and title."""
        kinds: Counter[tuple[str, str]] = Counter()
        for name, number in self.ends.items():
            kinds[_kind(self.deployment.by_name[name])] += number
        for rank in {*self.senders.values(), *self.receivers.values()}:
            rank.first = max(rank.members, key=lambda r: (kinds[_kind(r)], r is rank.first))

    def _back(self, tail: str, head: str) -> tuple[list[Rank], bool, list[str]]:
        """Return the ranks that a way into a rank comes from, whether some of it is unclear, and what passes it on."""
        passed: list[str] = []
        senders: dict[Rank, None] = {}
        seen, todo, unclear = {tail, head}, [tail], False
        while todo:
            name = todo.pop()
            reading = self.deployment.by_name.get(name)
            if name in self.senders:
                senders[self.senders[name]] = None
                self.ends[name] += 1
            elif name in self.passing and self._mixes(name):
                unclear = True
            elif name in self.passing:
                passed.append(name)
                fresh = [n for n in self.wiring.ins.get(name, ()) if n not in seen]
                seen.update(fresh)
                todo += fresh
            elif reading is not None and self.phases[name] != "decode" and reading.kind != "io":
                unclear = True
        return list(senders), unclear, passed

    def _goes_elsewhere(self) -> bool:
        """Return whether an edge hands the cache to an operator of decode that is none of its ranks."""
        for edge in self.edges:
            tail, head = edge.tail.name, edge.head.name
            reading = self.deployment.readings[edge.head.index]
            if head in self.receivers or head in self.passing or self.phases[head] != "decode" or reading.annotation:
                continue
            names_cache = any(word in edge.label.lower() for word in _CACHE)
            if self.phases[tail] == "decode" and tail not in self.passing:
                continue
            if reading.kind == "io" and not names_cache:
                continue
            if (
                names_cache
                or tail in self.senders
                or (tail in self.passing and self._reached(tail, self.wiring.ins, self.senders))
            ):
                return True
        return False


def _kind(reading: Reading) -> tuple[str, str]:
    return reading.evidence.name.family, plain_words(reading.evidence.title)


def _same_unit(rank: Rank, reading: Reading) -> bool:
    """Return whether a cache is of the replica, stage and layer of a rank, as far as it states them."""
    replica, stage, layer = rank.cell
    pairs = (replica, reading.replica), (stage, reading.stage), (layer, reading.layer_index)
    return all(two in (one, None) for one, two in pairs)
