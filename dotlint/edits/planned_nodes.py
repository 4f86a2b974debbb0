"""Nodes that are to be written as their siblings are: their statements, and what they are joined to."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from dotlint.deployment.patterns.renumber import Shift, ShiftError, map_gpus, with_numbers
from dotlint.deployment.words import parse_name
from dotlint.edits.copying import copy_edits, piece
from dotlint.edits.extrapolate import extrapolate
from dotlint.edits.fix_context import NotCertain
from dotlint.edits.gpus.infer import GpuGuess
from dotlint.edits.statement import id_text, own_statement
from dotlint.strategy.gpus import union

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.edits.fix_context import FixContext
    from dotlint.graph.model import Edge, Node

Numbers = tuple[int, ...]
Pair = tuple[str, str]
Place = tuple[int | None, int | None]
_MOST = 512  # nodes that one fix writes
_NEAR = 6  # siblings that are tried as models
_STAGE_WORDS = ("stage", "pp", "st", "s")
_LAYER_WORDS = ("layer", "l", "lay", "lyr", "block")


class PlannedNode(Struct):
    """A node to be written: its `statement` without a semicolon, and its edges, each with the one that shows it.

    `exemplar` is the sibling that it is written after. `unit` is the stage and layer that it belongs to.
    """

    name: str
    numbers: Numbers
    exemplar: Reading
    unit: Place
    statement: str = ""
    edges: tuple[tuple[Pair, Edge], ...] = ()


class NodeEdge(NamedTuple):
    """An edge of a new node: the `other` end, whether that is the head (`out`), and the edge that shows it."""

    other: str
    out: bool
    exemplar: Edge


class Inference(NamedTuple):
    """What siblings show of a new node: how it is written, and what it is connected to."""

    statement: str
    edges: list[NodeEdge]
    exemplar: Reading


class Siblings:
    """Knows the families of one graph and tells how a new member of one is written."""

    def __init__(self, context: FixContext) -> None:
        self.text = context.text
        self.deployment = context.deployment
        self.by_name = context.deployment.by_name
        self._families: dict[tuple[str | None, str], list[Reading]] = defaultdict(list)
        for reading in self.deployment.operators:
            self._families[reading.phase, reading.evidence.name.family].append(reading)

    def family(self, reading: Reading) -> list[Reading]:
        """Give the nodes of the phase whose names differ from this one's in numbers only."""
        return self._families[reading.phase, reading.evidence.name.family]

    def plan(self, wanted: Iterable[PlannedNode], *, more: bool) -> list[PlannedNode]:
        """Work out statements and edges of new nodes; with `more` also the new nodes that they need beside them.

        Raises `NotCertain` where siblings do not tell them.
        """
        todo = list(wanted)
        known = {one.name: one for one in todo}
        done: list[PlannedNode] = []
        while todo:
            one = todo.pop(0)
            if len(known) > _MOST:
                raise NotCertain(f"more than {_MOST} nodes would be written")
            inferred = self._infer(one, known, more=more)
            one.statement, one.exemplar = inferred.statement, inferred.exemplar
            for edge in inferred.edges:
                if edge.other not in self.by_name and edge.other not in known:
                    beside = self._beside(one, edge)
                    assert beside is not None
                    known[edge.other] = beside
                    todo.append(beside)
            one.edges = tuple(
                ((one.name, j.other) if j.out else (j.other, one.name), j.exemplar) for j in inferred.edges
            )
            done.append(one)
        return done

    def _infer(self, one: PlannedNode, known: Mapping[str, PlannedNode], *, more: bool) -> Inference:
        """Give the first reading of what siblings show that agrees with what is there."""
        why = f"the statements beside `{one.name}` do not go on in one way"
        for inferred in self._readings(one):
            if isinstance(inferred, str):
                why = inferred
                continue
            edges = self._settled(one, inferred.edges, known, more=more)
            if isinstance(edges, str):
                why = edges
                continue
            return Inference(inferred.statement, edges, inferred.exemplar)
        raise NotCertain(why)

    def _readings(self, one: PlannedNode) -> Iterator[Inference | str]:
        """As the unit's own siblings go on, as all do, as the nearest one is, moved into the unit."""
        family = [r for r in self.family(one.exemplar) if own_statement(r.node) is not None]
        same = [r for r in family if (r.stage, r.layer) == one.unit]
        for siblings in ([same] if len(same) > 1 else []) + [family]:
            written = extrapolate([(r.evidence.name.numbers, self._spelled(r)) for r in siblings], one.numbers)
            if written is None:
                continue
            alike = self._alike(one, siblings)
            edges = self._edges_of(one, alike)
            near = min(alike, key=lambda r: _distance(r.evidence.name.numbers, one.numbers))
            yield edges if isinstance(edges, str) else Inference(written, edges, near)
        others = [r for r in family if (r.stage, r.layer) != one.unit]
        others.sort(
            key=lambda r: (_changed(r, one), r is not one.exemplar, _distance(r.evidence.name.numbers, one.numbers))
        )
        for exemplar in others[:_NEAR]:
            shifted = self._shifted(one, exemplar)
            if shifted is not None:
                yield shifted

    def _settled(
        self, one: PlannedNode, edges: list[NodeEdge], known: Mapping[str, PlannedNode], *, more: bool
    ) -> list[NodeEdge] | str:
        """Give the edges whose other ends are there, or will be; say what speaks against them.

        Where edges go past the missing node, they tell better than siblings what is before and after it: the
        first layer is fed by the input, the others by the layer before.
        """
        if not edges:
            return f"the siblings of `{one.name}` are joined to nothing"
        if len({(j.other, j.out) for j in edges}) < len(edges):
            return f"what `{one.name}` is joined to does not follow from its siblings"
        past = {out: self._past([j for j in edges if j.out is out], out=out) for out in (True, False)}
        family = parse_name(one.name).family
        alone = sum(parse_name(name).family == family and other.unit == one.unit for name, other in known.items()) == 1
        found: list[NodeEdge] = []
        for out in (False, True):
            own = [j for j in edges if j.out is out]
            across = past[not out]
            if across and own and not {j.other for j in own} <= across:
                if not alone or not self._usual(one, across, out=out):
                    return f"edges go past `{one.name}` in a way that its siblings do not show"
                own = [NodeEdge(name, out, own[0].exemplar) for name in sorted(across, key=self._order)]
            for edge in own:
                if edge.other in known:
                    continue
                if edge.other not in self.by_name:
                    if not (more and self._beside(one, edge)):
                        return f"`{edge.other}`, which `{one.name}` would be joined to, is not there"
                elif self._served(edge, family, one.unit):
                    return f"`{edge.other}`, which `{one.name}` would be joined to, has what its siblings have"
            found += own
        return found

    def _served(self, edge: NodeEdge, family: str, unit: Place) -> bool:
        """Whether the end of an edge has as many neighbours of the family as its counterpart has.

        Where both are one node it is shared by units, or else belongs to the sibling's; an end of the model that only
        the sibling's has is no other's.
        """

        def alike(node: Node) -> list[Node]:
            ends = [e.tail for e in node.in_edges] if edge.out else [e.head for e in node.out_edges]
            return [end for end in ends if self._family_of(end) == family]

        counterpart = edge.exemplar.head if edge.out else edge.exemplar.tail
        if counterpart.name == edge.other:
            sibling = self.by_name[(edge.exemplar.tail if edge.out else edge.exemplar.head).name]
            end = self.by_name[counterpart.name]
            units = {(self.by_name[n.name].stage, self.by_name[n.name].layer) for n in alike(counterpart)}
            alone = end.stage is not None or end.layer is not None or (end.kind == "io" and len(units) == 1)
            return (sibling.stage, sibling.layer) != unit and alone
        return len(alike(self.by_name[edge.other].node)) >= len(alike(counterpart))

    def _usual(self, one: PlannedNode, names: set[str], *, out: bool) -> bool:
        """Whether each of these has a role that stands on that side of some sibling, or is an end of the model."""
        edges = (e for r in self.family(one.exemplar) for e in (r.node.out_edges if out else r.node.in_edges))
        roles = {self.by_name[_other(e, out=out)].role for e in edges}
        return all(self.by_name[name].role in roles or self.by_name[name].kind == "io" for name in names)

    def _order(self, name: str) -> int:
        return self.by_name[name].node.index

    def _past(self, edges: list[NodeEdge], *, out: bool) -> set[str]:
        """Tell what stands on the other side of the missing node, to judge by edges that go past it.

        That is what every end on the one side is joined to, and the siblings' ends are not.
        """
        found: set[str] | None = None
        for edge in edges:
            if edge.other not in self.by_name:
                return set()
            node = self.by_name[edge.other].node
            counterpart = edge.exemplar.head if out else edge.exemplar.tail
            usual = {
                self._family_of(e.tail if out else e.head)
                for e in (counterpart.in_edges if out else counterpart.out_edges)
            }
            beside = {(e.tail if out else e.head) for e in (node.in_edges if out else node.out_edges)}
            strange = {n.name for n in beside if self._family_of(n) not in usual}
            found = strange if found is None else found & strange
        return found or set()

    def _family_of(self, node: Node) -> str:
        return self.by_name[node.name].evidence.name.family

    def _beside(self, one: PlannedNode, edge: NodeEdge) -> PlannedNode | None:
        """Take the missing end of an edge for a new node too, where its siblings are of the same unit."""
        exemplar = self.by_name[(edge.exemplar.head if edge.out else edge.exemplar.tail).name]
        if (exemplar.stage, exemplar.layer) != one.unit or exemplar.summary:
            return None
        return PlannedNode(edge.other, parse_name(edge.other).numbers, exemplar, one.unit)

    def _alike(self, one: PlannedNode, siblings: list[Reading]) -> list[Reading]:
        """Give the siblings that are joined to families as most within the model are; its ends are joined otherwise."""
        kinds: dict[tuple[tuple[bool, str, int], ...], list[Reading]] = defaultdict(list)
        for reading in siblings:
            slots = ((out, self._slots(reading, out=out)) for out in (False, True))
            kinds[tuple(sorted((o, f, len(e)) for o, found in slots for f, e in found.items()))].append(reading)
        inner = [some for some in kinds.values() if not any(self._at_an_end(r) for r in some)]
        return min(
            inner or kinds.values(),
            key=lambda some: (-len(some), min(_distance(r.evidence.name.numbers, one.numbers) for r in some)),
        )

    def _at_an_end(self, reading: Reading) -> bool:
        beside = {e.tail.name for e in reading.node.in_edges} | {e.head.name for e in reading.node.out_edges}
        return any(self.by_name[name].kind == "io" for name in beside)

    def _spelled(self, reading: Reading) -> str:
        statement = own_statement(reading.node)
        assert statement is not None
        return self.text[statement.start : statement.core_end]

    def _edges_of(self, one: PlannedNode, siblings: list[Reading]) -> list[NodeEdge] | str:
        """Tell what the node is joined to, as the ends of its siblings' edges go on."""
        nearest = min(siblings, key=lambda r: _distance(r.evidence.name.numbers, one.numbers))
        found: list[NodeEdge] = []
        for out in (False, True):
            slots = {r.node.index: self._slots(r, out=out) for r in siblings}
            for family, edges in slots[nearest.node.index].items():
                rows = [(r, slots[r.node.index].get(family, [])) for r in siblings]
                if any(len(row) != len(edges) for _, row in rows):
                    return f"the siblings of `{one.name}` are joined in several ways"
                for place, edge in enumerate(edges):
                    samples = [(r.evidence.name.numbers, _other(row[place], out=out)) for r, row in rows]
                    name = extrapolate(samples, one.numbers)
                    if name is None:
                        return f"what `{one.name}` is joined to does not follow from its siblings"
                    found.append(NodeEdge(name, out, edge))
        return found

    def _slots(self, reading: Reading, *, out: bool) -> dict[str, list[Edge]]:
        """Give the edges of a node on one side by the family of the other end, in the order of its numbers."""
        found: dict[str, list[Edge]] = defaultdict(list)
        for edge in reading.node.out_edges if out else reading.node.in_edges:
            found[parse_name(_other(edge, out=out)).family].append(edge)
        for edges in found.values():
            edges.sort(key=lambda e: parse_name(_other(e, out=out)).numbers)
        return found

    def _shifted(self, one: PlannedNode, exemplar: Reading) -> Inference | None:
        """Write the node as a copy of one sibling of another unit; None where that is not certain.

        What the sibling is joined to moves along, be it in its own unit or in the one before or after.
        """
        statement = own_statement(exemplar.node)
        old, new = exemplar.evidence.name, parse_name(one.name)
        shift = self._shift(one, exemplar)
        if statement is None or old.family != new.family or shift is None:
            return None
        steps = {word: (a, b) for word, a, b in zip(old.words, old.numbers, new.numbers, strict=True)}
        changed = {i: (a, b) for i, (a, b) in enumerate(zip(old.numbers, new.numbers, strict=True)) if a != b}
        for words, before, after in (
            (_STAGE_WORDS, shift.before, shift.after),
            (_LAYER_WORDS, exemplar.layer, one.unit[1]),
        ):
            for word in words:
                if before is not None and after is not None:
                    steps.setdefault(word, (before, after))
        edges: list[NodeEdge] = []
        for out, drawn in ((False, exemplar.node.in_edges), (True, exemplar.node.out_edges)):
            edges += (NodeEdge(moved_name(self.by_name[_other(e, out=out)], steps, changed), out, e) for e in drawn)
        try:
            edits = copy_edits([statement], (), self.text, {exemplar.name: one.name}, shift)
        except ShiftError:
            return None
        return Inference(piece(self.text, statement.start, statement.core_end, edits), edges, exemplar)

    def _shift(self, one: PlannedNode, exemplar: Reading) -> Shift | None:
        stage, layer = one.unit
        number = self.deployment.stage_number
        before = number(exemplar.stage) if exemplar.stage is not None else -1
        after = number(stage) if stage is not None else -1
        gpus: dict[int, int] = {}
        if exemplar.stage != stage and exemplar.own_gpus:
            guess = GpuGuess(self.deployment)
            there = next((r for r in self.deployment.operators if (r.phase, r.stage) == (exemplar.phase, stage)), None)
            own, other = guess.unit_gpus(exemplar), guess.unit_gpus(there) if there else None
            gpus = map_gpus(own, other) if own and other else {}
            if not gpus:
                return None
        elif exemplar.own_gpus and exemplar.gpus:
            beside = [
                r.gpus for r in self.deployment.operators if (r.stage, r.layer) == one.unit and r.own_gpus and r.gpus
            ]
            if beside and not exemplar.gpus <= union(beside):
                return None
        moved = exemplar.layer is not None and layer is not None
        layers = (exemplar.layer, exemplar.layer) if exemplar.layer is not None and moved else None
        step = (layer or 0) - (exemplar.layer or 0) if moved else 0
        return Shift(before, after, layers, step, gpus)


def moved_name(other: Reading, steps: Mapping[str, tuple[int, int]], changed: Mapping[int, tuple[int, int]]) -> str:
    """Give the name with its numbers moved as far as the sibling's were, where they are near the sibling's.

    A number is taken for the sibling's that follows the same word, else for one that changes at the same place.
    """
    name = other.evidence.name
    numbers: list[int] = []
    worded = any(word in steps for word in name.words)
    for place, (word, number) in enumerate(zip(name.words, name.numbers, strict=True)):
        before, after = steps.get(word) or (not worded and changed.get(place)) or (number, number)
        numbers.append(max(after + number - before, 0) if abs(number - before) <= 1 else number)
    return with_numbers(other.name, numbers)


def _changed(reading: Reading, one: PlannedNode) -> int:
    return sum(a != b for a, b in zip(reading.evidence.name.numbers, one.numbers, strict=True))


def _other(edge: Edge, *, out: bool) -> str:
    return edge.head.name if out else edge.tail.name


def _distance(one: Numbers, two: Sequence[int]) -> int:
    return sum(abs(a - b) for a, b in zip(one, two, strict=True))


def written_name(statement: str, name: str) -> bool:
    """Whether a statement that was worked out starts with the name, bare or in quotes."""
    return statement.startswith((id_text(name), f'"{name}"'))
