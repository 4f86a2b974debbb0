"""Missing edges written where the unit's own edges stand, in the manner of the edges that teach them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from dotlint.fix.bodies import Bodies
from dotlint.fix.insertion import head_start, insert_after, insert_before, line_start, style_of
from dotlint.fix.statement import as_written, edge_text, ports_like, references
from dotlint.regex import regex
from dotlint.syntax.tree import Block, EdgeStatement, NodeStatement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.engine.finding import Edit
    from dotlint.fix.bodies import Body
    from dotlint.graph.model import Edge
    from dotlint.syntax.tree import Comment, Statement

Pair = tuple[str, str]
_DIGITS = regex(r"\d+")
_BLANKS = {" ", "\t"}
_MOST_NUMBERS = 8  # in the names of an edge's ends; beyond, nothing is tried


class Wanted(NamedTuple):
    """An edge to be written, and the edge that it is written after the manner of.

    `alike` says that it is one of the exemplar's kind: then it takes over its ports.
    """

    tail: Reading
    head: Reading
    exemplar: Edge
    attributes: str
    alike: bool = True

    @property
    def pair(self) -> Pair:
        """The names of its ends."""
        return self.tail.name, self.head.name


class Anchor(NamedTuple):
    """The statement that new ones stand after (or `before`).

    Where they go under a comment that ends `at`, the statement shows the style. `own` says that it is beside
    edges or under a comment of the same unit, and no last resort.
    """

    statement: Statement
    before: bool = False
    at: int | None = None
    own: bool = True


class EdgeWriter:
    """Writes missing edges into one graph; `comments` are the file's.

    `every` are all edges that are to be written some time: an edge goes where it would go with those of its
    unit.
    """

    def __init__(
        self, text: str, deployment: Deployment, comments: Sequence[Comment], every: Sequence[Wanted] = ()
    ) -> None:
        self.text = text
        self.deployment = deployment
        self.graph = deployment.graph
        self.comments = comments
        self.every = every
        self._places: dict[Pair, Anchor] | None = None
        self.bodies = Bodies(self.graph)
        self._families: dict[tuple[str, str], list[tuple[tuple[int, ...], Edge]]] = defaultdict(list)
        for edge in self.graph.edges:
            self._families[self._family(edge.tail.index, edge.head.index)].append((self._numbers(edge), edge))
        for found in self._families.values():
            found.sort(key=lambda one: (one[0], one[1].index))

    def edits(self, wanted: Sequence[Wanted]) -> list[Edit]:
        """Give the insertions that write the edges, a block a place, in the order of their exemplars."""
        if self._places is None:
            self._places = self._placed(self.every)
        known = all(one.pair in self._places for one in wanted)
        places = self._places if known else self._placed(wanted)
        blocks: dict[tuple[int, bool, int | None], tuple[Anchor, list[Wanted]]] = {}
        order = {pair: index for index, pair in enumerate(places)}
        for one in sorted(wanted, key=lambda w: order[w.pair]):
            anchor = places[one.pair]
            blocks.setdefault((id(anchor.statement), anchor.before, anchor.at), (anchor, []))[1].append(one)
        return [self._write(anchor, some) for anchor, some in blocks.values()]

    def _placed(self, wanted: Sequence[Wanted]) -> dict[Pair, Anchor]:
        """Find the place of every edge, in the order in which they are written."""
        places: dict[Pair, Anchor] = {}
        for part in self._joined(_connected(wanted)):
            found = [(self._anchor(run, part), run) for run in self._runs(part)]
            for index, (anchor, run) in enumerate(found):
                # What finds no place beside its own unit's edges goes with what does.
                near = [a for a, _ in (*reversed(found[:index]), *found[index + 1 :]) if a.own]
                last = max((a for a, _ in found), key=lambda a: a.statement.end)
                chosen = anchor if anchor.own else near[0] if near else last
                places.update((one.pair, chosen) for one in run)
        return places

    def _write(self, anchor: Anchor, wanted: list[Wanted]) -> Edit:
        lines = [self._line(chain) for chain in _chains(wanted)]
        style = style_of(self.text, anchor.statement)
        place = self.bodies.place(wanted[0].exemplar.statement)
        if place is not None:
            style = replace(style, end=style_of(self.text, wanted[0].exemplar.statement).end)
        if anchor.at is not None:
            return insert_after(self.text, anchor.at, lines, style)
        if anchor.before:
            return insert_before(self.text, anchor.statement, lines, style, self.comments)
        return insert_after(self.text, anchor.statement.end, lines, style)

    def _line(self, chain: Sequence[Wanted]) -> str:
        """Write edges that follow each other as one statement, as their exemplars are."""
        one = chain[0]
        ports = [
            ports_like(self.text, w.exemplar, w.tail.node, w.head.node) if w.alike else ("", "") for w in chain
        ]
        lists = one.exemplar.statement.lists
        apart = self.text[lists[0].start - 1 : lists[0].start] if lists else " "
        if len(chain) == 1:
            written = edge_text(self.text, self.graph, one.pair, "", ports[0])
            return written + (f"{apart if apart in _BLANKS else ' '}[{one.attributes}]" if one.attributes else "")
        arrow = " -> " if self.graph.directed else " -- "
        ends = [as_written(self.text, self.graph, one.tail.name) + ports[0][0]]
        ends += [as_written(self.text, self.graph, w.head.name) + port[1] for w, port in zip(chain, ports, strict=True)]
        return arrow.join(ends) + (f" [{one.attributes}]" if one.attributes else "")

    def _runs(self, wanted: Sequence[Wanted]) -> Iterator[list[Wanted]]:
        """Split into runs whose exemplars follow each other in the text."""
        run: list[Wanted] = []
        for one in wanted:
            if run and not self._follows(run[-1].exemplar.statement, one.exemplar.statement):
                yield run
                run = []
            run.append(one)
        if run:
            yield run

    def _joined(self, parts: list[list[Wanted]]) -> Iterator[list[Wanted]]:
        """Join parts of one kind whose exemplars follow each other, as one edge a rank.

        Those belong together.
        """
        joined: list[Wanted] = []
        for part in parts:
            kinds = {self._family(w.tail.node.index, w.head.node.index) for w in (*joined, *part)}
            one, two = (joined or part)[-1].exemplar.statement, part[0].exemplar.statement
            if joined and (len(kinds) > 1 or one is two or not self._follows(one, two)):
                yield joined
                joined = []
            joined = [*joined, *part]
        if joined:
            yield joined

    def _follows(self, one: EdgeStatement, two: EdgeStatement) -> bool:
        place = self.bodies.place(one)
        return one is two or (place is not None and place.after is two)

    def _anchor(self, run: list[Wanted], part: list[Wanted]) -> Anchor:
        candidates = [*self._beside_own(run, part)]
        candidates += [anchor._replace(own=False) for anchor in self._elsewhere(run)]
        fitting = [self._settled(anchor) for anchor in candidates if self._fits(anchor, run)]
        return next((a for a in fitting if self._alike(a, run)), (fitting or candidates)[0])

    def _settled(self, anchor: Anchor) -> Anchor:
        """Prefer after the edge before to before an edge: a comment above that edge speaks of it alone."""
        place = self.bodies.place(anchor.statement)
        if anchor.before and place is not None and isinstance(place.before, EdgeStatement):
            return Anchor(place.before, own=anchor.own)
        return anchor

    def _body(self, anchor: Anchor) -> Body | None:
        if anchor.at is not None:
            return self.bodies.body_at(anchor.at)
        place = self.bodies.place(anchor.statement)
        return place.body if place else None

    def _fits(self, anchor: Anchor, run: list[Wanted]) -> bool:
        """Whether the edges may stand there: no node is moved into a subgraph or named for the first time.

        A node takes the defaults that hold where it is first named, so an edge above its statement could
        change it.
        """
        body = self._body(anchor)
        offset = (
            anchor.at if anchor.at is not None else anchor.statement.start if anchor.before else anchor.statement.end
        )
        nodes = [reading.node for one in run for reading in (one.tail, one.head)]
        return body is not None and self.bodies.may_join(body, nodes) and all(node.start < offset for node in nodes)

    def _alike(self, anchor: Anchor, run: list[Wanted]) -> bool:
        """Whether the place is inside a subgraph where the exemplar is, outside where it is outside."""
        there, here = self.bodies.place(run[0].exemplar.statement), self._body(anchor)
        if there is None or here is None:
            return True
        nodes = [reading.node for one in run for reading in (one.tail, one.head)]
        common = any(all(n.name in s.nodes for n in nodes) for s in nodes[0].subgraphs)
        inside = common and any(True for _ in self.bodies.around(there.body))
        return inside == any(True for _ in self.bodies.around(here))

    def _beside_own(self, run: list[Wanted], part: list[Wanted]) -> Iterator[Anchor]:
        """Places of the unit itself, the best first.

        Under the comment that heads the unit; among the other edges of a fan that stand together; beside what
        mirrors the neighbours of the exemplars; beside other edges of the nodes.
        """
        yield from self._under_comment(run, part)
        yield from self._in_row(run)
        if self._fan_stands_together(run):
            yield from self._in_fan(run)
        yield from self._mirrored(run)
        place = self.bodies.place(part[0].exemplar.statement)
        if place is not None and isinstance(place.before, Block | NodeStatement):
            yield from self._after_declarations(place.before, place.body, part)
        yield from self._in_fan(run)
        yield from self._among_own(run)

    def _elsewhere(self, run: list[Wanted]) -> Iterator[Anchor]:
        """After the sibling's edges, after the exemplars, at the end of what the nodes share."""
        yield from self._after_sibling(run)
        yield Anchor(run[-1].exemplar.statement)
        yield from self._end_of_common_body(run)
        yield Anchor(self.graph.statement.body[-1])

    def _fan_stands_together(self, run: list[Wanted]) -> bool:
        """Whether the statement before or after an exemplar draws another edge of the same fan."""
        exemplar = run[0].exemplar
        kind = self._family(exemplar.tail.index, exemplar.head.index)
        if all(one.exemplar.tail is one.tail.node for one in run):
            return sum(self._family(e.tail.index, e.head.index) == kind for e in exemplar.tail.out_edges) == 1
        place = self.bodies.place(exemplar.statement)
        beside = [s for s in (place.before, place.after) if s is not None] if place else []
        return len({id(one.exemplar.statement) for one in run}) == 1 and any(
            self._family(e.tail.index, e.head.index) == kind and (e.tail is exemplar.tail or e.head is exemplar.head)
            for s in (*beside, exemplar.statement)
            for e in self.bodies.edges(s)
            if e is not exemplar
        )

    def _in_fan(self, run: list[Wanted]) -> Iterator[Anchor]:
        """After the one with lower numbers of the edges of a kind that enter the node, or leave it."""
        kinds = {self._family(one.tail.node.index, one.head.node.index) for one in run}
        own = (*run[0].tail.evidence.name.numbers, *run[0].head.evidence.name.numbers)
        for ends in ([one.head.node.in_edges for one in run], [one.tail.node.out_edges for one in run]):
            alike = [e for e in ends[0] if self._family(e.tail.index, e.head.index) in kinds]
            if alike and all(end == ends[0] for end in ends):
                lower = [e for e in alike if self._numbers(e) < own]
                if lower and lower == alike[: len(lower)]:
                    yield Anchor(lower[-1].statement)
                elif not lower and (len(alike) > 1 or self._all_before(run, alike[0])):
                    yield Anchor(alike[0].statement, before=True)
                yield Anchor(alike[-1].statement)

    def _all_before(self, run: list[Wanted], edge: Edge) -> bool:
        numbers = self._numbers(edge)
        return all((*w.tail.evidence.name.numbers, *w.head.evidence.name.numbers) < numbers for w in run)

    def _in_row(self, run: list[Wanted]) -> Iterator[Anchor]:
        """Between its neighbours, where edges of the kind stand in a row, one a shard or an expert."""
        exemplar = run[0].exemplar
        kind = self._family(exemplar.tail.index, exemplar.head.index)
        place = self.bodies.place(exemplar.statement)
        beside = [e for s in (place.before, place.after) if s is not None for e in self.bodies.edges(s)] if place else []
        numbers = self._numbers(exemplar)
        row = [self._numbers(e) for e in beside if self._family(e.tail.index, e.head.index) == kind]
        varying = {i for other in row for i, (a, b) in enumerate(zip(other, numbers, strict=True)) if a != b}
        own = (*run[0].tail.evidence.name.numbers, *run[0].head.evidence.name.numbers)
        if not varying or len(own) != len(numbers):
            return
        found = self._families[kind]
        at = bisect_left(found, own, key=lambda item: item[0])
        for index, before in ((at - 1, False), (at, True)):
            if 0 <= index < len(found):
                near, edge = found[index]
                if all(a == b for i, (a, b) in enumerate(zip(near, own, strict=True)) if i not in varying):
                    yield Anchor(edge.statement, before=before)

    def _under_comment(self, run: list[Wanted], part: list[Wanted]) -> Iterator[Anchor]:
        """Under the unit's own comment, as the exemplars are under theirs, where it has no edges yet."""
        inside = {reading.node.index for one in part for reading in (one.tail, one.head)}
        if any(e.head.index in inside for one in part for r in (one.tail, one.head) for e in r.node.out_edges):
            return
        statement = run[0].exemplar.statement
        start = line_start(self.text, statement.start)
        above = [c for c in self.comments if head_start(self.text, statement, self.comments) <= c.start < start]
        for comment in above[-1:]:
            words = self.text[comment.start : comment.end]
            steps = dict(sorted(self._steps(run[0])))
            for some in (steps, *({first: step} for first, step in steps.items())):
                own = _moved(words, some)
                twins = (
                    [c for c in self.comments if self.text[c.start : c.end].strip() == own.strip()]
                    if own != words
                    else []
                )
                alone = [c for c in twins if not self.text[line_start(self.text, c.start) : c.start].strip()]
                if len(alone) == 1:
                    end = alone[0].end
                    yield Anchor(statement, at=end - self.text.endswith("\r", 0, end))

    def _mirrored(self, run: list[Wanted]) -> Iterator[Anchor]:
        nodes = {reading.node.index for one in run for reading in (one.tail, one.head)}
        first = self.bodies.place(run[0].exemplar.statement)
        last = self.bodies.place(run[-1].exemplar.statement)
        if first is not None and isinstance(first.before, NodeStatement):
            yield from self._at_declaration(first.before, run[0])
        if first is not None and first.before is not None and (found := self._counterpart(first.before, run[0], nodes)):
            yield Anchor(found)
        if last is not None and last.after is not None and (found := self._counterpart(last.after, run[-1], nodes)):
            yield Anchor(found, before=True)

    def _after_declarations(self, before: Statement, body: Body, part: list[Wanted]) -> Iterator[Anchor]:
        """After what declares the nodes, where the exemplars stand after what declares theirs."""
        taught = {node.name for one in part for node in (one.exemplar.tail, one.exemplar.head)}
        if not any(reference.id.value in taught for reference in references(before)):
            return
        last: Statement | None = None
        for one in part:
            for reading in (one.tail, one.head):
                outer: Statement | None = reading.node.statements[-1] if reading.node.statements else None
                place = self.bodies.place(outer) if outer is not None else None
                while place is not None and place.body is not body:
                    outer = place.body if isinstance(place.body, Block) else None
                    place = self.bodies.place(outer) if outer is not None else None
                if place is not None and (last is None or place.statement.start > last.start):
                    last = place.statement
        if last is not None:
            yield Anchor(last)

    def _at_declaration(self, statement: NodeStatement, one: Wanted) -> Iterator[Anchor]:
        """After the statement that declares the end of the edge whose counterpart `statement` declares."""
        names = [reference.id.value for reference in statement.nodes]
        for taught, reading in ((one.exemplar.tail, one.tail), (one.exemplar.head, one.head)):
            if names == [taught.name] and reading.node.statements:
                yield Anchor(reading.node.statements[-1])

    def _counterpart(self, statement: Statement, one: Wanted, nodes: set[int]) -> EdgeStatement | None:
        """Give the nodes' edge statement that is to the edge what `statement` is to its exemplar."""
        steps = self._steps(one)
        for edge in self.bodies.edges(statement):
            found = self._families[self._family(edge.tail.index, edge.head.index)]
            choices = [
                (n, *(n + step for first, step in steps if n in (first, first + step))) for n in self._numbers(edge)
            ]
            if len(choices) > _MOST_NUMBERS:
                continue
            for moved in product(*choices):
                at = bisect_left(found, moved, key=lambda item: item[0])
                twin = found[at][1] if at < len(found) and found[at][0] == moved else None
                if twin is not None and twin is not edge and {twin.tail.index, twin.head.index} & nodes:
                    return twin.statement
        return None

    def _steps(self, one: Wanted) -> set[tuple[int, int]]:
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

    def _among_own(self, run: list[Wanted]) -> Iterator[Anchor]:
        """After what enters the run's nodes, or before what leaves them, where exemplars stand so too."""
        inside = {reading.node.index for one in run for reading in (one.tail, one.head)}
        taught = {node.index for one in run for node in (one.exemplar.tail, one.exemplar.head)}
        first = self.bodies.place(run[0].exemplar.statement)
        last = self.bodies.place(run[-1].exemplar.statement)
        edges = {
            edge.index: edge
            for one in run
            for r in (one.tail, one.head)
            for edge in (*r.node.in_edges, *r.node.out_edges)
        }
        beside = sorted(edges.values(), key=lambda edge: edge.index)
        entering = [e for e in beside if e.head.index in inside and e.tail.index not in inside]
        leaving = [e for e in beside if e.tail.index in inside and e.head.index not in inside]
        if entering and first is not None and first.before is not None and self._touches(first.before, taught):
            yield Anchor(entering[-1].statement)
        if leaving and last is not None and last.after is not None and self._touches(last.after, taught):
            yield Anchor(leaving[0].statement, before=True)
            if entering:
                yield Anchor(entering[-1].statement)
        own = [e for e in beside if e.tail.index in inside and e.head.index in inside]
        if own:
            yield Anchor(own[-1].statement)

    def _touches(self, statement: Statement, nodes: set[int]) -> bool:
        return any(edge.tail.index in nodes or edge.head.index in nodes for edge in self.bodies.edges(statement))

    def _after_sibling(self, run: list[Wanted]) -> Iterator[Anchor]:
        """After the edges of the sibling with the next lower numbers, else before the next higher's."""
        last, first = run[-1], run[0]
        for one, before in ((last, False), (first, True)):
            found = self._families[self._family(one.tail.node.index, one.head.node.index)]
            numbers = (*one.tail.evidence.name.numbers, *one.head.evidence.name.numbers)
            at = bisect_left(found, numbers, key=lambda item: item[0])
            if before and at < len(found):
                yield Anchor(found[at][1].statement, before=True)
            elif not before and at:
                yield Anchor(found[at - 1][1].statement)

    def _end_of_common_body(self, run: list[Wanted]) -> Iterator[Anchor]:
        """At the end of the innermost subgraph that holds all the nodes."""
        nodes = [reading.node for one in run for reading in (one.tail, one.head)]
        for innermost in nodes[0].subgraphs:
            for subgraph in (innermost, *innermost.ancestors):
                for block in subgraph.statements:
                    if block.body and all(node.name in subgraph.nodes for node in nodes):
                        yield Anchor(block.body[-1])

    def _family(self, tail: int, head: int) -> tuple[str, str]:
        readings = self.deployment.readings
        return readings[tail].evidence.name.family, readings[head].evidence.name.family

    def _numbers(self, edge: Edge) -> tuple[int, ...]:
        readings = self.deployment.readings
        return (
            *readings[edge.tail.index].evidence.name.numbers,
            *readings[edge.head.index].evidence.name.numbers,
        )


def _chains(wanted: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    """Join edges whose exemplars are steps of one chain, `a -> b -> c`, as those are; the others stay alone."""
    starts = {(id(w.exemplar.statement), w.exemplar.step, w.tail.name): w for w in wanted if w.alike}
    used: set[tuple[str, str]] = set()
    for first in wanted:
        if first.pair in used:
            continue
        chain = [first]
        sides = first.exemplar.statement.sides
        plain = first.alike and len(sides) > 2 and all(isinstance(s, list) and len(s) == 1 for s in sides)
        while plain:
            last = chain[-1]
            after = starts.get((id(last.exemplar.statement), last.exemplar.step + 1, last.head.name))
            if after is None or after.pair in used or after.attributes != last.attributes:
                break
            chain.append(after)
        used.update(w.pair for w in chain)
        yield chain


def _moved(words: str, steps: Mapping[int, int]) -> str:
    """Give a text with each number moved by its step."""
    return _DIGITS.sub(lambda match: str(int(match[0]) + steps.get(int(match[0]), 0)), words)


def _connected(wanted: Sequence[Wanted]) -> list[list[Wanted]]:
    """Split into parts that share no node, such as the layers of a stage, in the exemplars' order."""
    ordered = sorted(wanted, key=lambda w: (w.exemplar.index, w.tail.node.index, w.head.node.index))
    part_of: dict[int, list[Wanted]] = {}
    for one in ordered:
        ends = one.tail.node.index, one.head.node.index
        parts = list({id(part): part for end in ends if (part := part_of.get(end)) is not None}.values())
        merged = [*(w for part in parts for w in part), one]
        for w in merged:
            part_of[w.tail.node.index] = part_of[w.head.node.index] = merged
    distinct = list({id(part): part for part in part_of.values()}.values())
    order = {id(one): index for index, one in enumerate(ordered)}
    parts = [sorted(part, key=lambda w: order[id(w)]) for part in distinct]
    return sorted(parts, key=lambda part: order[id(part[0])])
