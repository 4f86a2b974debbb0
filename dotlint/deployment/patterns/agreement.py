"""Hold proposed edges against the whole pattern: what each end would have, and what the end of its exemplar has.

Candidates are judged one by one: first those whose exemplar is in a unit that is drawn like their own, then those
with the most exemplars. So a wrong one spoils no right one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.patterns.devices import Devices
    from dotlint.deployment.patterns.missing_edge import MissingEdge
    from dotlint.graph.model import Node

_MOST = 256  # the most nodes of a kind that are compared with the end of a proposal


def agreeing(deployment: Deployment, candidates: list[MissingEdge], devices: Devices) -> list[MissingEdge]:
    """Return the candidates that leave both ends with no more edges than the ends of their exemplars have.

    A candidate that goes round a transfer that is not connected is replaced by the edges to and from the transfer.
    """
    if not candidates:
        return candidates
    candidates = [m for m in candidates if not (_is_lone_link(deployment, m) or _is_bypass(deployment, m))]
    units = _Units(deployment)
    fitting = list(_on_fitting_devices(deployment, candidates, devices))
    ranks = {m.pair: units.rank(m) for m in fitting}
    fitting.sort(key=lambda m: (*ranks[m.pair], -m.support))
    return _within_degrees(deployment, fitting)


def _is_lone_link(deployment: Deployment, missing: MissingEdge) -> bool:
    """Return whether only the link of two other stages is an exemplar; that is no matter of siblings."""
    stages = missing.tail.stage, missing.head.stage
    exemplar_stage = deployment.readings[missing.exemplar.tail.index].stage
    return missing.support == 1 and None not in stages and stages[0] != stages[1] and stages[0] != exemplar_stage


def _is_bypass(deployment: Deployment, missing: MissingEdge) -> bool:
    """Return whether a collective leads from the tail to the head, but none in the phase of the exemplar.

    Phases with other degrees need other collectives: experts without EP have no dispatch before them.
    """
    tail, head = missing.exemplar.tail, missing.exemplar.head
    if deployment.readings[tail.index].phase == missing.tail.phase:
        return False
    between = [deployment.readings[index].role for index in _between_nodes(missing.tail.node, missing.head.node)]
    collective = any(role is not None and role.communicates is not None for role in between)
    return collective and not _between_nodes(tail, head)


def _between_nodes(tail: Node, head: Node) -> set[int]:
    """Return the nodes that an edge from the tail leads to, and from which one leads to the head."""
    return {edge.head.index for edge in tail.out_edges} & {edge.tail.index for edge in head.in_edges}


class _Units:
    """The families of nodes whose names have a number, by the word before the number."""

    def __init__(self, deployment: Deployment) -> None:
        self._readings = deployment.readings
        self._families: dict[tuple[str, int], set[str]] = defaultdict(set)
        self._open: dict[tuple[str, int], set[str]] = defaultdict(set)
        self._known: dict[tuple[str, int, int], tuple[int, float]] = {}
        for reading in deployment.operators:
            name = reading.evidence.name
            for word, number in zip(name.words, name.numbers, strict=True):
                self._families[word, number].add(name.family)
                if not (reading.node.in_edges and reading.node.out_edges):
                    self._open[word, number].add(name.family)

    def rank(self, missing: MissingEdge) -> tuple[int, int, float]:
        """Return how far a candidate is from its exemplar.

        That is: the kinds of nodes in its unit that lack an edge and that the unit of the exemplar has not, the
        numbers that differ, and how little the two units have in common.
        """
        exemplar = missing.exemplar
        tails = list(self._differences(missing.tail, self._readings[exemplar.tail.index]))
        heads = list(self._differences(missing.head, self._readings[exemplar.head.index]))
        return (
            max((strangers for strangers, _ in (*tails, *heads)), default=0),
            max(len(tails), len(heads)),
            max((difference for _, difference in (*tails, *heads)), default=0.0),
        )

    def _differences(self, one: Reading, other: Reading) -> Iterator[tuple[int, float]]:
        name, like = one.evidence.name, other.evidence.name
        if name.family != like.family:
            return
        for word, number, corresponding in zip(name.words, name.numbers, like.numbers, strict=True):
            if number != corresponding:
                yield self._difference(word, number, corresponding)

    def _difference(self, word: str, number: int, corresponding: int) -> tuple[int, float]:
        key = word, number, corresponding
        if key not in self._known:
            own, others = self._families[word, number], self._families[word, corresponding]
            self._known[key] = len(self._open[word, number] - others), 1 - len(own & others) / len(own | others)
        return self._known[key]


def _on_fitting_devices(
    deployment: Deployment, candidates: Sequence[MissingEdge], devices: Devices
) -> Iterator[MissingEdge]:
    """Yield the candidates whose ends lie to each other as those of the exemplar do, or as no other node does."""
    by_family: dict[tuple[object, str], list[int]] = defaultdict(list)
    for reading in deployment.operators:
        by_family[_kind(reading)].append(reading.node.index)
    through = _Transfers(deployment)

    def elsewhere(missing: MissingEdge) -> bool:
        tail, head = missing.tail.node.index, missing.head.node.index
        exemplar = missing.exemplar.tail.index, missing.exemplar.head.index
        heads, tails = by_family[_kind(missing.head)][:_MOST], by_family[_kind(missing.tail)][:_MOST]
        return any(devices.alike((tail, other), exemplar) for other in heads) or any(
            devices.alike((other, head), exemplar) for other in tails
        )

    for missing in candidates:
        pair = missing.tail.node.index, missing.head.node.index
        exemplar = missing.exemplar.tail.index, missing.exemplar.head.index
        if devices.relation(pair) == "apart" and (rerouted := through.edges(missing)) is not None:
            yield from rerouted
        elif devices.alike(pair, exemplar) is not False:
            yield missing
        elif not elsewhere(missing):
            yield replace(missing, support=0)


def _kind(reading: Reading) -> tuple[object, str]:
    return reading.role, reading.evidence.name.family


def open_transfers(deployment: Deployment) -> Iterator[Reading]:
    """Yield the transfers between devices that lack a producer or a consumer."""
    for reading in deployment.operators:
        connected = reading.node.in_edges and reading.node.out_edges
        if reading.is_role("transfer", "send", "receive") and reading.gpus and not connected:
            yield reading


class _Transfers:
    """The transfers between devices that lack a producer or a consumer."""

    def __init__(self, deployment: Deployment) -> None:
        self.open = list(open_transfers(deployment))

    def edges(self, missing: MissingEdge) -> list[MissingEdge] | None:
        """Return the edges through the one transfer between the ends that is not connected; None if there is none."""
        found = [transfer for transfer in self.open if _between(transfer, missing.tail, missing.head)]
        if not found:
            return None
        if len(found) > 1:
            return []
        edges = []
        if not found[0].node.in_edges:
            edges.append(replace(missing, head=found[0]))
        if not found[0].node.out_edges:
            edges.append(replace(missing, tail=found[0]))
        return edges


def _between(transfer: Reading, tail: Reading, head: Reading) -> bool:
    """Return whether a transfer is on the devices of both ends and connected to no other node than these."""
    assert transfer.gpus is not None
    if not (tail.gpus and head.gpus):
        return False
    node = transfer.node
    return (
        bool(transfer.gpus & tail.gpus)
        and bool(transfer.gpus & head.gpus)
        and all(edge.tail is tail.node for edge in node.in_edges)
        and (not node.out_edges or any(edge.head is head.node for edge in node.out_edges))
    )


def _within_degrees(deployment: Deployment, candidates: list[MissingEdge]) -> list[MissingEdge]:
    """Return the candidates that give no end more edges than the end of one of its exemplars has, or would have."""
    present = {(edge.tail.index, edge.head.index) for edge in deployment.graph.edges}
    outs: Counter[int] = Counter(tail for tail, _ in present)
    ins: Counter[int] = Counter(head for _, head in present)
    more_outs: Counter[int] = Counter(m.tail.node.index for m in candidates)
    more_ins: Counter[int] = Counter(m.head.node.index for m in candidates)
    most_outs: dict[int, int] = defaultdict(int)
    most_ins: dict[int, int] = defaultdict(int)
    for m in candidates:
        tail, head = m.exemplar.tail.index, m.exemplar.head.index
        most_outs[m.tail.node.index] = max(most_outs[m.tail.node.index], outs[tail] + more_outs[tail])
        most_ins[m.head.node.index] = max(most_ins[m.head.node.index], ins[head] + more_ins[head])
    found = []
    for m in candidates:
        tail, head = m.tail.node.index, m.head.node.index
        if (tail, head) in present:
            continue
        fits_tail = m.exemplar.tail is m.tail.node or outs[tail] < most_outs[tail]
        fits_head = m.exemplar.head is m.head.node or ins[head] < most_ins[head]
        if fits_tail and fits_head:
            present.add((tail, head))
            outs[tail] += 1
            ins[head] += 1
            found.append(m)
    return found
