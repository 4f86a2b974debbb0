"""The edges that a deployment's patterns ask for: two ways of naming its nodes, one list of missing edges."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dotlint.deployment.alignment import align_exemplars
from dotlint.deployment.patterns import Item, Pair, propose
from dotlint.deployment.wiring import Wiring
from dotlint.deployment.words import parse_name

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.graph.model import Edge


class MissingEdge(Struct, frozen=True):
    """An edge that siblings have: its ends, and the `exemplar` that shows it."""

    tail: Reading
    head: Reading
    exemplar: Edge

    @property
    def pair(self) -> tuple[str, str]:
        """The names of its ends."""
        return self.tail.name, self.head.name


def missing_edges(deployment: Deployment) -> list[MissingEdge]:
    """Learn the patterns of the graph and list the edges that are missing, in the order of the edges that teach them.

    Edges that would close a cycle, or join phases that their exemplar does not join, are left out.
    """
    graph = deployment.graph
    if not graph.directed or graph.expansion_limited:
        return []
    edges: list[Pair] = [(edge.tail.index, edge.head.index) for edge in graph.edges]
    by_pair = {(edge.tail.index, edge.head.index): edge for edge in reversed(graph.edges)}
    readings = deployment.readings
    found: dict[Pair, MissingEdge] = {}
    for items in (_named(deployment), _labelled(deployment)):
        for tail, head, exemplar in propose(items, edges):
            edge = by_pair[exemplar]
            one, two = readings[tail], readings[head]
            taught = readings[edge.tail.index], readings[edge.head.index]
            if (one.phase == two.phase) == (taught[0].phase == taught[1].phase):
                found.setdefault((tail, head), MissingEdge(one, two, edge))
    kept = _without_cycles(deployment, list(found.values()))
    better = align_exemplars(deployment, [(m.tail, m.head, m.exemplar) for m in kept])
    kept = [replace(m, exemplar=better.get((m.tail.node.index, m.head.node.index), m.exemplar)) for m in kept]
    return sorted(kept, key=lambda m: (m.exemplar.index, m.tail.node.index, m.head.node.index))


def _named(deployment: Deployment) -> list[Item | None]:
    """Name nodes by their ids: the id with its numbers masked, and those numbers."""
    items: list[Item | None] = []
    for reading in deployment.readings:
        name = reading.evidence.name
        items.append(None if reading.annotation else Item(name.family, name.numbers, name.words))
    return items


def _labelled(deployment: Deployment) -> list[Item | None]:
    """Name nodes by what they are: the words of the label's title, phase, stage, layer, its numbers, and their GPUs.

    GPUs are counted from the first of the stage, so that the same shard of two stages is at the same offset. A family
    in which two nodes come out the same is dropped whole: there the label tells too little.
    """
    bases = {
        (phase, stage): min(r.gpus.first for r in unit.operators if r.gpus)
        for phase, units in deployment.units.items()
        for stage, unit in units.items()
        if any(r.gpus for r in unit.operators)
    }
    items: list[Item | None] = []
    for reading in deployment.readings:
        title = reading.evidence.title
        if reading.annotation or not title:
            items.append(None)
            continue
        name = parse_name(title)
        words, numbers = list(name.words), list(name.numbers)
        kind = name.family
        for word, value in (
            ("phase", _phase_index(deployment, reading)),
            ("stage", reading.stage),
            ("layer", reading.layer),
        ):
            if value is not None:
                kind += f"|{word}"
                words.append(word)
                numbers.append(value)
        if reading.gpus:
            base = bases.get((reading.phase or "", -1 if reading.stage is None else reading.stage), 0)
            kind += "|gpus"
            words += ["first gpu", "last gpu"]
            numbers += [reading.gpus.first - base, reading.gpus.last - base]
        items.append(Item(kind, tuple(numbers), tuple(words)))
    seen = Counter((item.family, item.coordinates) for item in items if item)
    unclear = {family for (family, _), count in seen.items() if count > 1}
    return [None if item is None or item.family in unclear else item for item in items]


def _phase_index(deployment: Deployment, reading: Reading) -> int | None:
    return deployment.phases.index(reading.phase) if reading.phase in deployment.phases else None


def _without_cycles(deployment: Deployment, missing: list[MissingEdge]) -> list[MissingEdge]:
    """Drop the proposals that lie on a cycle which is not there without them."""
    wiring = Wiring(deployment.graph, [m.pair for m in missing])
    if not missing or not wiring.cyclic():
        return missing
    before = {name: i for i, cycle in enumerate(Wiring(deployment.graph).cycles()) for name in cycle.members}
    on_cycle: dict[str, int] = {name: i for i, cycle in enumerate(wiring.cycles()) for name in cycle.members}

    def closes(edge: MissingEdge) -> bool:
        tail, head = edge.pair
        if tail not in on_cycle or on_cycle[tail] != on_cycle.get(head, -1):
            return False
        return tail not in before or before[tail] != before.get(head, -1)

    return [edge for edge in missing if not closes(edge)]
