"""Missing edges written where the unit's own edges stand, in the manner of the edges that show how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.edits.insertion import insert_after, insert_before, style_of
from dotlint.edits.planned_edge import Families
from dotlint.edits.slots import Anchor, SlotFinder
from dotlint.edits.statement import as_written, edge_text, ports_like
from dotlint.edits.statement_index import StatementIndex
from dotlint.syntax.tree import Chain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.deployment.model import Deployment
    from dotlint.edits.planned_edge import Pair, PlannedEdge
    from dotlint.engine.finding import Edit
    from dotlint.syntax.tree import Comment, EdgeStatement

_BLANKS = {" ", "\t"}


class EdgeWriter:
    """Writes missing edges into one graph; `comments` are the file's.

    `every` are all edges that are to be written some time: an edge goes where it would go with those of its
    unit.
    """

    def __init__(
        self, text: str, deployment: Deployment, comments: Sequence[Comment], every: Sequence[PlannedEdge] = ()
    ) -> None:
        self.text = text
        self.graph = deployment.graph
        self.comments = comments
        self.every = every
        self.index = StatementIndex(self.graph)
        self._families = Families(deployment)
        self._finder = SlotFinder(text, deployment, comments, self.index, self._families)
        self._places: dict[Pair, Anchor] | None = None

    def edits(self, wanted: Sequence[PlannedEdge]) -> list[Edit]:
        """Give the insertions that write the edges, a block a place, in the order of their exemplars."""
        if self._places is None:
            self._places = self._placed(self.every)
        known = all(one.pair in self._places for one in wanted)
        places = self._places if known else self._placed(wanted)
        blocks: dict[tuple[int, bool, int | None], tuple[Anchor, list[PlannedEdge]]] = {}
        order = {pair: index for index, pair in enumerate(places)}
        for one in sorted(wanted, key=lambda w: order[w.pair]):
            anchor = places[one.pair]
            blocks.setdefault((id(anchor.statement), anchor.before, anchor.at), (anchor, []))[1].append(one)
        return [self._write(anchor, some) for anchor, some in blocks.values()]

    def _placed(self, wanted: Sequence[PlannedEdge]) -> dict[Pair, Anchor]:
        """Find the place of every edge, in the order in which they are written."""
        places: dict[Pair, Anchor] = {}
        for part in self._joined(_connected(wanted)):
            found = [(self._finder.find(run, part), run) for run in self._runs(part)]
            for index, (anchor, run) in enumerate(found):
                # What finds no place beside its own unit's edges goes with what does.
                near = [a for a, _ in (*reversed(found[:index]), *found[index + 1 :]) if a.own]
                last = max((a for a, _ in found), key=lambda a: a.statement.end)
                chosen = anchor if anchor.own else near[0] if near else last
                places.update((one.pair, chosen) for one in run)
        return places

    def _write(self, anchor: Anchor, wanted: list[PlannedEdge]) -> Edit:
        lines = [self._line(chain) for chain in _chains(wanted)]
        style = style_of(self.text, anchor.statement)
        slot = self.index.slot(wanted[0].exemplar.statement)
        if slot is not None:
            style = replace(style, end=style_of(self.text, wanted[0].exemplar.statement).end)
        if anchor.at is not None:
            return insert_after(self.text, anchor.at, lines, style)
        if anchor.before:
            return insert_before(self.text, anchor.statement, lines, style, self.comments)
        return insert_after(self.text, anchor.statement.end, lines, style)

    def _line(self, chain: Sequence[PlannedEdge]) -> str:
        """Write edges that follow each other as one statement, as their exemplars are."""
        one = chain[0]
        ports = [ports_like(self.text, w.exemplar, w.tail.node, w.head.node) if w.alike else ("", "") for w in chain]
        lists = one.exemplar.statement.lists
        apart = self.text[lists[0].start - 1 : lists[0].start] if lists else " "
        apart = apart if apart in _BLANKS else " " if apart.isspace() else ""
        if len(chain) == 1:
            written = edge_text(self.text, self.graph, one.pair, "", ports[0])
            return written + (f"{apart}[{one.attributes}]" if one.attributes else "")
        arrow = " -> " if self.graph.directed else " -- "
        ends = [as_written(self.text, self.graph, one.tail.name) + ports[0][0]]
        ends += [as_written(self.text, self.graph, w.head.name) + port[1] for w, port in zip(chain, ports, strict=True)]
        return arrow.join(ends) + (f" [{one.attributes}]" if one.attributes else "")

    def _runs(self, wanted: Sequence[PlannedEdge]) -> Iterator[list[PlannedEdge]]:
        """Split into runs whose exemplars follow each other in the text."""
        run: list[PlannedEdge] = []
        for one in wanted:
            if run and not self._follows(run[-1].exemplar.statement, one.exemplar.statement):
                yield run
                run = []
            run.append(one)
        if run:
            yield run

    def _joined(self, parts: list[list[PlannedEdge]]) -> Iterator[list[PlannedEdge]]:
        """Join parts of one kind whose exemplars follow each other, as one edge a rank.

        Those belong together.
        """
        joined: list[PlannedEdge] = []
        for part in parts:
            kinds = {self._families.of_planned(w) for w in (*joined, *part)}
            one, two = (joined or part)[-1].exemplar.statement, part[0].exemplar.statement
            if joined and (len(kinds) > 1 or one is two or not self._follows(one, two)):
                yield joined
                joined = []
            joined = [*joined, *part]
        if joined:
            yield joined

    def _follows(self, one: EdgeStatement, two: EdgeStatement) -> bool:
        slot = self.index.slot(one)
        return one is two or (slot is not None and slot.after is two)


def _chains(wanted: Sequence[PlannedEdge]) -> Iterator[list[PlannedEdge]]:
    """Join edges whose exemplars are steps of one chain, `a -> b -> c`, as those are; the others stay alone."""
    starts = {(id(w.exemplar.statement), w.exemplar.step, w.tail.name): w for w in wanted if w.alike}
    used: set[tuple[str, str]] = set()
    for first in wanted:
        if first.pair in used:
            continue
        chain = [first]
        parts = first.exemplar.statement.parts if isinstance(first.exemplar.statement, Chain) else []
        plain = first.alike and len(parts) > 2 and all(isinstance(part, list) and len(part) == 1 for part in parts)
        while plain:
            last = chain[-1]
            after = starts.get((id(last.exemplar.statement), last.exemplar.step + 1, last.head.name))
            if after is None or after.pair in used or after.attributes != last.attributes:
                break
            chain.append(after)
        used.update(w.pair for w in chain)
        yield chain


def _connected(wanted: Sequence[PlannedEdge]) -> list[list[PlannedEdge]]:
    """Split into parts that share no node, such as the layers of a stage, in the exemplars' order."""
    ordered = sorted(wanted, key=lambda w: (w.exemplar.index, w.tail.node.index, w.head.node.index))
    part_of: dict[int, list[PlannedEdge]] = {}
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
