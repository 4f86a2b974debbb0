"""The graph that a DOT text defines: nodes, edges, subgraphs and attributes, as Graphviz has them.

Objects are created by `dotlint.graph.builder` and do not change afterward. Attributes are resolved at first use,
because most files have many more of them than any check reads. The structs are not frozen and compare by identity: a
file may have a million edges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from msgspec import Struct, field

from dotlint.graph.attributes import with_own
from dotlint.graph.defaults import Defaults, DefaultsLayer
from dotlint.graph.membership import by_node, innermost, last_attribute, members, span_of
from dotlint.syntax.tree import Html
from dotlint.text.display import short_repr

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator, Mapping, Sequence

    from dotlint.syntax.tree import (
        Attribute,
        Block,
        EdgeStatement,
        GraphBlock,
        Id,
        NodeStatement,
        PlainStatement,
        Statement,
    )

__all__ = ["Edge", "Graph", "Html", "Node", "Subgraph"]

Span = tuple[int, int]
Ports = tuple[str | None, str | None]


class Node(Struct, eq=False):
    """A node.

    `name` is unquoted, with escapes as in the file; `index` is 0-based in order of first mention.
    """

    name: str
    graph: Graph
    index: int
    _mention: Statement | Id
    _group: int
    _defaults: Defaults[Graph | Subgraph]
    _statements: list[NodeStatement] | None = None
    _subgraphs: list[Subgraph] | None = None
    _attributes: Mapping[str, str] | None = None

    def __repr__(self) -> str:
        return f"Node({short_repr(self.name)})"

    @property
    def start(self) -> int:
        """The offset of the id in the first mention."""
        return self.span[0]

    @property
    def end(self) -> int:
        """The offset after the id in the first mention."""
        return self.span[1]

    @property
    def span(self) -> Span:
        """The span of the id in the first mention, in an edge or in a node statement."""
        mention = self._mention
        if self._group:
            return span_of(cast("PlainStatement", mention).match, self._group)
        spelled = cast("Id", mention)
        return spelled.start, spelled.end

    @property
    def statements(self) -> Sequence[NodeStatement]:
        """The node statements of the node, in order; empty if only edges mention it."""
        return self._statements or ()

    @property
    def declared(self) -> bool:
        """Whether a node statement names the node."""
        return self._statements is not None

    @property
    def scope(self) -> Graph | Subgraph:
        """The block of the first mention, whose node defaults apply."""
        return self._defaults.scope

    @property
    def subgraphs(self) -> list[Subgraph]:
        """The innermost subgraphs that contain the node, in order of its mentions.

        The root graph is not included.
        """
        return innermost(self._subgraphs or ())

    @property
    def attributes(self) -> Mapping[str, str]:
        """The effective attributes.

        Defaults in effect at the first mention are overridden by own statements, the last value wins. Attributes that
        are declared later (and are "" in Graphviz) are not included. The caller must not change the mapping.
        """
        if self._attributes is None:
            defaults = self._defaults.values()
            self._attributes = with_own(defaults, self.own_attributes) if self._statements else defaults
        return self._attributes

    @property
    def own_attributes(self) -> dict[str, str]:
        """The attributes that its own statements set, without defaults."""
        found: dict[str, str] = {}
        for statement in self._statements or ():
            found.update(statement.values())
        return found

    def attribute(self, name: str) -> Attribute | None:
        """Return the last setting of the attribute in its own statements, or None."""
        return last_attribute(self._statements or (), name)

    def attribute_span(self, name: str) -> Span | None:
        """Return the span of the value that its own statements give the attribute, quotes included, or None."""
        found = self.attribute(name)
        return (found.value.start, found.value.end) if found else None

    @property
    def label(self) -> str:
        r"""The effective label, or the name (the default of Graphviz is `\N`)."""
        return self.attributes.get("label", self.name)

    @property
    def in_edges(self) -> list[Edge]:
        """The edges whose head is this node, in order; in an undirected graph those that name it second."""
        return self.graph.predecessors(self)

    @property
    def out_edges(self) -> list[Edge]:
        """The edges whose tail is this node, in order; in an undirected graph those that name it first."""
        return self.graph.successors(self)


class EdgeRest(Struct, eq=False):
    """What few edges have: ports from a chain, a key, and later statements with their ports."""

    ports: Ports | None = None
    key: str | None = None
    more: list[tuple[EdgeStatement, Ports]] = field(default_factory=list)


class Edge(Struct, eq=False):
    """One edge of `statement`: of the `step`-th operator (0-based) of its chain, one pair of the two sides.

    In a strict graph, or with a `key`, later statements may extend the edge: `statements` has all of them.
    """

    tail: Node
    head: Node
    statement: EdgeStatement
    step: int
    index: int
    _defaults: Defaults[Graph | Subgraph]
    _rest: EdgeRest | None = None
    _attributes: Mapping[str, str] | None = None

    def __repr__(self) -> str:
        return f"Edge({short_repr(self.tail.name)}, {short_repr(self.head.name)})"

    @property
    def span(self) -> Span:
        """The span from the id of the first end to that of the second, ports included.

        A block as a side is included as a whole.
        """
        return self.statement.step_span(self.step)

    @property
    def start(self) -> int:
        """The offset of the first end."""
        return self.span[0]

    @property
    def end(self) -> int:
        """The offset after the second end."""
        return self.span[1]

    @property
    def graph(self) -> Graph:
        """The graph the edge belongs to."""
        return self.tail.graph

    @property
    def key(self) -> str | None:
        """The `key` that distinguishes it from other edges between its ends, or None."""
        return self._rest.key if self._rest else None

    @property
    def _more(self) -> Sequence[tuple[EdgeStatement, Ports]]:
        return self._rest.more if self._rest else ()

    @property
    def scope(self) -> Graph | Subgraph:
        """The block that contains the statement."""
        return self._defaults.scope

    @property
    def statements(self) -> list[EdgeStatement]:
        """Every statement that names this edge; several only in strict graphs and with keys."""
        return [self.statement, *(statement for statement, _ in self._more)]

    @property
    def tail_port(self) -> str | None:
        """The port at the tail (`port`, `port:compass`), or None."""
        return self.attributes.get("tailport") or None

    @property
    def head_port(self) -> str | None:
        """The port at the head, or None."""
        return self.attributes.get("headport") or None

    @property
    def attributes(self) -> Mapping[str, str]:
        """The effective attributes: defaults of the block, overridden by ports and its own statements.

        The caller must not change the mapping.
        """
        if self._attributes is None:
            own: dict[str, str] = {}
            if self._rest is not None or not self.statement.bare:
                ports = self._rest.ports if self._rest else None
                first = self.statement.ports(self.step) if ports is None else ports
                for statement, (tail, head) in ((self.statement, first), *self._more):
                    if tail is not None:
                        own["tailport"] = tail
                    if head is not None:
                        own["headport"] = head
                    own.update(statement.values())
                own.pop("key", None)
            self._attributes = with_own(self._defaults.values(), own)
        return self._attributes

    @property
    def own_attributes(self) -> dict[str, str]:
        """The attributes that its own statements set, without defaults and ports.

        `key` is included although it is not an attribute.
        """
        found: dict[str, str] = self.statement.values()
        for statement, _ in self._more:
            found.update(statement.values())
        return found

    def attribute(self, name: str) -> Attribute | None:
        """Return the last setting of the attribute in its own statements, or None."""
        return last_attribute(self.statements, name)

    def attribute_span(self, name: str) -> Span | None:
        """Return the span of the value that its own statements give the attribute, quotes included, or None."""
        found = self.attribute(name)
        return (found.value.start, found.value.end) if found else None

    @property
    def label(self) -> str:
        """The effective label, or ""."""
        return self.attributes.get("label", "")


class Subgraph(Struct, eq=False):
    """A subgraph: all blocks of one name under one parent, or one anonymous block (`name` None)."""

    name: str | None
    parent: Graph | Subgraph
    graph: Graph
    depth: int  # 1 directly in the graph
    index: int
    statements: list[Block]  # its blocks
    children: list[Subgraph] = field(default_factory=list)
    _inherited: Defaults[Graph | Subgraph] | None = None
    _direct: dict[str, Node] = field(default_factory=dict)
    _nodes: dict[str, Node] | None = None
    _layer: DefaultsLayer | None = None
    _node_layer: DefaultsLayer | None = None
    _edge_layer: DefaultsLayer | None = None
    _attributes: Mapping[str, str] | None = None

    def __repr__(self) -> str:
        return f"Subgraph({short_repr(self.name)})"

    @property
    def start(self) -> int:
        """The offset of its first block (of `subgraph`, or of the brace)."""
        return self.statements[0].start

    @property
    def end(self) -> int:
        """The offset after the closing brace of its first block."""
        return self.statements[0].end

    @property
    def nodes(self) -> dict[str, Node]:
        """Its nodes by name, including those of its subgraphs, in order of creation."""
        if self._nodes is None:
            self._nodes = {node.name: node for node in members(self)}
        return self._nodes

    @property
    def own_attributes(self) -> Mapping[str, str]:
        """The graph attributes that its own statements set."""
        return self._layer.values() if self._layer else {}

    @property
    def attributes(self) -> Mapping[str, str]:
        """Its graph attributes: those of its parent when it was first opened, overridden by its own statements."""
        if self._attributes is None:
            self._attributes = Defaults(self, self._layer, self._inherited).values()
        return self._attributes

    @property
    def is_cluster(self) -> bool:
        """Whether Graphviz draws it as a cluster: by its name, in any case, or by `cluster=true`."""
        if self.name is not None and self.name[:7].lower() == "cluster":
            return True
        set_to = self.attributes.get("cluster", "")
        return set_to.lower() in {"true", "yes"} or (set_to.isdigit() and set_to != "0")

    @property
    def label(self) -> str:
        """The effective label, or "".

        A subgraph inherits the label that its parent had when it was opened.
        """
        return self.attributes.get("label", "")

    @property
    def ancestors(self) -> Iterator[Subgraph]:
        """The subgraphs around it, innermost first, without the root graph."""
        walk = self.parent
        while isinstance(walk, Subgraph):
            yield walk
            walk = walk.parent


class Graph(Struct, eq=False):
    """One graph of a file.

    `edges` are in the order of their statements; statements with too many edges are in `over_limit` instead.
    """

    name: str | None
    directed: bool
    strict: bool
    index: int
    statement: GraphBlock
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    subgraphs: list[Subgraph] = field(default_factory=list)  # all, in the order of their first block
    children: list[Subgraph] = field(default_factory=list)
    over_limit: list[EdgeStatement] = field(default_factory=list)
    _layer: DefaultsLayer | None = None
    _node_layer: DefaultsLayer | None = None
    _edge_layer: DefaultsLayer | None = None
    _out: tuple[list[Edge], array[int]] | None = None
    _in: tuple[list[Edge], array[int]] | None = None

    def __repr__(self) -> str:
        return f"Graph({short_repr(self.name)}, nodes={len(self.nodes)}, edges={len(self.edges)})"

    @property
    def start(self) -> int:
        """The offset of the header."""
        return self.statement.start

    @property
    def end(self) -> int:
        """The offset after the closing brace."""
        return self.statement.end

    @property
    def header(self) -> Span:
        """The span of `strict digraph name`, without the brace."""
        return self.statement.header

    @property
    def expansion_limited(self) -> bool:
        """Whether a statement has too many edges to expand, so that not all edges are known."""
        return bool(self.over_limit)

    @property
    def attributes(self) -> Mapping[str, str]:
        """The attributes of the graph; the last value wins."""
        return Defaults(self, self._layer, None).values()

    @property
    def node_defaults(self) -> Mapping[str, str]:
        """The node defaults of the root at its end."""
        return Defaults(self, self._node_layer, None).values()

    @property
    def edge_defaults(self) -> Mapping[str, str]:
        """The edge defaults of the root at its end, without `key`."""
        return Defaults(self, self._edge_layer, None).values()

    @property
    def label(self) -> str:
        """The label of the graph, or ""."""
        return self.attributes.get("label", "")

    def successors(self, node: Node) -> list[Edge]:
        """Return the edges that leave the node, in order (in an undirected graph: that name it first)."""
        if self._out is None:
            self._out = by_node(self.edges, [edge.tail.index for edge in self.edges], len(self.nodes))
        edges, starts = self._out
        return edges[starts[node.index] : starts[node.index + 1]]

    def predecessors(self, node: Node) -> list[Edge]:
        """Return the edges that enter the node, in order (in an undirected graph: that name it second)."""
        if self._in is None:
            self._in = by_node(self.edges, [edge.head.index for edge in self.edges], len(self.nodes))
        edges, starts = self._in
        return edges[starts[node.index] : starts[node.index + 1]]

    def out_degree(self, node: Node) -> int:
        """Return the number of edges that leave the node."""
        return len(self.successors(node))

    def in_degree(self, node: Node) -> int:
        """Return the number of edges that enter the node."""
        return len(self.predecessors(node))
