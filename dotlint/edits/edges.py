"""Write planned edges beside the edges of their unit, in the style of their exemplars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.edits.insertion import insert_after, insert_before, style_of
from dotlint.edits.planned_edge import EdgeFamilies
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
    """Writes planned edges into one graph; `comments` are the file's, in order.

    `every` holds all planned edges of the graph, so that a subset goes into the same slots as the whole.
    """

    def __init__(
        self, text: str, deployment: Deployment, comments: Sequence[Comment], every: Sequence[PlannedEdge] = ()
    ) -> None:
        self.text = text
        self.graph = deployment.graph
        self.comments = comments
        self.every = every
        self.index = StatementIndex(self.graph)
        self._families = EdgeFamilies(deployment)
        self._finder = SlotFinder(text, deployment, comments, self.index, self._families)
        self._known_anchors: dict[Pair, Anchor] | None = None

    def edits(self, planned: Sequence[PlannedEdge]) -> list[Edit]:
        """Return the insertions for the edges, one per slot, in the order of the exemplars."""
        if self._known_anchors is None:
            self._known_anchors = self._find_anchors(self.every)
        known = all(one.pair in self._known_anchors for one in planned)
        anchors = self._known_anchors if known else self._find_anchors(planned)
        blocks: dict[tuple[int, bool, int | None], tuple[Anchor, list[PlannedEdge]]] = {}
        order = {pair: index for index, pair in enumerate(anchors)}
        for one in sorted(planned, key=lambda e: order[e.pair]):
            anchor = anchors[one.pair]
            blocks.setdefault((id(anchor.statement), anchor.before, anchor.at), (anchor, []))[1].append(one)
        return [self._write(anchor, some) for anchor, some in blocks.values()]

    def _find_anchors(self, planned: Sequence[PlannedEdge]) -> dict[Pair, Anchor]:
        """Return the anchor of every edge, in the order in which the edges are written."""
        anchors: dict[Pair, Anchor] = {}
        for part in self._merged(_components(planned)):
            found = [(self._finder.find(run, part), run) for run in self._runs(part)]
            for index, (anchor, run) in enumerate(found):
                # A run without a slot beside its own unit's edges joins the nearest run that has one.
                near = [a for a, _ in (*reversed(found[:index]), *found[index + 1 :]) if a.own]
                last = max((a for a, _ in found), key=lambda a: a.statement.end)
                chosen = anchor if anchor.own else near[0] if near else last
                anchors.update((one.pair, chosen) for one in run)
        return anchors

    def _write(self, anchor: Anchor, planned: list[PlannedEdge]) -> Edit:
        lines = [self._line(chain) for chain in _chains(planned)]
        style = style_of(self.text, anchor.statement)
        slot = self.index.slot(planned[0].exemplar.statement)
        if slot is not None:
            style = replace(style, end=style_of(self.text, planned[0].exemplar.statement).end)
        if anchor.at is not None:
            return insert_after(self.text, anchor.at, lines, style)
        if anchor.before:
            return insert_before(self.text, anchor.statement, lines, style, self.comments)
        return insert_after(self.text, anchor.statement.end, lines, style)

    def _line(self, chain: Sequence[PlannedEdge]) -> str:
        """Return the statement for one edge, or for a chain of edges."""
        one = chain[0]
        ports = [ports_like(self.text, e.exemplar, e.tail.node, e.head.node) if e.alike else ("", "") for e in chain]
        lists = one.exemplar.statement.lists
        apart = self.text[lists[0].start - 1 : lists[0].start] if lists else " "
        apart = apart if apart in _BLANKS else " " if apart.isspace() else ""
        if len(chain) == 1:
            written = edge_text(self.text, self.graph, one.pair, "", ports[0])
            return written + (f"{apart}[{one.attributes}]" if one.attributes else "")
        arrow = " -> " if self.graph.directed else " -- "
        ends = [as_written(self.text, self.graph, one.tail.name) + ports[0][0]]
        ends += [as_written(self.text, self.graph, e.head.name) + port[1] for e, port in zip(chain, ports, strict=True)]
        return arrow.join(ends) + (f" [{one.attributes}]" if one.attributes else "")

    def _runs(self, planned: Sequence[PlannedEdge]) -> Iterator[list[PlannedEdge]]:
        """Yield runs of edges whose exemplars are consecutive statements."""
        run: list[PlannedEdge] = []
        for one in planned:
            if run and not self._follows(run[-1].exemplar.statement, one.exemplar.statement):
                yield run
                run = []
            run.append(one)
        if run:
            yield run

    def _merged(self, parts: list[list[PlannedEdge]]) -> Iterator[list[PlannedEdge]]:
        """Merge parts of one family whose exemplars are consecutive statements, such as one edge per rank."""
        merged_part: list[PlannedEdge] = []
        for part in parts:
            kinds = {self._families.of_planned(e) for e in (*merged_part, *part)}
            one, two = (merged_part or part)[-1].exemplar.statement, part[0].exemplar.statement
            if merged_part and (len(kinds) > 1 or one is two or not self._follows(one, two)):
                yield merged_part
                merged_part = []
            merged_part = [*merged_part, *part]
        if merged_part:
            yield merged_part

    def _follows(self, one: EdgeStatement, two: EdgeStatement) -> bool:
        slot = self.index.slot(one)
        return one is two or (slot is not None and slot.after is two)


def _chains(planned: Sequence[PlannedEdge]) -> Iterator[list[PlannedEdge]]:
    """Yield edges grouped into chains if their exemplars are steps of one chain, `a -> b -> c`; others alone."""
    starts = {(id(e.exemplar.statement), e.exemplar.step, e.tail.name): e for e in planned if e.alike}
    used: set[tuple[str, str]] = set()
    for first in planned:
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
        used.update(e.pair for e in chain)
        yield chain


def _components(planned: Sequence[PlannedEdge]) -> list[list[PlannedEdge]]:
    """Return the connected components, such as the layers of a stage, in the order of the exemplars."""
    ordered = sorted(planned, key=lambda e: (e.exemplar.index, e.tail.node.index, e.head.node.index))
    part_of: dict[int, list[PlannedEdge]] = {}
    for one in ordered:
        ends = one.tail.node.index, one.head.node.index
        parts = list({id(part): part for end in ends if (part := part_of.get(end)) is not None}.values())
        merged = [*(e for part in parts for e in part), one]
        for e in merged:
            part_of[e.tail.node.index] = part_of[e.head.node.index] = merged
    distinct = list({id(part): part for part in part_of.values()}.values())
    order = {id(one): index for index, one in enumerate(ordered)}
    parts = [sorted(part, key=lambda e: order[id(e)]) for part in distinct]
    return sorted(parts, key=lambda part: order[id(part[0])])
