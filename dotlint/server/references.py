"""The mentions of nodes in a text, for definitions, references and renaming."""

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

OWN, OTHER = 0, 1  # whether the mention is in a node statement


class Mention(Struct, frozen=True):
    """One mention of a node: the span of its id, and whether it is in a node statement (`own`)."""

    node: int
    start: int
    end: int
    own: bool


class Mentions(Struct):
    """All mentions in a text, in order, and the `names` of the nodes by number.

    The nodes of all graphs are numbered consecutively; `graphs` has the first number of each graph. `statements` are the
    start offsets of statements. The fields are arrays, since a text may have a million mentions.
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
        """Return the mention at an offset or directly before it; None if there is none."""
        index = bisect_right(self.starts, offset) - 1
        return self._mention(index) if index >= 0 and offset <= self.ends[index] else None

    def of(self, node: int) -> Iterator[Mention]:
        """Yield the mentions of a node, in order."""
        return (self._mention(index) for index, number in enumerate(self.nodes) if number == node)

    def home(self, node: int) -> Mention | None:
        """Return the mention that declares a node: in its first node statement, otherwise its first mention."""
        first = None
        for mention in self.of(node):
            if mention.own:
                return mention
            first = first or mention
        return first

    def siblings(self, node: int) -> range:
        """Return the numbers of all nodes of the graph that contains a node."""
        graph = bisect_right(self.graphs, node) - 1
        end = self.graphs[graph + 1] if graph + 1 < len(self.graphs) else len(self.names)
        return range(self.graphs[graph], end)

    def node_named(self, name: str) -> int | None:
        """Return the first node with a name, or None."""
        try:
            return self.names.index(name)
        except ValueError:
            return None

    def statement_before(self, offset: int, back: int = 0) -> int:
        """Return the start of the last statement at or before an offset, or of the one `back` statements earlier; 0 if none."""
        index = bisect_right(self.statements, offset) - 1 - back
        return self.statements[index] if index >= 0 else 0

    def _mention(self, index: int) -> Mention:
        return Mention(self.nodes[index], self.starts[index], self.ends[index], self.owns[index] == OWN)


def read_mentions(document: Document) -> Mentions:
    """Collect the mentions of a document; of an incomplete one, those in the parsed parts."""
    graphs, first = [], 0
    names: list[str] = []
    for graph in document.graphs:
        graphs.append(first)
        names += graph.nodes
        first = len(names)
    found = Mentions(names, graphs)
    collected: list[tuple[int, int, int, int]] = []
    for graph, base in zip(document.graphs, graphs, strict=True):
        collected += _graph_mentions(graph, base, found.statements)
    collected.sort()
    for start, end, node, own in collected:
        found.starts.append(start)
        found.ends.append(end)
        found.nodes.append(node)
        found.owns.append(own)
    if any(before > after for before, after in zip(found.statements, found.statements[1:], strict=False)):
        found.statements = array("Q", sorted(found.statements))
    return found


def _graph_mentions(graph: Graph, base: int, starts: array[int]) -> Iterator[tuple[int, int, int, int]]:
    spelled: dict[str, int] = {}

    def number(raw: str) -> int:
        known = spelled.get(raw)
        if known is None:
            node = graph.nodes.get(decode(raw))
            known = spelled[raw] = -1 if node is None else base + node.index
        return known

    for statement in walk_statements([graph.statement.body]):
        if isinstance(statement, PlainNode | PlainEdge):
            match = statement.match  # read once, since each access computes it
            starts.append(source_offset(match.string, match.start(1)))
            ids = [(statement.first, *_group_span(match, 1))]
            if isinstance(statement, PlainEdge):
                ids.append((statement.second, *_group_span(match, 3)))
        else:
            starts.append(statement.start)
            ids = [(ref.id.raw, ref.id.start, ref.id.end) for ref in node_refs(statement)]
        own = OWN if isinstance(statement, NodeStatement) else OTHER
        for raw, start, end in ids:
            node = number(raw)
            if node >= 0 and end > start:
                yield start, end, node, own


def _group_span(match: re.Match[str], group: int) -> tuple[int, int]:
    start, end = match.span(group)
    return source_offset(match.string, start), source_offset(match.string, end)
