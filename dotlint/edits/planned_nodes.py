"""Nodes that are to be written as their siblings are: their statements, and what they are joined to."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from dotlint.deployment.patterns.renumber import Shift, ShiftError, map_gpus, with_numbers
from dotlint.deployment.words import parse_name
from dotlint.edits.copying import copy_edits, piece
from dotlint.edits.extrapolate import continued
from dotlint.edits.gpus.infer import GpuGuess
from dotlint.edits.statement import id_text, own_statement
from dotlint.strategy.gpus import union

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.edits.fix_context import Writers
    from dotlint.graph.model import Edge, Node

Numbers = tuple[int, ...]
Pair = tuple[str, str]
Place = tuple[int | None, int | None]
_MOST = 512  # nodes that one fix writes
_NEAR = 6  # siblings that are tried as models
_STAGE_WORDS = ("stage", "pp", "st", "s")
_LAYER_WORDS = ("layer", "l", "lay", "lyr", "block")


class Newcomer(Struct):
    """A node to be written: its `statement` without a semicolon, and its edges, each with the one that shows it.

    `shown` is the sibling that it is written after. `unit` is the stage and layer that it belongs to.
    """

    name: str
    numbers: Numbers
    shown: Reading
    unit: Place
    statement: str = ""
    edges: tuple[tuple[Pair, Edge], ...] = ()


class Joint(NamedTuple):
    """An edge of a new node: the `other` end, whether that is the head (`out`), and the edge that shows it."""

    other: str
    out: bool
    shown: Edge


class Told(NamedTuple):
    """What siblings tell of a new node."""

    statement: str
    joints: list[Joint]
    shown: Reading


class NotCertain(Exception):  # noqa: N818 - no error: why there is no fix
    """Siblings do not tell how a node goes on; the message says why, in half a sentence."""


class Siblings:
    """Knows the families of one graph and tells how a new member of one is written."""

    def __init__(self, writers: Writers) -> None:
        self.writers = writers
        self.text = writers.text
        self.deployment = writers.deployment
        self.by_name = writers.deployment.by_name
        self._families: dict[tuple[str | None, str], list[Reading]] = defaultdict(list)
        for reading in self.deployment.operators:
            self._families[reading.phase, reading.evidence.name.family].append(reading)

    def family(self, reading: Reading) -> list[Reading]:
        """Give the nodes of the phase whose names differ from this one's in numbers only."""
        return self._families[reading.phase, reading.evidence.name.family]

    def plan(self, wanted: Iterable[Newcomer], *, more: bool) -> list[Newcomer]:
        """Work out statements and edges of new nodes; with `more` also the new nodes that they need beside them.

        Raises `NotCertain` where siblings do not tell them.
        """
        todo = list(wanted)
        known = {one.name: one for one in todo}
        done: list[Newcomer] = []
        while todo:
            one = todo.pop(0)
            if len(known) > _MOST:
                raise NotCertain(f"more than {_MOST} nodes would be written")
            told = self._told(one, known, more=more)
            one.statement, one.shown = told.statement, told.shown
            for joint in told.joints:
                if joint.other not in self.by_name and joint.other not in known:
                    beside = self._beside(one, joint)
                    assert beside is not None
                    known[joint.other] = beside
                    todo.append(beside)
            one.edges = tuple(((one.name, j.other) if j.out else (j.other, one.name), j.shown) for j in told.joints)
            done.append(one)
        return done

    def _told(self, one: Newcomer, known: Mapping[str, Newcomer], *, more: bool) -> Told:
        """Give the first reading of what siblings show that agrees with what is there."""
        why = f"the statements beside `{one.name}` do not go on in one way"
        for told in self._readings(one):
            if isinstance(told, str):
                why = told
                continue
            joints = self._settled(one, told.joints, known, more=more)
            if isinstance(joints, str):
                why = joints
                continue
            return Told(told.statement, joints, told.shown)
        raise NotCertain(why)

    def _readings(self, one: Newcomer) -> Iterator[Told | str]:
        """As the unit's own siblings go on, as all do, as the nearest one is, moved into the unit."""
        family = [r for r in self.family(one.shown) if own_statement(r.node) is not None]
        same = [r for r in family if (r.stage, r.layer) == one.unit]
        for siblings in ([same] if len(same) > 1 else []) + [family]:
            written = continued([(r.evidence.name.numbers, self._spelled(r)) for r in siblings], one.numbers)
            if written is None:
                continue
            alike = self._alike(one, siblings)
            joints = self._joints(one, alike)
            near = min(alike, key=lambda r: _distance(r.evidence.name.numbers, one.numbers))
            yield joints if isinstance(joints, str) else Told(written, joints, near)
        others = [r for r in family if (r.stage, r.layer) != one.unit]
        others.sort(
            key=lambda r: (_changed(r, one), r is not one.shown, _distance(r.evidence.name.numbers, one.numbers))
        )
        for shown in others[:_NEAR]:
            shifted = self._shifted(one, shown)
            if shifted is not None:
                yield shifted

    def _settled(
        self, one: Newcomer, joints: list[Joint], known: Mapping[str, Newcomer], *, more: bool
    ) -> list[Joint] | str:
        """Give the joints whose other ends are there, or will be; say what speaks against them.

        Where edges go past the missing node, they tell better than siblings what is before and after it: the
        first layer is fed by the input, the others by the layer before.
        """
        if not joints:
            return f"the siblings of `{one.name}` are joined to nothing"
        if len({(j.other, j.out) for j in joints}) < len(joints):
            return f"what `{one.name}` is joined to does not follow from its siblings"
        past = {out: self._past([j for j in joints if j.out is out], out=out) for out in (True, False)}
        family = parse_name(one.name).family
        alone = sum(parse_name(name).family == family and other.unit == one.unit for name, other in known.items()) == 1
        found: list[Joint] = []
        for out in (False, True):
            own = [j for j in joints if j.out is out]
            across = past[not out]
            if across and own and not {j.other for j in own} <= across:
                if not alone or not self._usual(one, across, out=out):
                    return f"edges go past `{one.name}` in a way that its siblings do not show"
                own = [Joint(name, out, own[0].shown) for name in sorted(across, key=self._order)]
            for joint in own:
                if joint.other in known:
                    continue
                if joint.other not in self.by_name:
                    if not (more and self._beside(one, joint)):
                        return f"`{joint.other}`, which `{one.name}` would be joined to, is not there"
                elif self._served(joint, family, one.unit):
                    return f"`{joint.other}`, which `{one.name}` would be joined to, has what its siblings have"
            found += own
        return found

    def _served(self, joint: Joint, family: str, unit: Place) -> bool:
        """Whether the end of an edge has as many neighbours of the family as its counterpart has.

        Where both are one node it is shared by units, or else belongs to the sibling's; an end of the model that only
        the sibling's has is no other's.
        """

        def alike(node: Node) -> list[Node]:
            ends = [e.tail for e in node.in_edges] if joint.out else [e.head for e in node.out_edges]
            return [end for end in ends if self._family_of(end) == family]

        twin = joint.shown.head if joint.out else joint.shown.tail
        if twin.name == joint.other:
            sibling = self.by_name[(joint.shown.tail if joint.out else joint.shown.head).name]
            end = self.by_name[twin.name]
            units = {(self.by_name[n.name].stage, self.by_name[n.name].layer) for n in alike(twin)}
            alone = end.stage is not None or end.layer is not None or (end.kind == "io" and len(units) == 1)
            return (sibling.stage, sibling.layer) != unit and alone
        return len(alike(self.by_name[joint.other].node)) >= len(alike(twin))

    def _usual(self, one: Newcomer, names: set[str], *, out: bool) -> bool:
        """Whether each of these has a role that stands on that side of some sibling, or is an end of the model."""
        edges = (e for r in self.family(one.shown) for e in (r.node.out_edges if out else r.node.in_edges))
        roles = {self.by_name[_other(e, out=out)].role for e in edges}
        return all(self.by_name[name].role in roles or self.by_name[name].kind == "io" for name in names)

    def _order(self, name: str) -> int:
        return self.by_name[name].node.index

    def _past(self, joints: list[Joint], *, out: bool) -> set[str]:
        """Tell what stands on the other side of the missing node, to judge by edges that go past it.

        That is what every end on the one side is joined to, and the siblings' ends are not.
        """
        found: set[str] | None = None
        for joint in joints:
            if joint.other not in self.by_name:
                return set()
            node = self.by_name[joint.other].node
            twin = joint.shown.head if out else joint.shown.tail
            usual = {self._family_of(e.tail if out else e.head) for e in (twin.in_edges if out else twin.out_edges)}
            beside = {(e.tail if out else e.head) for e in (node.in_edges if out else node.out_edges)}
            strange = {n.name for n in beside if self._family_of(n) not in usual}
            found = strange if found is None else found & strange
        return found or set()

    def _family_of(self, node: Node) -> str:
        return self.by_name[node.name].evidence.name.family

    def _beside(self, one: Newcomer, joint: Joint) -> Newcomer | None:
        """Take the missing end of an edge for a new node too, where its siblings are of the same unit."""
        shown = self.by_name[(joint.shown.head if joint.out else joint.shown.tail).name]
        if (shown.stage, shown.layer) != one.unit or shown.summary:
            return None
        return Newcomer(joint.other, parse_name(joint.other).numbers, shown, one.unit)

    def _alike(self, one: Newcomer, siblings: list[Reading]) -> list[Reading]:
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

    def _joints(self, one: Newcomer, siblings: list[Reading]) -> list[Joint] | str:
        """Tell what the node is joined to, as the ends of its siblings' edges go on."""
        nearest = min(siblings, key=lambda r: _distance(r.evidence.name.numbers, one.numbers))
        found: list[Joint] = []
        for out in (False, True):
            slots = {r.node.index: self._slots(r, out=out) for r in siblings}
            for family, edges in slots[nearest.node.index].items():
                rows = [(r, slots[r.node.index].get(family, [])) for r in siblings]
                if any(len(row) != len(edges) for _, row in rows):
                    return f"the siblings of `{one.name}` are joined in several ways"
                for place, edge in enumerate(edges):
                    samples = [(r.evidence.name.numbers, _other(row[place], out=out)) for r, row in rows]
                    name = continued(samples, one.numbers)
                    if name is None:
                        return f"what `{one.name}` is joined to does not follow from its siblings"
                    found.append(Joint(name, out, edge))
        return found

    def _slots(self, reading: Reading, *, out: bool) -> dict[str, list[Edge]]:
        """Give the edges of a node on one side by the family of the other end, in the order of its numbers."""
        found: dict[str, list[Edge]] = defaultdict(list)
        for edge in reading.node.out_edges if out else reading.node.in_edges:
            found[parse_name(_other(edge, out=out)).family].append(edge)
        for edges in found.values():
            edges.sort(key=lambda e: parse_name(_other(e, out=out)).numbers)
        return found

    def _shifted(self, one: Newcomer, shown: Reading) -> Told | None:
        """Write the node as a copy of one sibling of another unit; None where that is not certain.

        What the sibling is joined to moves along, be it in its own unit or in the one before or after.
        """
        statement = own_statement(shown.node)
        old, new = shown.evidence.name, parse_name(one.name)
        shift = self._shift(one, shown)
        if statement is None or old.family != new.family or shift is None:
            return None
        steps = {word: (a, b) for word, a, b in zip(old.words, old.numbers, new.numbers, strict=True)}
        changed = {i: (a, b) for i, (a, b) in enumerate(zip(old.numbers, new.numbers, strict=True)) if a != b}
        for words, before, after in (
            (_STAGE_WORDS, shift.before, shift.after),
            (_LAYER_WORDS, shown.layer, one.unit[1]),
        ):
            for word in words:
                if before is not None and after is not None:
                    steps.setdefault(word, (before, after))
        joints: list[Joint] = []
        for out, edges in ((False, shown.node.in_edges), (True, shown.node.out_edges)):
            joints += (Joint(moved_name(self.by_name[_other(e, out=out)], steps, changed), out, e) for e in edges)
        try:
            edits = copy_edits([statement], (), self.text, {shown.name: one.name}, shift)
        except ShiftError:
            return None
        return Told(piece(self.text, statement.start, statement.core_end, edits), joints, shown)

    def _shift(self, one: Newcomer, shown: Reading) -> Shift | None:
        stage, layer = one.unit
        number = self.deployment.stage_number
        before = number(shown.stage) if shown.stage is not None else -1
        after = number(stage) if stage is not None else -1
        gpus: dict[int, int] = {}
        if shown.stage != stage and shown.own_gpus:
            guess = GpuGuess(self.deployment)
            there = next((r for r in self.deployment.operators if (r.phase, r.stage) == (shown.phase, stage)), None)
            own, other = guess.unit_gpus(shown), guess.unit_gpus(there) if there else None
            gpus = map_gpus(own, other) if own and other else {}
            if not gpus:
                return None
        elif shown.own_gpus and shown.gpus:
            beside = [
                r.gpus for r in self.deployment.operators if (r.stage, r.layer) == one.unit and r.own_gpus and r.gpus
            ]
            if beside and not shown.gpus <= union(beside):
                return None
        moved = shown.layer is not None and layer is not None
        layers = (shown.layer, shown.layer) if shown.layer is not None and moved else None
        step = (layer or 0) - (shown.layer or 0) if moved else 0
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


def _changed(reading: Reading, one: Newcomer) -> int:
    return sum(a != b for a, b in zip(reading.evidence.name.numbers, one.numbers, strict=True))


def _other(edge: Edge, *, out: bool) -> str:
    return edge.head.name if out else edge.tail.name


def _distance(one: Numbers, two: Sequence[int]) -> int:
    return sum(abs(a - b) for a, b in zip(one, two, strict=True))


def written_name(statement: str, name: str) -> bool:
    """Whether a statement that was worked out starts with the name, bare or in quotes."""
    return statement.startswith((id_text(name), f'"{name}"'))
