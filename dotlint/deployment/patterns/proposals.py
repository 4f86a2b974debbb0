"""The edges that the patterns of a deployment expect, from two ways of naming its nodes."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.deployment.back_edges import back_edges
from dotlint.deployment.families import RANKS
from dotlint.deployment.patterns.acyclic import without_cycles
from dotlint.deployment.patterns.agreement import agreeing, open_transfers
from dotlint.deployment.patterns.alignment import align_exemplars
from dotlint.deployment.patterns.devices import Devices
from dotlint.deployment.patterns.families import FamilyMember, Pair
from dotlint.deployment.patterns.learn import propose_edges
from dotlint.deployment.patterns.misdirected import Misdirected, misdirected_edges
from dotlint.deployment.patterns.missing_edge import MissingEdge
from dotlint.deployment.patterns.series import edges_between_units
from dotlint.deployment.wiring import Wiring
from dotlint.deployment.words import parse_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.patterns.proposed_edge import ProposedEdge


def missing_edges(deployment: Deployment) -> tuple[list[MissingEdge], int]:
    """Return the missing edges of the graph, in the order of their exemplars, and how many were dropped.

    Edges between phases whose exemplar does not connect phases are dropped, and so are edges that would close a
    cycle; the latter are counted.
    """
    graph = deployment.graph
    if not graph.directed or graph.expansion_limited:
        return [], 0
    edges: list[Pair] = [(edge.tail.index, edge.head.index) for edge in graph.edges]
    by_pair = {(edge.tail.index, edge.head.index): edge for edge in reversed(graph.edges)}
    readings = deployment.readings
    found: dict[Pair, MissingEdge] = {}
    devices = Devices(readings)
    # An edge to or from a transfer that ends there is half of an edge, which leaves either end open.
    halves = frozenset(
        (edge.tail.index, edge.head.index)
        for transfer in open_transfers(deployment)
        for edge in (*transfer.node.in_edges, *transfer.node.out_edges)
    )
    for items in (_members_by_id(deployment), _members_by_label(deployment)):
        for p in propose_edges(items, edges, devices, halves):
            edge = by_pair[p.exemplar]
            one, two = readings[p.tail], readings[p.head]
            exemplar_ends = readings[edge.tail.index], readings[edge.head.index]
            if one.direction == "backward" and two.direction == "forward":
                continue  # no step of training goes on from its backward to its forward pass
            if (one.phase == two.phase) == (exemplar_ends[0].phase == exemplar_ends[1].phase):
                found.setdefault((p.tail, p.head), MissingEdge(one, two, edge, p.support))
    for p in _edges_at_stage_ends(deployment, edges, devices):
        missing = MissingEdge(readings[p.tail], readings[p.head], by_pair[p.exemplar], p.support)
        found.setdefault((p.tail, p.head), missing)
    between = edges_between_units(deployment, by_pair, (), devices)
    around = {pair for m in between for pair in _around(m)}
    agreed = agreeing(deployment, [m for pair, m in found.items() if pair not in around], devices)
    agreed += edges_between_units(deployment, by_pair, agreed, devices) if agreed else between
    kept = without_cycles(deployment, agreed)
    better = align_exemplars(deployment, [(m.tail, m.head, m.exemplar) for m in kept])
    kept = [replace(m, exemplar=better.get((m.tail.node.index, m.head.node.index), m.exemplar)) for m in kept]
    ordered = sorted(kept, key=lambda m: (m.exemplar.index, m.tail.node.index, m.head.node.index))
    return ordered, len(agreed) - len(kept)


def misdirected(deployment: Deployment) -> list[Misdirected]:
    """Return the edges that leave the pattern of all edges like them, each once, in the order of the file."""
    graph = deployment.graph
    if not graph.directed or graph.expansion_limited:
        return []
    stated = back_edges(graph)
    edges = [(e.tail.index, e.head.index) for e in graph.edges if e.index not in stated and e.tail is not e.head]
    found: dict[Pair, Misdirected] = {}
    wiring = Wiring(graph)
    for items in (_members_by_id(deployment), _members_by_label(deployment)):
        for one in misdirected_edges(items, edges):
            tail, head = (deployment.readings[index] for index in one.instead)
            like = tuple(deployment.readings[index].role for index in one.exemplar)
            if tail.name not in wiring.reach([head.name]) and like == (tail.role, head.role):
                found.setdefault(one.edge, one)
    return [found[edge] for edge in sorted(found)]


def _around(missing: MissingEdge) -> Iterator[Pair]:
    """Yield the edges that would go round the series: from what feeds the first unit, or to what the last one feeds."""
    yield missing.exemplar.tail.index, missing.head.node.index
    yield missing.tail.node.index, missing.exemplar.head.index


def _members_by_id(deployment: Deployment) -> list[FamilyMember | None]:
    """Return nodes by their ids: the id with its numbers masked, and those numbers.

    A family with three roles or more (`node_101`, `node_102`) is a running number, which carries no information; a
    family with two roles, distinguished by a number (`fc1`, `fc2`), is two families.
    """
    members: dict[str, list[Reading]] = defaultdict(list)
    for reading in deployment.readings:
        if reading.role is not None:
            members[reading.evidence.name.family].append(reading)
    roles = {family: len({r.role for r in some}) for family, some in members.items()}
    parted = {family for family, number in roles.items() if number == 2 and _numbered_roles(members[family])}
    items: list[FamilyMember | None] = []
    for reading in deployment.readings:
        name = reading.evidence.name
        kind = f"|{reading.role.name}" if name.family in parted and reading.role is not None else ""
        opaque = reading.annotation or roles.get(name.family, 0) > 2
        items.append(None if opaque else FamilyMember(name.family + kind, name.numbers, name.words))
    return items


def _numbered_roles(members: list[Reading]) -> bool:
    """Return whether a number directly after its word, as in `fc1`, determines the role."""
    name = members[0].evidence.name
    for i, word in enumerate(name.words):
        if name.glued[i] and word not in RANKS and any(r.evidence.name.numbers[i] != r.layer for r in members):
            role_of: dict[int, object] = {}
            if all(role_of.setdefault(r.evidence.name.numbers[i], r.role) == r.role for r in members):
                return True
    return False


_OF_UNITS = {"stage", "pp", "layer", "l"}  # words before numbers in titles that repeat the stage or layer
_APART = 1 << 20  # distinguishes stages from layers counted within a stage


def _members_by_label(
    deployment: Deployment, first: Mapping[tuple[str, int], int] | None = None
) -> list[FamilyMember | None]:
    """Return nodes by what they are: the words of the title, phase, stage, layer, its numbers, and the GPUs.

    GPUs are counted from the first of the stage, so that the same shard of two stages has the same offset. A family
    in which two nodes coincide is dropped: its labels carry too little information. With `first`, the first layer of
    each stage, layers are counted from that.
    """
    bases = {
        (phase, stage): min(r.gpus.first for r in unit.operators if r.gpus)
        for phase, units in deployment.units.items()
        for stage, unit in units.items()
        if any(r.gpus for r in unit.operators)
    }
    items: list[FamilyMember | None] = []
    for reading in deployment.readings:
        title = reading.evidence.title
        if reading.annotation or not title:
            items.append(None)
            continue
        name = parse_name(title)
        words, numbers = list(name.words), list(name.numbers)
        if first is not None:
            numbers = [0 if word in _OF_UNITS else n for word, n in zip(words, numbers, strict=True)]
        kind = name.family
        for word, value in (
            ("phase", _phase_index(deployment, reading)),
            ("stage", reading.stage if first is None or reading.stage is None else reading.stage + _APART),
            ("layer", reading.layer if first is None else _layer_of_stage(reading, first)),
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
        items.append(FamilyMember(kind, tuple(numbers), tuple(words)))
    seen = Counter((item.family, item.coordinates) for item in items if item)
    unclear = {family for (family, _), count in seen.items() if count > 1}
    return [None if item is None or item.family in unclear else item for item in items]


def _edges_at_stage_ends(deployment: Deployment, edges: list[Pair], devices: Devices) -> Iterator[ProposedEdge]:
    """Yield edges between the same layers, counted from the first of each stage, or between those and unique nodes.

    The last layer of each stage feeds its gather, but the last layers of all stages have no number in common.
    """
    first = _first_layers(deployment)
    if not first:
        return

    def stage_and_layer(index: int) -> tuple[int | None, int | None]:
        reading = deployment.readings[index]
        return reading.stage, _layer_of_stage(reading, first)

    for proposal in propose_edges(_members_by_label(deployment, first), edges, devices, frozenset()):
        (stage, one), (other, two) = stage_and_layer(proposal.tail), stage_and_layer(proposal.head)
        (exemplar_stage, three), (exemplar_other, four) = map(stage_and_layer, proposal.exemplar)
        if stage == other is not None and exemplar_stage == exemplar_other and (one, two) == (three, four):
            yield proposal


def _first_layers(deployment: Deployment) -> dict[tuple[str, int], int]:
    """Return the first layer of every stage, if all stages have equally many consecutive layers (at least two).

    A layer can then be counted from the first of its stage, so that the last layers of all stages correspond.
    """
    owned: dict[tuple[str, int], set[int]] = {}
    for phase, units in deployment.units.items():
        for stage, unit in units.items():
            owned[phase, stage] = {r.layer for r in unit.operators if r.layer is not None}
    sizes = {len(layers) for layers in owned.values()}
    whole = all(layers and max(layers) - min(layers) + 1 == len(layers) for layers in owned.values())
    return {unit: min(layers) for unit, layers in owned.items()} if whole and len(sizes) == 1 and sizes != {1} else {}


def _layer_of_stage(reading: Reading, first: Mapping[tuple[str, int], int]) -> int | None:
    if reading.layer is None or reading.phase is None or reading.stage is None:
        return reading.layer
    return reading.layer - first.get((reading.phase, reading.stage), 0)


def _phase_index(deployment: Deployment, reading: Reading) -> int | None:
    return deployment.phases.index(reading.phase) if reading.phase in deployment.phases else None
