"""The places where missing edges belong: beside what the same unit already draws."""

from __future__ import annotations

from bisect import bisect_left
from itertools import product
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dotlint.edits.insertion import head_start, line_start
from dotlint.edits.statement import references
from dotlint.syntax.tree import Block, EdgeStatement, NodeStatement
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from re import Match

    from dotlint.deployment.model import Deployment
    from dotlint.edits.planned_edge import Families, PlannedEdge
    from dotlint.edits.statement_index import Body, StatementIndex
    from dotlint.graph.model import Edge
    from dotlint.syntax.tree import Comment, Statement

_DIGITS = regex(r"\d+")
_WORDED = regex(r"([A-Za-z]*)([\s_#:=-]*)(\d+)")
_MOST_NUMBERS = 8  # in the names of an edge's ends; beyond, nothing is tried


class Anchor(Struct, frozen=True):
    """The statement that new ones stand after (or `before`).

    Where they go under a comment that ends `at`, the statement shows the style. `own` says that it is beside
    edges or under a comment of the same unit, and no last resort.
    """

    statement: Statement
    before: bool = False
    at: int | None = None
    own: bool = True


class SlotFinder:
    """Finds the statement that missing edges stand after, or before."""

    def __init__(
        self, text: str, deployment: Deployment, comments: Sequence[Comment], index: StatementIndex, families: Families
    ) -> None:
        self.text = text
        self.deployment = deployment
        self.graph = deployment.graph
        self.comments = comments
        self.index = index
        self.families = families

    def find(self, run: list[PlannedEdge], part: list[PlannedEdge]) -> Anchor:
        """Find where a run of edges goes whose exemplars follow each other; `part` are all of its unit."""
        candidates = [*self._beside_own(run, part)]
        candidates += [replace(anchor, own=False) for anchor in self._elsewhere(run)]
        fitting = [self._settled(anchor) for anchor in candidates if self._fits(anchor, run)]
        return next((a for a in fitting if self._alike(a, run)), (fitting or candidates)[0])

    def _settled(self, anchor: Anchor) -> Anchor:
        """Prefer after the edge before to before an edge: a comment above that edge speaks of it alone."""
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
        """Whether the edges may stand there: no node is moved into a subgraph or named for the first time.

        A node takes the defaults that hold where it is first named, so an edge above its statement could
        change it.
        """
        body = self._body(anchor)
        offset = (
            anchor.at if anchor.at is not None else anchor.statement.start if anchor.before else anchor.statement.end
        )
        nodes = [reading.node for one in run for reading in one.readings]
        if body is None or not self.index.may_join(body, nodes):
            return False
        # Where edges follow the node that they leave, the exemplar stands above the statement of its head too.
        early = {one.head.node.index for one in run if self._above_head(one.exemplar)}
        return all(node.start < offset or node.index in early for node in nodes)

    def _above_head(self, edge: Edge) -> bool:
        return any(statement.start > edge.statement.start for statement in edge.head.statements[-1:])

    def _alike(self, anchor: Anchor, run: list[PlannedEdge]) -> bool:
        """Whether the place is inside a subgraph where the exemplar is, outside where it is outside."""
        there, here = self.index.slot(run[0].exemplar.statement), self._body(anchor)
        if there is None or here is None:
            return True
        nodes = [reading.node for one in run for reading in one.readings]
        common = any(all(n.name in s.nodes for n in nodes) for s in nodes[0].subgraphs)
        inside = common and any(True for _ in self.index.around(there.body))
        return inside == any(True for _ in self.index.around(here))

    def _beside_own(self, run: list[PlannedEdge], part: list[PlannedEdge]) -> Iterator[Anchor]:
        """Places of the unit itself, the best first.

        In the row of its kind; under the comment that heads the unit; among the other edges of a fan that stand
        together; beside what mirrors the neighbours of the exemplars; beside other edges of the nodes.
        """
        yield from self._in_row(run)
        yield from self._under_comment(run)
        if self._fan_stands_together(run):
            yield from self._in_fan(run)
        if run[0].alike:  # an edge of another kind shows how one is written, and not where
            yield from self._mirrored(run)
            slot = self.index.slot(part[0].exemplar.statement)
            if slot is not None and isinstance(slot.before, Block | NodeStatement):
                yield from self._after_declarations(slot.before, slot.body, part)
        yield from self._in_fan(run)
        yield from self._among_own(run)

    def _elsewhere(self, run: list[PlannedEdge]) -> Iterator[Anchor]:
        """After the sibling's edges, after the exemplars, at the end of what the nodes share."""
        yield from self._after_sibling(run)
        yield Anchor(run[-1].exemplar.statement)
        yield from self._end_of_common_body(run)
        yield Anchor(self.graph.statement.body[-1])

    def _fan_stands_together(self, run: list[PlannedEdge]) -> bool:
        """Whether the statement before or after an exemplar draws another edge of the same fan."""
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
        """After the one with lower numbers of the edges of a kind that enter the node, or leave it."""
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
        """Between its neighbours, where edges of the kind stand in a row, one a shard or an expert."""
        exemplar = run[0].exemplar
        kind = self.families.of(exemplar)
        slot = self.index.slot(exemplar.statement)
        beside = [e for s in (slot.before, slot.after) if s is not None for e in self.index.edges(s)] if slot else []
        numbers = self.families.numbers(exemplar)
        row = [self.families.numbers(e) for e in beside if self.families.of(e) == kind]
        own = run[0].numbers
        if not row or len(own) != len(numbers):
            return
        # Where a row begins the one before it may end: the neighbour that is more alike is of the row.
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
        """Before a statement, under its comment where that heads what follows too, which then has none of its own."""
        heading = self._comment_above(statement)
        slot = self.index.slot(statement)
        after = slot.after if slot else None
        if heading and isinstance(after, EdgeStatement) and self._comment_above(after) is None:
            yield Anchor(statement, at=self._end(heading))
        yield Anchor(statement, before=True)

    def _under_comment(self, run: list[PlannedEdge]) -> Iterator[Anchor]:
        """Under the unit's own comment, as the first of the exemplars is under its unit's."""
        statement = run[0].exemplar.statement
        comment = self._comment_above(statement)
        if comment is not None:
            words = self.text[comment.start : comment.end]
            steps = dict(sorted(self._steps(run[0])))
            moved = [_moved_behind_words(words, self._far(run[0]))]
            moved += [_moved(words, some) for some in (steps, *({first: step} for first, step in steps.items()))]
            for own in moved:
                counterparts = (
                    [c for c in self.comments if self.text[c.start : c.end].strip() == own.strip()]
                    if own != words
                    else []
                )
                alone = [c for c in counterparts if not self.text[line_start(self.text, c.start) : c.start].strip()]
                if len(alone) == 1:
                    yield Anchor(statement, at=self._end(alone[0]))

    def _comment_above(self, statement: Statement) -> Comment | None:
        """Give the comment right above a statement."""
        start = line_start(self.text, statement.start)
        first = head_start(self.text, statement, self.comments)
        index = bisect_left(self.comments, start, key=lambda comment: comment.start) - 1
        return self.comments[index] if index >= 0 and self.comments[index].start >= first < start else None

    def _end(self, comment: Comment) -> int:
        return comment.end - self.text.endswith("\r", 0, comment.end)

    def _mirrored(self, run: list[PlannedEdge]) -> Iterator[Anchor]:
        nodes = {reading.node.index for one in run for reading in one.readings}
        first = self.index.slot(run[0].exemplar.statement)
        last = self.index.slot(run[-1].exemplar.statement)
        if first is not None and isinstance(first.before, NodeStatement):
            yield from self._at_declaration(first.before, run[0])
        if first is not None and first.before is not None and (found := self._counterpart(first.before, run[0], nodes)):
            # The arms of a fan that one arm shows go together: beside what all of them mirror, or not here.
            arms = [one for one in run[1:] if one.exemplar is run[0].exemplar]
            if all(self._counterpart(first.before, one, nodes) is found for one in arms):
                yield Anchor(found)
        if last is not None and last.after is not None and (found := self._counterpart(last.after, run[-1], nodes)):
            yield Anchor(found, before=True)

    def _after_declarations(self, before: Statement, body: Body, part: list[PlannedEdge]) -> Iterator[Anchor]:
        """After what declares the nodes, where the exemplars stand after what declares theirs."""
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
        """After the statement that declares the end of the edge whose counterpart `statement` declares."""
        names = [reference.id.value for reference in statement.nodes]
        for exemplar_end, reading in ((one.exemplar.tail, one.tail), (one.exemplar.head, one.head)):
            if names == [exemplar_end.name] and reading.node.statements:
                yield Anchor(reading.node.statements[-1])

    def _counterpart(self, statement: Statement, one: PlannedEdge, nodes: set[int]) -> EdgeStatement | None:
        """Give the nodes' edge statement that is to the edge what `statement` is to its exemplar."""
        steps, far = self._steps(one), self._far(one)
        for edge in self.index.edges(statement):
            family = self.families.of(edge)
            straight = self._straight(far, edge)
            _, counterpart = self.families.beside(family, straight)
            if counterpart is not None and counterpart is not edge and self.families.numbers(counterpart) == straight:
                if {counterpart.tail.index, counterpart.head.index} & nodes and counterpart.statement is not statement:
                    return counterpart.statement
                continue
            choices = [
                (n, *(n + step for first, step in steps if n in (first, first + step)))
                for n in self.families.numbers(edge)
            ]
            if len(choices) > _MOST_NUMBERS:
                continue
            for moved in product(*choices):
                _, counterpart = self.families.beside(family, moved)
                if (
                    counterpart is None
                    or counterpart.statement is statement
                    or self.families.numbers(counterpart) != moved
                ):
                    continue
                if {counterpart.tail.index, counterpart.head.index} & nodes:
                    return counterpart.statement
        return None

    def _straight(self, far: Mapping[str, set[int]], edge: Edge) -> tuple[int, ...]:
        """Give an edge's numbers moved as far as those behind the same words are moved from the exemplar."""
        ends = (self.deployment.readings[node.index].evidence.name for node in (edge.tail, edge.head))
        moved = (
            (far.get(word, {0}), number) for name in ends for word, number in zip(name.words, name.numbers, strict=True)
        )
        return tuple(number + (next(iter(steps)) if len(steps) == 1 else 0) for steps, number in moved)

    def _far(self, one: PlannedEdge) -> dict[str, set[int]]:
        """Tell for each word how far the numbers behind it, in the names of the exemplar's ends, lie from those here."""
        readings = self.deployment.readings
        far: dict[str, set[int]] = {}
        for old, new in ((one.exemplar.tail, one.tail), (one.exemplar.head, one.head)):
            before, after = readings[old.index].evidence.name, new.evidence.name
            if before.family == after.family:
                for word, a, b in zip(before.words, before.numbers, after.numbers, strict=True):
                    far.setdefault(word, set()).add(b - a)
        return far

    def _steps(self, one: PlannedEdge) -> set[tuple[int, int]]:
        """Give the numbers of the exemplar's ends that are others here, and how far those lie from them."""
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
        """After what enters the run's nodes, or before what leaves them, where exemplars stand so too."""
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
            yield Anchor(self._of_kind(entering, first.before)[-1].statement)
        if leaving and last is not None and last.after is not None and self._touches(last.after, exemplar_ends):
            yield Anchor(self._of_kind(leaving, last.after)[0].statement, before=True)
            if entering:
                yield Anchor(entering[-1].statement)
        own = [e for e in beside if e.tail.index in inside and e.head.index in inside]
        if own:
            yield Anchor(own[-1].statement)

    def _of_kind(self, edges: list[Edge], statement: Statement) -> list[Edge]:
        """Give those of the edges that are of one kind with a statement's; all where none is."""
        kinds = {self.families.of(edge) for edge in self.index.edges(statement)}
        return [edge for edge in edges if self.families.of(edge) in kinds] or edges

    def _touches(self, statement: Statement, nodes: set[int]) -> bool:
        return any(edge.tail.index in nodes or edge.head.index in nodes for edge in self.index.edges(statement))

    def _after_sibling(self, run: list[PlannedEdge]) -> Iterator[Anchor]:
        """After the edges of the sibling with the next lower numbers, else before the next higher's."""
        lower, _ = self.families.beside(self.families.of_planned(run[-1]), run[-1].numbers)
        _, higher = self.families.beside(self.families.of_planned(run[0]), run[0].numbers)
        if lower is not None:
            yield Anchor(lower.statement)
        if higher is not None:
            yield Anchor(higher.statement, before=True)

    def _end_of_common_body(self, run: list[PlannedEdge]) -> Iterator[Anchor]:
        """At the end of the innermost subgraph that holds all the nodes."""
        nodes = [reading.node for one in run for reading in one.readings]
        for innermost in nodes[0].subgraphs:
            for subgraph in (innermost, *innermost.ancestors):
                for block in subgraph.statements:
                    if block.body and all(node.name in subgraph.nodes for node in nodes):
                        yield Anchor(block.body[-1])


def _moved_behind_words(words: str, far: Mapping[str, set[int]]) -> str:
    """Give a text with each number moved as far as those behind the same word of names, which may be short for it."""

    def move(match: Match[str]) -> str:
        said = match[1].lower()
        steps = {step for word, some in far.items() if word and said and said.startswith(word) for step in some}
        return match[1] + match[2] + str(int(match[3]) + (steps.pop() if len(steps) == 1 else 0))

    return _WORDED.sub(move, words)


def _moved(words: str, steps: Mapping[int, int]) -> str:
    """Give a text with each number moved by its step."""
    return _DIGITS.sub(lambda match: str(int(match[0]) + steps.get(int(match[0]), 0)), words)
