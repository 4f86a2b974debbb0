"""Infer planned nodes from their siblings: their statements and edges."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from dotlint.deployment.patterns.renumber import Shift, ShiftError, map_gpus, with_numbers
from dotlint.deployment.words import parse_name
from dotlint.edits.copying import copy_edits, piece
from dotlint.edits.extrapolate import extrapolate
from dotlint.edits.fix_context import NotCertain
from dotlint.edits.gpus.infer import GpuInference
from dotlint.edits.statement import id_text, own_statement
from dotlint.strategy.gpus import union

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.edits.fix_context import FixContext
    from dotlint.graph.model import Edge, Node

Numbers = tuple[int, ...]
Pair = tuple[str, str]
UnitKey = tuple[int | None, int | None]
_MOST = 512  # nodes that one fix writes
_NEAR = 6  # siblings that are tried as exemplars
_STAGE_WORDS = ("stage", "pp", "st", "s")
_LAYER_WORDS = ("layer", "l", "lay", "lyr", "block")


class PlannedNode(Struct):
    """A node to be written: its `statement` without a semicolon, and its edges, each with its exemplar.

    `exemplar` is the sibling that shows its style and position. `unit` is its stage and layer, both 0-based.
    """

    name: str
    numbers: Numbers
    exemplar: Reading
    unit: UnitKey
    statement: str = ""
    edges: tuple[tuple[Pair, Edge], ...] = ()


class NodeEdge(NamedTuple):
    """An edge of a planned node: the `other` end, whether that is the head (`out`), and the exemplar."""

    other: str
    out: bool
    exemplar: Edge


class NodeInference(NamedTuple):
    """What follows from siblings about a planned node: its statement, its edges and the best exemplar."""

    statement: str
    edges: list[NodeEdge]
    exemplar: Reading


class Siblings:
    """Groups the operators of one graph by family, and infers planned nodes from them."""

    def __init__(self, context: FixContext) -> None:
        self.text = context.text
        self.deployment = context.deployment
        self.by_name = context.deployment.by_name
        self._families: dict[tuple[str | None, str], list[Reading]] = defaultdict(list)
        for reading in self.deployment.operators:
            self._families[reading.phase, reading.evidence.name.family].append(reading)

    def family(self, reading: Reading) -> list[Reading]:
        """Return the nodes of the phase whose names differ from this one's only in numbers."""
        return self._families[reading.phase, reading.evidence.name.family]

    def plan(self, nodes: Iterable[PlannedNode], *, more: bool) -> list[PlannedNode]:
        """Infer the statements and edges of planned nodes; with `more` also add nodes that they must connect to.

        Raises `NotCertain` if they do not follow from the siblings.
        """
        todo = list(nodes)
        known = {one.name: one for one in todo}
        done: list[PlannedNode] = []
        while todo:
            one = todo.pop(0)
            if len(known) > _MOST:
                raise NotCertain(f"it would add more than {_MOST} nodes")
            inferred = self._infer(one, known, more=more)
            one.statement, one.exemplar = inferred.statement, inferred.exemplar
            for edge in inferred.edges:
                if edge.other not in self.by_name and edge.other not in known:
                    beside = self._planned_end(one, edge)
                    assert beside is not None
                    known[edge.other] = beside
                    todo.append(beside)
            one.edges = tuple(
                ((one.name, e.other) if e.out else (e.other, one.name), e.exemplar) for e in inferred.edges
            )
            done.append(one)
        return done

    def _infer(self, one: PlannedNode, known: Mapping[str, PlannedNode], *, more: bool) -> NodeInference:
        """Return the first inference that is consistent with the existing edges."""
        why = f"the statement of `{one.name}` does not follow from its siblings"
        for inferred in self._inferences(one):
            if isinstance(inferred, str):
                why = inferred
                continue
            edges = self._consistent_edges(one, inferred.edges, known, more=more)
            if isinstance(edges, str):
                why = edges
                continue
            return NodeInference(inferred.statement, edges, inferred.exemplar)
        raise NotCertain(why)

    def _inferences(self, one: PlannedNode) -> Iterator[NodeInference | str]:
        """Yield inferences: extrapolated from the unit's siblings or from all siblings, or copied from one."""
        family = [r for r in self.family(one.exemplar) if own_statement(r.node) is not None]
        same = [r for r in family if (r.stage, r.layer) == one.unit]
        beside = [r for r in family if r.stage == one.unit[0]]
        for siblings in (*(some for some in (same, beside) if len(some) > 1), family):
            written = extrapolate([(r.evidence.name.numbers, self._spelled(r)) for r in siblings], one.numbers)
            if written is None:
                continue
            alike = self._most_common(one, siblings)
            edges = self._edges_of(one, alike)
            near = min(alike, key=lambda r: _distance(r.evidence.name.numbers, one.numbers))
            yield edges if isinstance(edges, str) else NodeInference(written, edges, near)
        others = [r for r in family if (r.stage, r.layer) != one.unit]
        others.sort(
            key=lambda r: (
                _changed_numbers(r, one),
                r is not one.exemplar,
                _distance(r.evidence.name.numbers, one.numbers),
            )
        )
        for exemplar in others[:_NEAR]:
            shifted = self._shifted(one, exemplar)
            if shifted is not None:
                yield shifted

    def _consistent_edges(
        self, one: PlannedNode, edges: list[NodeEdge], known: Mapping[str, PlannedNode], *, more: bool
    ) -> list[NodeEdge] | str:
        """Return the edges if all their other ends exist or are planned, else the reason against them.

        Edges that bypass the missing node show its neighbors better than siblings do: the first layer is fed by the
        input, the others by the layer before.
        """
        if not edges:
            return f"the siblings of `{one.name}` have no edges"
        if len({(e.other, e.out) for e in edges}) < len(edges):
            return f"the edges of `{one.name}` do not follow from its siblings"
        bypassed = {out: self._bypassed([e for e in edges if e.out is out], out=out) for out in (True, False)}
        family = parse_name(one.name).family
        alone = sum(parse_name(name).family == family and other.unit == one.unit for name, other in known.items()) == 1
        found: list[NodeEdge] = []
        for out in (False, True):
            own = [e for e in edges if e.out is out]
            across = bypassed[not out]
            if across and own and not {e.other for e in own} <= across:
                if not alone or not self._fits_role(one, across, out=out):
                    return f"edges bypass `{one.name}` in a way that its siblings do not show"
                own = [NodeEdge(name, out, own[0].exemplar) for name in sorted(across, key=self._order)]
            for edge in own:
                if edge.other in known:
                    continue
                if edge.other not in self.by_name:
                    if not (more and self._planned_end(one, edge)):
                        return f"`{one.name}` would be connected to `{edge.other}`, which does not exist"
                elif self._is_complete(edge, family, one.unit):
                    return f"`{one.name}` would be connected to `{edge.other}`, which already has as many edges as its siblings"
            found += own
        return found

    def _is_complete(self, edge: NodeEdge, family: str, unit: UnitKey) -> bool:
        """Return whether the other end has as many neighbors in the family as the exemplar's other end.

        If both are the same node, return whether that node belongs to the sibling's unit alone. So does an input or
        output of the model that connects to one unit only.
        """

        def alike(node: Node) -> list[Node]:
            ends = [e.tail for e in node.in_edges] if edge.out else [e.head for e in node.out_edges]
            return [end for end in ends if self._family_of(end) == family]

        exemplar_end = edge.exemplar.head if edge.out else edge.exemplar.tail
        if exemplar_end.name == edge.other:
            sibling = self.by_name[(edge.exemplar.tail if edge.out else edge.exemplar.head).name]
            end = self.by_name[exemplar_end.name]
            units = {(self.by_name[n.name].stage, self.by_name[n.name].layer) for n in alike(exemplar_end)}
            alone = end.stage is not None or end.layer is not None or (end.kind == "io" and len(units) == 1)
            return (sibling.stage, sibling.layer) != unit and alone
        return len(alike(self.by_name[edge.other].node)) >= len(alike(exemplar_end))

    def _fits_role(self, one: PlannedNode, names: set[str], *, out: bool) -> bool:
        """Return whether each node is an input or output, or has the role of a sibling's neighbor on that side."""
        edges = (e for r in self.family(one.exemplar) for e in (r.node.out_edges if out else r.node.in_edges))
        roles = {self.by_name[_other(e, out=out)].role for e in edges}
        return all(self.by_name[name].role in roles or self.by_name[name].kind == "io" for name in names)

    def _order(self, name: str) -> int:
        return self.by_name[name].node.index

    def _bypassed(self, edges: list[NodeEdge], *, out: bool) -> set[str]:
        """Return the nodes on the other side of the missing node, as shown by the edges that bypass it.

        Those are connected to every end on the one side, although nodes of their families are not connected to the
        ends of the siblings.
        """
        found: set[str] | None = None
        for edge in edges:
            if edge.other not in self.by_name:
                return set()
            node = self.by_name[edge.other].node
            exemplar_end = edge.exemplar.head if out else edge.exemplar.tail
            usual = {
                self._family_of(e.tail if out else e.head)
                for e in (exemplar_end.in_edges if out else exemplar_end.out_edges)
            }
            beside = {(e.tail if out else e.head) for e in (node.in_edges if out else node.out_edges)}
            strange = {n.name for n in beside if self._family_of(n) not in usual}
            found = strange if found is None else found & strange
        return found or set()

    def _family_of(self, node: Node) -> str:
        return self.by_name[node.name].evidence.name.family

    def _planned_end(self, one: PlannedNode, edge: NodeEdge) -> PlannedNode | None:
        """Return the missing end of an edge as another planned node; None if its siblings are in another unit."""
        exemplar = self.by_name[(edge.exemplar.head if edge.out else edge.exemplar.tail).name]
        if (exemplar.stage, exemplar.layer) != one.unit or exemplar.summary:
            return None
        return PlannedNode(edge.other, parse_name(edge.other).numbers, exemplar, one.unit)

    def _most_common(self, one: PlannedNode, siblings: list[Reading]) -> list[Reading]:
        """Return the siblings with the most common neighbor families, preferably none next to an input or output."""
        kinds: dict[tuple[tuple[bool, str, int], ...], list[Reading]] = defaultdict(list)
        for reading in siblings:
            by_family = ((out, self._edges_by_family(reading, out=out)) for out in (False, True))
            kinds[tuple(sorted((o, f, len(e)) for o, found in by_family for f, e in found.items()))].append(reading)
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
        """Return the node's edges, extrapolated from those of its siblings, or the reason why that fails."""
        nearest = min(siblings, key=lambda r: _distance(r.evidence.name.numbers, one.numbers))
        found: list[NodeEdge] = []
        for out in (False, True):
            by_family = {r.node.index: self._edges_by_family(r, out=out) for r in siblings}
            for family, edges in by_family[nearest.node.index].items():
                rows = [(r, by_family[r.node.index].get(family, [])) for r in siblings]
                if any(len(row) != len(edges) for _, row in rows):
                    return f"the siblings of `{one.name}` have different edges"
                for index, edge in enumerate(edges):
                    samples = [(r.evidence.name.numbers, _other(row[index], out=out)) for r, row in rows]
                    name = extrapolate(samples, one.numbers)
                    if name is None:
                        return f"the edges of `{one.name}` do not follow from its siblings"
                    found.append(NodeEdge(name, out, edge))
        return found

    def _edges_by_family(self, reading: Reading, *, out: bool) -> dict[str, list[Edge]]:
        """Return the edges on one side of a node by the family of the other end, sorted by its numbers."""
        found: dict[str, list[Edge]] = defaultdict(list)
        for edge in reading.node.out_edges if out else reading.node.in_edges:
            found[parse_name(_other(edge, out=out)).family].append(edge)
        for edges in found.values():
            edges.sort(key=lambda e: parse_name(_other(e, out=out)).numbers)
        return found

    def _shifted(self, one: PlannedNode, exemplar: Reading) -> NodeInference | None:
        """Return the node as a renumbered copy of one sibling in another unit; None if that is not certain.

        The sibling's neighbors are renumbered too, whether in its own unit or in the one before or after.
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
        return NodeInference(piece(self.text, statement.start, statement.core_end, edits), edges, exemplar)

    def _shift(self, one: PlannedNode, exemplar: Reading) -> Shift | None:
        stage, layer = one.unit
        number = self.deployment.stage_number
        before = number(exemplar.stage) if exemplar.stage is not None else -1
        after = number(stage) if stage is not None else -1
        gpus: dict[int, int] = {}
        if exemplar.stage != stage and exemplar.own_gpus:
            inference = GpuInference(self.deployment)
            there = next((r for r in self.deployment.operators if (r.phase, r.stage) == (exemplar.phase, stage)), None)
            own, other = inference.unit_gpus(exemplar), inference.unit_gpus(there) if there else None
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
        if exemplar.evidence.layers is not None and not moved:
            return None  # it stands for layers, and nothing states for which ones the copy would stand
        layers = (exemplar.layer, exemplar.layer) if exemplar.layer is not None and moved else None
        if layers is not None and exemplar.evidence.layers is not None:
            first, last = exemplar.evidence.layers
            layers = min(layers[0], first), max(layers[1], last)
        step = (layer or 0) - (exemplar.layer or 0) if moved else 0
        return Shift(before, after, layers, step, gpus, self.deployment.vocabulary.devices)


def moved_name(other: Reading, steps: Mapping[str, tuple[int, int]], changed: Mapping[int, tuple[int, int]]) -> str:
    """Return the name with the numbers that correspond to the sibling's moved by the same steps.

    `steps` is (before, after) by the word before a number, `changed` the same by index, used if no word matches.
    Only numbers within 1 of the sibling's are moved.
    """
    name = other.evidence.name
    numbers: list[int] = []
    worded = any(word in steps for word in name.words)
    for index, (word, number) in enumerate(zip(name.words, name.numbers, strict=True)):
        before, after = steps.get(word) or (not worded and changed.get(index)) or (number, number)
        numbers.append(max(after + number - before, 0) if abs(number - before) <= 1 else number)
    return with_numbers(other.name, numbers)


def _changed_numbers(reading: Reading, one: PlannedNode) -> int:
    return sum(a != b for a, b in zip(reading.evidence.name.numbers, one.numbers, strict=True))


def _other(edge: Edge, *, out: bool) -> str:
    return edge.head.name if out else edge.tail.name


def _distance(one: Numbers, two: Sequence[int]) -> int:
    return sum(abs(a - b) for a, b in zip(one, two, strict=True))


def starts_with_name(statement: str, name: str) -> bool:
    """Return whether an inferred statement starts with the name, with or without quotes."""
    return statement.startswith((id_text(name), f'"{name}"'))
