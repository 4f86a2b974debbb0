"""Find the slots of planned edges: beside the statements of the same unit."""

from __future__ import annotations

from bisect import bisect_left
from itertools import product
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dotlint.edits.insertion import head_start
from dotlint.edits.statement import references
from dotlint.syntax.tree import Block, EdgeStatement, NodeStatement
from dotlint.text.lines import line_start
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from re import Match

    from dotlint.deployment.model import Deployment
    from dotlint.edits.planned_edge import EdgeFamilies, PlannedEdge
    from dotlint.edits.statement_index import Body, StatementIndex
    from dotlint.graph.model import Edge
    from dotlint.syntax.tree import Comment, Statement

_DIGITS = regex(r"\d+")
_WORDED = regex(r"([A-Za-z]*)([\s_#:=-]*)(\d+)")
_MOST_NUMBERS = 8  # in the names of an edge's ends; with more there are too many combinations to try


class Anchor(Struct, frozen=True):
    """The statement that new ones are inserted after (or `before`).

    If `at` is set, they are inserted there, below a comment, and the statement only shows the style. `own` is true if
    the slot is beside edges or below a comment of the same unit.
    """

    statement: Statement
    before: bool = False
    at: int | None = None
    own: bool = True


class SlotFinder:
    """Finds the anchors of planned edges in one graph."""

    def __init__(
        self,
        text: str,
        deployment: Deployment,
        comments: Sequence[Comment],
        index: StatementIndex,
        families: EdgeFamilies,
    ) -> None:
        self.text = text
        self.deployment = deployment
        self.graph = deployment.graph
        self.comments = comments
        self.index = index
        self.families = families

    def find(self, run: list[PlannedEdge], part: list[PlannedEdge]) -> Anchor:
        """Return the anchor of a run of edges with consecutive exemplars; `part` holds all edges of its unit."""
        candidates = [*self._beside_own(run, part)]
        candidates += [replace(anchor, own=False) for anchor in self._elsewhere(run)]
        fitting = [self._after_preceding_edge(anchor) for anchor in candidates if self._fits(anchor, run)]
        return next((a for a in fitting if self._same_nesting(a, run)), (fitting or candidates)[0])

    def _after_preceding_edge(self, anchor: Anchor) -> Anchor:
        """Return an anchor after the preceding edge instead of before an edge and its comment."""
        slot = self.index.slot(anchor.statement)
        if anchor.before and slot is not None and isinstance(slot.before, EdgeStatement):
            return Anchor(slot.before, own=anchor.own)
        return anchor

    def _body(self, anchor: Anchor) -> Body | None:
        if anchor.at is not None:
            return self.index.body_at(anchor.at)
        slot = self.index.slot(anchor.statement)
        return slot.body if slot else None

    def _fits(self, anchor: Anchor, run: list[PlannedEdge]) -> bool:
        """Return whether the edges can be inserted there: no node joins a subgraph or is mentioned for the first time.

        A node takes the defaults in effect at its first mention, so an edge above its statement could change it.
        """
        body = self._body(anchor)
        offset = (
            anchor.at if anchor.at is not None else anchor.statement.start if anchor.before else anchor.statement.end
        )
        nodes = [reading.node for one in run for reading in one.readings]
        if body is None or not self.index.may_join(body, nodes):
            return False
        # In a file that writes edges directly after their tails, the exemplar is above the statement of its head too.
        early = {one.head.node.index for one in run if self._above_head(one.exemplar)}
        return all(node.start < offset or node.index in early for node in nodes)

    def _above_head(self, edge: Edge) -> bool:
        return any(statement.start > edge.statement.start for statement in edge.head.statements[-1:])

    def _same_nesting(self, anchor: Anchor, run: list[PlannedEdge]) -> bool:
        """Return whether the anchor is inside a subgraph if and only if the exemplar is."""
        there, here = self.index.slot(run[0].exemplar.statement), self._body(anchor)
        if there is None or here is None:
            return True
        nodes = [reading.node for one in run for reading in one.readings]
        common = any(all(n.name in s.nodes for n in nodes) for s in nodes[0].subgraphs)
        inside = common and any(True for _ in self.index.around(there.body))
        return inside == any(True for _ in self.index.around(here))

    def _beside_own(self, run: list[PlannedEdge], part: list[PlannedEdge]) -> Iterator[Anchor]:
        """Yield anchors within the unit, the best first.

        In a row of edges of its family; below the comment that heads the unit; among the consecutive edges of a
        fan-out; beside the statements that correspond to the exemplars' neighbors; beside other edges of the nodes.
        """
        yield from self._in_row(run)
        yield from self._under_comment(run)
        if self._fan_stands_together(run):
            yield from self._in_fan(run)
        if run[0].alike:  # an exemplar of another family shows the style, not the position
            yield from self._beside_corresponding(run)
            slot = self.index.slot(part[0].exemplar.statement)
            if slot is not None and isinstance(slot.before, Block | NodeStatement):
                yield from self._after_declarations(slot.before, slot.body, part)
        yield from self._in_fan(run)
        yield from self._among_own(run)

    def _elsewhere(self, run: list[PlannedEdge]) -> Iterator[Anchor]:
        """Yield anchors after a sibling's edges, after the exemplars, and at the end of the common body."""
        yield from self._after_sibling(run)
        yield Anchor(run[-1].exemplar.statement)
        yield from self._end_of_common_body(run)
        yield Anchor(self.graph.statement.body[-1])

    def _fan_stands_together(self, run: list[PlannedEdge]) -> bool:
        """Return whether the statement before or after an exemplar draws another edge of the same fan-out."""
        exemplar = run[0].exemplar
        kind = self.families.of(exemplar)
        if all(one.exemplar.tail is one.tail.node for one in run):
            return sum(self.families.of(e) == kind for e in exemplar.tail.out_edges) == 1
        slot = self.index.slot(exemplar.statement)
        beside = [s for s in (slot.before, slot.after) if s is not None] if slot else []
        return len({id(one.exemplar.statement) for one in run}) == 1 and any(
            self.families.of(e) == kind and (e.tail is exemplar.tail or e.head is exemplar.head)
            for s in (*beside, exemplar.statement)
            for e in self.index.edges(s)
            if e is not exemplar
        )

    def _in_fan(self, run: list[PlannedEdge]) -> Iterator[Anchor]:
        """Yield anchors among the edges of the same family that enter or leave the node, in the order of numbers."""
        kinds = {self.families.of_planned(one) for one in run}
        own = run[0].numbers
        for ends in ([one.head.node.in_edges for one in run], [one.tail.node.out_edges for one in run]):
            alike = [e for e in ends[0] if self.families.of(e) in kinds]
            if alike and all(end == ends[0] for end in ends):
                lower = [e for e in alike if self.families.numbers(e) < own]
                if lower and lower == alike[: len(lower)]:
                    yield Anchor(lower[-1].statement)
                elif not lower and (len(alike) > 1 or self._all_before(run, alike[0])):
                    yield from self._before(alike[0].statement)
                yield Anchor(alike[-1].statement)

    def _all_before(self, run: list[PlannedEdge], edge: Edge) -> bool:
        numbers = self.families.numbers(edge)
        return all(w.numbers < numbers for w in run)

    def _in_row(self, run: list[PlannedEdge]) -> Iterator[Anchor]:
        """Yield anchors between the edges with adjacent numbers in a row, such as one edge per shard or expert."""
        exemplar = run[0].exemplar
        kind = self.families.of(exemplar)
        slot = self.index.slot(exemplar.statement)
        beside = [e for s in (slot.before, slot.after) if s is not None for e in self.index.edges(s)] if slot else []
        numbers = self.families.numbers(exemplar)
        row = [self.families.numbers(e) for e in beside if self.families.of(e) == kind]
        own = run[0].numbers
        if not row or len(own) != len(numbers):
            return
        # The statement before the start of a row may end another row: the neighbor that shares more numbers is in it.
        same = max((tuple(i for i, n in enumerate(numbers) if other[i] == n) for other in row), key=len)
        if len(same) == len(numbers):
            return
        lower, higher = self.families.in_row(kind, own, same)
        of_row = [e for e in beside if self.families.of(e) == kind]
        of_row = [e for e in of_row if all(self.families.numbers(e)[i] == numbers[i] for i in same)]
        if all((self.families.numbers(e) > numbers) == (e.index < exemplar.index) for e in of_row):
            lower, higher = higher, lower  # the row counts down
        if lower is not None:
            yield Anchor(lower.statement)
        if higher is not None:
            yield from self._before(higher.statement)

    def _before(self, statement: Statement) -> Iterator[Anchor]:
        """Yield anchors before a statement: below its comment if that also heads the next statement, and above it."""
        heading = self._comment_above(statement)
        slot = self.index.slot(statement)
        after = slot.after if slot else None
        if heading and isinstance(after, EdgeStatement) and self._comment_above(after) is None:
            yield Anchor(statement, at=self._end(heading))
        yield Anchor(statement, before=True)

    def _under_comment(self, run: list[PlannedEdge]) -> Iterator[Anchor]:
        """Yield the anchor below the comment that corresponds to the one above the first exemplar."""
        statement = run[0].exemplar.statement
        comment = self._comment_above(statement)
        if comment is not None:
            words = self.text[comment.start : comment.end]
            steps = dict(sorted(self._steps(run[0])))
            moved = [_renumbered_by_word(words, self._steps_by_word(run[0]))]
            moved += [_renumbered(words, some) for some in (steps, *({first: step} for first, step in steps.items()))]
            for own in moved:
                same_text = (
                    [c for c in self.comments if self.text[c.start : c.end].strip() == own.strip()]
                    if own != words
                    else []
                )
                alone = [c for c in same_text if not self.text[line_start(self.text, c.start) : c.start].strip()]
                if len(alone) == 1:
                    yield Anchor(statement, at=self._end(alone[0]))

    def _comment_above(self, statement: Statement) -> Comment | None:
        """Return the comment directly above a statement."""
        start = line_start(self.text, statement.start)
        first = head_start(self.text, statement, self.comments)
        index = bisect_left(self.comments, start, key=lambda comment: comment.start) - 1
        return self.comments[index] if index >= 0 and self.comments[index].start >= first < start else None

    def _end(self, comment: Comment) -> int:
        return comment.end - self.text.endswith("\r", 0, comment.end)

    def _beside_corresponding(self, run: list[PlannedEdge]) -> Iterator[Anchor]:
        nodes = {reading.node.index for one in run for reading in one.readings}
        first = self.index.slot(run[0].exemplar.statement)
        last = self.index.slot(run[-1].exemplar.statement)
        if first is not None and isinstance(first.before, NodeStatement):
            yield from self._at_declaration(first.before, run[0])
        if (
            first is not None
            and first.before is not None
            and (found := self._corresponding_statement(first.before, run[0], nodes))
        ):
            # Edges of a fan-out with one exemplar stay together: all must correspond to the same statement.
            arms = [one for one in run[1:] if one.exemplar is run[0].exemplar]
            if all(self._corresponding_statement(first.before, one, nodes) is found for one in arms):
                yield Anchor(found)
        if (
            last is not None
            and last.after is not None
            and (found := self._corresponding_statement(last.after, run[-1], nodes))
        ):
            yield Anchor(found, before=True)

    def _after_declarations(self, before: Statement, body: Body, part: list[PlannedEdge]) -> Iterator[Anchor]:
        """Yield the anchor after the nodes' declarations, if the exemplars follow their nodes' declarations."""
        exemplar_ends = {node.name for one in part for node in (one.exemplar.tail, one.exemplar.head)}
        if not any(reference.id.value in exemplar_ends for reference in references(before)):
            return
        last: Statement | None = None
        for one in part:
            for reading in one.readings:
                outer: Statement | None = reading.node.statements[-1] if reading.node.statements else None
                slot = self.index.slot(outer) if outer is not None else None
                while slot is not None and slot.body is not body:
                    outer = slot.body if isinstance(slot.body, Block) else None
                    slot = self.index.slot(outer) if outer is not None else None
                if slot is not None and (last is None or slot.statement.start > last.start):
                    last = slot.statement
        if last is not None:
            yield Anchor(last)

    def _at_declaration(self, statement: NodeStatement, one: PlannedEdge) -> Iterator[Anchor]:
        """Yield the anchor after the declaration of an end, if `statement` declares the exemplar's end."""
        names = [reference.id.value for reference in statement.nodes]
        for exemplar_end, reading in ((one.exemplar.tail, one.tail), (one.exemplar.head, one.head)):
            if names == [exemplar_end.name] and reading.node.statements:
                yield Anchor(reading.node.statements[-1])

    def _corresponding_statement(self, statement: Statement, one: PlannedEdge, nodes: set[int]) -> EdgeStatement | None:
        """Return the edge statement of the nodes that relates to the edge as `statement` relates to its exemplar."""
        steps, by_word = self._steps(one), self._steps_by_word(one)
        for edge in self.index.edges(statement):
            family = self.families.of(edge)
            expected = self._moved_numbers(by_word, edge)
            _, other = self.families.beside(family, expected)
            if other is not None and other is not edge and self.families.numbers(other) == expected:
                if {other.tail.index, other.head.index} & nodes and other.statement is not statement:
                    return other.statement
                continue
            choices = [
                (n, *(n + step for first, step in steps if n in (first, first + step)))
                for n in self.families.numbers(edge)
            ]
            if len(choices) > _MOST_NUMBERS:
                continue
            for moved in product(*choices):
                _, other = self.families.beside(family, moved)
                if other is None or other.statement is statement or self.families.numbers(other) != moved:
                    continue
                if {other.tail.index, other.head.index} & nodes:
                    return other.statement
        return None

    def _moved_numbers(self, by_word: Mapping[str, set[int]], edge: Edge) -> tuple[int, ...]:
        """Return an edge's numbers moved by the steps of the words before them."""
        ends = (self.deployment.readings[node.index].evidence.name for node in (edge.tail, edge.head))
        moved = (
            (by_word.get(word, {0}), number)
            for name in ends
            for word, number in zip(name.words, name.numbers, strict=True)
        )
        return tuple(number + (next(iter(steps)) if len(steps) == 1 else 0) for steps, number in moved)

    def _steps_by_word(self, one: PlannedEdge) -> dict[str, set[int]]:
        """Return the steps from the exemplar's numbers to those of the edge, by the word before them."""
        readings = self.deployment.readings
        by_word: dict[str, set[int]] = {}
        for old, new in ((one.exemplar.tail, one.tail), (one.exemplar.head, one.head)):
            before, after = readings[old.index].evidence.name, new.evidence.name
            if before.family == after.family:
                for word, a, b in zip(before.words, before.numbers, after.numbers, strict=True):
                    by_word.setdefault(word, set()).add(b - a)
        return by_word

    def _steps(self, one: PlannedEdge) -> set[tuple[int, int]]:
        """Return (number, step) for each number of the exemplar's ends that differs from that of the edge."""
        readings = self.deployment.readings
        steps: set[tuple[int, int]] = set()
        for old, new in (
            (readings[one.exemplar.tail.index], one.tail),
            (readings[one.exemplar.head.index], one.head),
        ):
            before, after = old.evidence.name, new.evidence.name
            if before.family == after.family:
                steps |= {(a, b - a) for a, b in zip(before.numbers, after.numbers, strict=True) if a != b}
        return steps

    def _among_own(self, run: list[PlannedEdge]) -> Iterator[Anchor]:
        """Yield anchors after edges that enter the nodes or before edges that leave them, as for the exemplars."""
        inside = {reading.node.index for one in run for reading in one.readings}
        exemplar_ends = {node.index for one in run for node in (one.exemplar.tail, one.exemplar.head)}
        first = self.index.slot(run[0].exemplar.statement)
        last = self.index.slot(run[-1].exemplar.statement)
        edges = {
            edge.index: edge for one in run for r in one.readings for edge in (*r.node.in_edges, *r.node.out_edges)
        }
        beside = sorted(edges.values(), key=lambda edge: edge.index)
        entering = [e for e in beside if e.head.index in inside and e.tail.index not in inside]
        leaving = [e for e in beside if e.tail.index in inside and e.head.index not in inside]
        if entering and first is not None and first.before is not None and self._touches(first.before, exemplar_ends):
            yield Anchor(self._same_family(entering, first.before)[-1].statement)
        if leaving and last is not None and last.after is not None and self._touches(last.after, exemplar_ends):
            yield Anchor(self._same_family(leaving, last.after)[0].statement, before=True)
            if entering:
                yield Anchor(entering[-1].statement)
        own = [e for e in beside if e.tail.index in inside and e.head.index in inside]
        if own:
            yield Anchor(own[-1].statement)

    def _same_family(self, edges: list[Edge], statement: Statement) -> list[Edge]:
        """Return the edges in the families of a statement's edges; all edges if there are none."""
        kinds = {self.families.of(edge) for edge in self.index.edges(statement)}
        return [edge for edge in edges if self.families.of(edge) in kinds] or edges

    def _touches(self, statement: Statement, nodes: set[int]) -> bool:
        return any(edge.tail.index in nodes or edge.head.index in nodes for edge in self.index.edges(statement))

    def _after_sibling(self, run: list[PlannedEdge]) -> Iterator[Anchor]:
        """Yield anchors after the edge with the next lower numbers and before the one with the next higher numbers."""
        lower, _ = self.families.beside(self.families.of_planned(run[-1]), run[-1].numbers)
        _, higher = self.families.beside(self.families.of_planned(run[0]), run[0].numbers)
        if lower is not None:
            yield Anchor(lower.statement)
        if higher is not None:
            yield Anchor(higher.statement, before=True)

    def _end_of_common_body(self, run: list[PlannedEdge]) -> Iterator[Anchor]:
        """Yield anchors at the end of the subgraphs that hold all nodes, innermost first."""
        nodes = [reading.node for one in run for reading in one.readings]
        for innermost in nodes[0].subgraphs:
            for subgraph in (innermost, *innermost.ancestors):
                for block in subgraph.statements:
                    if block.body and all(node.name in subgraph.nodes for node in nodes):
                        yield Anchor(block.body[-1])


def _renumbered_by_word(words: str, by_word: Mapping[str, set[int]]) -> str:
    """Return a text with each number moved by the step of the word before it, which a name may abbreviate."""

    def move(match: Match[str]) -> str:
        written = match[1].lower()
        steps = {
            step for word, some in by_word.items() if word and written and written.startswith(word) for step in some
        }
        return match[1] + match[2] + str(int(match[3]) + (steps.pop() if len(steps) == 1 else 0))

    return _WORDED.sub(move, words)


def _renumbered(words: str, steps: Mapping[int, int]) -> str:
    """Return a text with each number moved by its step."""
    return _DIGITS.sub(lambda match: str(int(match[0]) + steps.get(int(match[0]), 0)), words)
