"""Where a text mentions its nodes: what definitions, references and renaming are made of."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dotlint.syntax.lexemes import decode, source_offset
from dotlint.syntax.tree import NodeStatement, PlainEdge, PlainNode, walk_statements
from dotlint.syntax.walk import node_refs

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from dotlint.graph.document import Document
    from dotlint.graph.model import Graph

OWN, OTHER = 0, 1  # whether a mention is in a statement of the node's own


class Mention(Struct, frozen=True):
    """One mention of a node: the place of its id, and whether a statement of the node's `own` names it."""

    node: int
    start: int
    end: int
    own: bool


class Mentions(Struct):
    """All mentions of a text in its order, and the `names` of the nodes that they speak of, by number.

    Nodes of several graphs are numbered one graph after the other; `graphs` has the first number of each. `statements`
    are the offsets at which statements start. Arrays, for a text may have a million mentions.
    """

    names: list[str]
    graphs: list[int]
    starts: array[int] = field(default_factory=lambda: array("Q"))
    ends: array[int] = field(default_factory=lambda: array("Q"))
    nodes: array[int] = field(default_factory=lambda: array("Q"))
    owns: array[int] = field(default_factory=lambda: array("B"))
    statements: array[int] = field(default_factory=lambda: array("Q"))

    def __len__(self) -> int:
        return len(self.starts)

    def at(self, offset: int) -> Mention | None:
        """Find the mention that an offset lies in, or right behind; None where there is none."""
        index = bisect_right(self.starts, offset) - 1
        return self._mention(index) if index >= 0 and offset <= self.ends[index] else None

    def of(self, node: int) -> Iterator[Mention]:
        """Give every mention of a node, in order."""
        return (self._mention(index) for index, number in enumerate(self.nodes) if number == node)

    def home(self, node: int) -> Mention | None:
        """Find where a node is declared: its first own statement, else its first mention."""
        first = None
        for mention in self.of(node):
            if mention.own:
                return mention
            first = first or mention
        return first

    def siblings(self, node: int) -> range:
        """Give the numbers of all nodes of the graph that a node is in."""
        graph = bisect_right(self.graphs, node) - 1
        end = self.graphs[graph + 1] if graph + 1 < len(self.graphs) else len(self.names)
        return range(self.graphs[graph], end)

    def named(self, name: str) -> int | None:
        """Find the first node of a name."""
        try:
            return self.names.index(name)
        except ValueError:
            return None

    def statement_before(self, offset: int, back: int = 0) -> int:
        """Give where the last statement at or before an offset starts, or one so many further `back`; 0 for none."""
        index = bisect_right(self.statements, offset) - 1 - back
        return self.statements[index] if index >= 0 else 0

    def _mention(self, index: int) -> Mention:
        return Mention(self.nodes[index], self.starts[index], self.ends[index], self.owns[index] == OWN)


def read_mentions(document: Document) -> Mentions:
    """Collect the mentions of a document; where parts could not be read, those of what was understood."""
    graphs, first = [], 0
    names: list[str] = []
    for graph in document.graphs:
        graphs.append(first)
        names += graph.nodes
        first = len(names)
    found = Mentions(names, graphs)
    collected: list[tuple[int, int, int, int]] = []
    for graph, base in zip(document.graphs, graphs, strict=True):
        collected += _of_graph(graph, base, found.statements)
    collected.sort()
    for start, end, node, own in collected:
        found.starts.append(start)
        found.ends.append(end)
        found.nodes.append(node)
        found.owns.append(own)
    if any(before > after for before, after in zip(found.statements, found.statements[1:], strict=False)):
        found.statements = array("Q", sorted(found.statements))
    return found


def _of_graph(graph: Graph, base: int, starts: array[int]) -> Iterator[tuple[int, int, int, int]]:
    spelled: dict[str, int] = {}

    def number(raw: str) -> int:
        known = spelled.get(raw)
        if known is None:
            node = graph.nodes.get(decode(raw))
            known = spelled[raw] = -1 if node is None else base + node.index
        return known

    for statement in walk_statements([graph.statement.body]):
        if isinstance(statement, PlainNode | PlainEdge):
            match = statement.match  # once: of most statements it is worked out anew
            starts.append(source_offset(match.string, match.start(1)))
            places = [(statement.first, *_span(match, 1))]
            if isinstance(statement, PlainEdge):
                places.append((statement.second, *_span(match, 3)))
        else:
            starts.append(statement.start)
            places = [(ref.id.raw, ref.id.start, ref.id.end) for ref in node_refs(statement)]
        own = OWN if isinstance(statement, NodeStatement) else OTHER
        for raw, start, end in places:
            node = number(raw)
            if node >= 0 and end > start:
                yield start, end, node, own


def _span(match: re.Match[str], group: int) -> tuple[int, int]:
    start, end = match.span(group)
    return source_offset(match.string, start), source_offset(match.string, end)
