"""The graph that DOT text means: nodes, edges, subgraphs and attributes, as Graphviz has them.

Objects are made by `dotlint.graph.builder`; nothing here changes once they are built. Attributes are worked out
when they are first asked for, because most files have many more of them than any one check looks at.
Dataclasses are not frozen and compare by identity: a file may have a million edges and each is the very thing
it stands for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct, field

from dotlint.graph.defaults import Defaults, Layer
from dotlint.graph.membership import ByNode, by_node, innermost, last_attribute, members, span_of
from dotlint.syntax.tree import Html

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import networkx as nx

    from dotlint.syntax.problem import Problem
    from dotlint.syntax.source import Source
    from dotlint.syntax.tree import (
        Attribute,
        Block,
        Comment,
        EdgeStatement,
        GraphBlock,
        Id,
        NodeStatement,
        PlainStatement,
        Statement,
        Tree,
    )

__all__ = ["Document", "Edge", "Graph", "Html", "Node", "Subgraph"]

Span = tuple[int, int]
Ports = tuple[str | None, str | None]


class Node(Struct, eq=False):
    """A node.

    `name` is unquoted, escapes as in the file; `index` counts nodes in the order of their first mention.
    """

    name: str
    graph: Graph
    index: int
    _mention: Statement | Id
    _group: int
    _defaults: Defaults
    _statements: list[NodeStatement] | None = None
    _subgraphs: list[Subgraph] | None = None
    _attributes: dict[str, str] | None = None

    def __repr__(self) -> str:
        return f"Node({self.name!r})"

    @property
    def start(self) -> int:
        """Offset where the id of the first mention starts."""
        return self.span[0]

    @property
    def end(self) -> int:
        """Offset after the id of the first mention."""
        return self.span[1]

    @property
    def span(self) -> Span:
        """Start and end of the id of the first mention, in an edge or a statement of the node's own."""
        mention = self._mention
        if self._group:
            return span_of(cast("PlainStatement", mention).match, self._group)
        spelled = cast("Id", mention)
        return spelled.start, spelled.end

    @property
    def statements(self) -> Sequence[NodeStatement]:
        """The node's own statements in order; empty where it is only mentioned in edges."""
        return self._statements or ()

    @property
    def declared(self) -> bool:
        """Whether a statement of its own names the node."""
        return self._statements is not None

    @property
    def scope(self) -> Graph | Subgraph:
        """The block in which the node is first mentioned; its node defaults are the node's."""
        return self._defaults.scope

    @property
    def subgraphs(self) -> list[Subgraph]:
        """The innermost subgraphs that hold the node, in the order of its mentions.

        Without the root graph.
        """
        return innermost(self._subgraphs or ())

    @property
    def attributes(self) -> dict[str, str]:
        """The effective attributes.

        Defaults seen at the first mention, then own statements, the last value wins.

        What is declared later (and is "" to Graphviz) is not listed. The caller must not change the
        dict.
        """
        if self._attributes is None:
            defaults = self._defaults.values()
            self._attributes = {**defaults, **self.own_attributes} if self._statements else defaults
        return self._attributes

    @property
    def own_attributes(self) -> dict[str, str]:
        """What the node's own statements set, without defaults."""
        found: dict[str, str] = {}
        for statement in self._statements or ():
            found.update(statement.values())
        return found

    def attribute(self, name: str) -> Attribute | None:
        """Return the place in the node's own statements that sets the attribute (the last one), else None."""
        return last_attribute(self._statements or (), name)

    def attribute_span(self, name: str) -> Span | None:
        """Start and end of the value that the node's own statements give the attribute, quotes included."""
        found = self.attribute(name)
        return (found.value.start, found.value.end) if found else None

    @property
    def label(self) -> str:
        r"""The effective label; a node that has none shows its name (Graphviz's default is `\N`)."""
        return self.attributes.get("label", self.name)

    @property
    def in_edges(self) -> list[Edge]:
        """The edges whose head is this node, in order; of an undirected graph those that name it second."""
        return self.graph.predecessors(self)

    @property
    def out_edges(self) -> list[Edge]:
        """The edges whose tail is this node, in order; of an undirected graph those that name it first."""
        return self.graph.successors(self)


class EdgeRest(Struct, eq=False):
    """What few edges have: ports that a chain gave, a key, and later statements with their ports."""

    ports: Ports | None = None
    key: str | None = None
    more: list[tuple[EdgeStatement, Ports]] = field(default_factory=list)


class Edge(Struct, eq=False):
    """One edge of `statement`: the `step`-th arrow of its chain, or one pair of that arrow's two sets.

    In a strict graph, or where a `key` names it, later statements may add attributes to it: `statements`
    has all.
    """

    tail: Node
    head: Node
    statement: EdgeStatement
    step: int
    index: int
    _defaults: Defaults
    _rest: EdgeRest | None = None
    _attributes: dict[str, str] | None = None

    def __repr__(self) -> str:
        return f"Edge({self.tail.name!r}, {self.head.name!r})"

    @property
    def span(self) -> Span:
        """Start and end of the text from the first end's id to the second's, ports included.

        A set is taken whole.
        """
        return self.statement.step_span(self.step)

    @property
    def start(self) -> int:
        """Offset where the first end starts."""
        return self.span[0]

    @property
    def end(self) -> int:
        """Offset after the second end."""
        return self.span[1]

    @property
    def graph(self) -> Graph:
        """The graph the edge belongs to."""
        return self.tail.graph

    @property
    def key(self) -> str | None:
        """The `key` that tells it from other edges with its ends, else None."""
        return self._rest.key if self._rest else None

    @property
    def _more(self) -> Sequence[tuple[EdgeStatement, Ports]]:
        return self._rest.more if self._rest else ()

    @property
    def scope(self) -> Graph | Subgraph:
        """The block that the statement stands in."""
        return self._defaults.scope

    @property
    def statements(self) -> list[EdgeStatement]:
        """Every statement that names this edge; one, but for strict graphs and keys."""
        return [self.statement, *(statement for statement, _ in self._more)]

    @property
    def tail_port(self) -> str | None:
        """The port at the tail (`port`, `port:compass`), else None."""
        return self.attributes.get("tailport") or None

    @property
    def head_port(self) -> str | None:
        """The port at the head, else None."""
        return self.attributes.get("headport") or None

    @property
    def attributes(self) -> dict[str, str]:
        """The effective attributes: defaults of the block, ports, then the statement's.

        The caller must not change it.
        """
        if self._attributes is None:
            own: dict[str, str] = {}
            ports = self._rest.ports if self._rest else None
            first = self.statement.ports(self.step) if ports is None else ports
            for statement, (tail, head) in ((self.statement, first), *self._more):
                if tail is not None:
                    own["tailport"] = tail
                if head is not None:
                    own["headport"] = head
                own.update(statement.values())
            own.pop("key", None)
            defaults = self._defaults.values()
            if "key" in defaults:
                defaults = {name: value for name, value in defaults.items() if name != "key"}
            self._attributes = {**defaults, **own} if own else defaults
        return self._attributes

    @property
    def own_attributes(self) -> dict[str, str]:
        """What the edge's own statements set, without defaults and ports.

        `key` is among them, but no attribute.
        """
        found: dict[str, str] = self.statement.values()
        for statement, _ in self._more:
            found.update(statement.values())
        return found

    def attribute(self, name: str) -> Attribute | None:
        """Return the place in the edge's statements that sets the attribute (the last one), else None."""
        return last_attribute(self.statements, name)

    def attribute_span(self, name: str) -> Span | None:
        """Start and end of the value that the edge's statements give the attribute, quotes included."""
        found = self.attribute(name)
        return (found.value.start, found.value.end) if found else None

    @property
    def label(self) -> str:
        """The effective label, "" where there is none."""
        return self.attributes.get("label", "")


class Subgraph(Struct, eq=False):
    """A subgraph: all blocks of one name under one parent, or one anonymous block (`name` None)."""

    name: str | None
    parent: Graph | Subgraph
    graph: Graph
    depth: int  # 1 right under the graph
    index: int
    statements: list[Block]  # each opening
    children: list[Subgraph] = field(default_factory=list)
    _inherited: Defaults | None = None
    _direct: dict[str, Node] = field(default_factory=dict)
    _nodes: dict[str, Node] | None = None
    _layer: Layer | None = None
    _node_layer: Layer | None = None
    _edge_layer: Layer | None = None

    def __repr__(self) -> str:
        return f"Subgraph({self.name!r})"

    @property
    def start(self) -> int:
        """Offset where its first block starts (at `subgraph`, or at the brace)."""
        return self.statements[0].start

    @property
    def end(self) -> int:
        """Offset after the closing brace of its first block."""
        return self.statements[0].end

    @property
    def nodes(self) -> dict[str, Node]:
        """Its nodes by name, those of its subgraphs among them, in the order in which the graph made them."""
        if self._nodes is None:
            self._nodes = {node.name: node for node in members(self)}
        return self._nodes

    @property
    def own_attributes(self) -> dict[str, str]:
        """The graph attributes that its own statements set."""
        return Defaults(self, self._layer, None).values()

    @property
    def attributes(self) -> dict[str, str]:
        """Its graph attributes: a copy of its parent's at its first opening, then its own statements."""
        return Defaults(self, self._layer, self._inherited).values()

    @property
    def is_cluster(self) -> bool:
        """Whether Graphviz draws it as a cluster: by its name, in any case, or by `cluster=true`."""
        if self.name is not None and self.name[:7].lower() == "cluster":
            return True
        return self.attributes.get("cluster", "").lower() in {"true", "yes"} or (
            self.attributes.get("cluster", "0")
            not in {
                "0",
                "",
            }
            and self.attributes["cluster"].isdigit()
        )

    @property
    def label(self) -> str:
        """The effective label, "" where there is none.

        A subgraph inherits a label that its parent had at its opening.
        """
        return self.attributes.get("label", "")

    @property
    def ancestors(self) -> Iterator[Subgraph]:
        """The subgraphs around it, innermost first; without the root graph."""
        walk = self.parent
        while isinstance(walk, Subgraph):
            yield walk
            walk = walk.parent


class Graph(Struct, eq=False):
    """One graph of a file.

    `edges` are in the order of their statements; over-long products are left out (`over_limit`).
    """

    name: str | None
    directed: bool
    strict: bool
    index: int
    statement: GraphBlock
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    subgraphs: list[Subgraph] = field(default_factory=list)  # all of them, in the order of their first opening
    children: list[Subgraph] = field(default_factory=list)
    over_limit: list[EdgeStatement] = field(default_factory=list)
    _layer: Layer | None = None
    _node_layer: Layer | None = None
    _edge_layer: Layer | None = None
    _out: ByNode | None = None
    _in: ByNode | None = None

    def __repr__(self) -> str:
        return f"Graph({self.name!r}, nodes={len(self.nodes)}, edges={len(self.edges)})"

    @property
    def start(self) -> int:
        """Offset where the header starts."""
        return self.statement.start

    @property
    def end(self) -> int:
        """Offset after the closing brace."""
        return self.statement.end

    @property
    def header(self) -> Span:
        """Start and end of `strict digraph name`, without the brace."""
        return self.statement.header

    @property
    def expansion_limited(self) -> bool:
        """Whether a product of sets was too large to write out, so that the edges are not all known."""
        return bool(self.over_limit)

    @property
    def attributes(self) -> dict[str, str]:
        """The graph's own attributes, the last value of each."""
        return Defaults(self, self._layer, None).values()

    @property
    def node_defaults(self) -> dict[str, str]:
        """The node defaults of the root at its end."""
        return Defaults(self, self._node_layer, None).values()

    @property
    def edge_defaults(self) -> dict[str, str]:
        """The edge defaults of the root at its end; `key` is never one."""
        found = Defaults(self, self._edge_layer, None).values()
        return {name: value for name, value in found.items() if name != "key"}

    @property
    def label(self) -> str:
        """The graph's label, "" where there is none."""
        return self.attributes.get("label", "")

    def successors(self, node: Node) -> list[Edge]:
        """Return the edges that leave the node, in order (of an undirected graph: that name it first)."""
        if self._out is None:
            self._out = by_node(self.edges, [edge.tail.index for edge in self.edges], len(self.nodes))
        edges, starts = self._out
        return edges[starts[node.index] : starts[node.index + 1]]

    def predecessors(self, node: Node) -> list[Edge]:
        """Return the edges that enter the node, in order (of an undirected graph: that name it second)."""
        if self._in is None:
            self._in = by_node(self.edges, [edge.head.index for edge in self.edges], len(self.nodes))
        edges, starts = self._in
        return edges[starts[node.index] : starts[node.index + 1]]

    def out_degree(self, node: Node) -> int:
        """Count the edges that leave the node."""
        return len(self.successors(node))

    def in_degree(self, node: Node) -> int:
        """Count the edges that enter the node."""
        return len(self.predecessors(node))


class Document(Struct, eq=False):
    """A file as read: its text, its lossless tree, its graphs and what is wrong with its syntax."""

    tree: Tree
    graphs: list[Graph]

    def __repr__(self) -> str:
        return f"Document({self.graphs!r})"

    @property
    def source(self) -> Source:
        """Where the text comes from."""
        return self.tree.source

    @property
    def text(self) -> str:
        """The whole text, as decoded, without a leading byte order mark."""
        return self.tree.source.text

    @property
    def problems(self) -> list[Problem]:
        """What stands in the way of Graphviz reading the file, in the order of the text."""
        return self.tree.problems

    @property
    def errors(self) -> list[Problem]:
        """The same as `problems`, by the name that the library promises."""
        return self.problems

    @property
    def comments(self) -> list[Comment]:
        """Every comment of the file, in order."""
        return self.tree.comments

    @property
    def node_count(self) -> int:
        """The nodes of all graphs."""
        return sum(len(graph.nodes) for graph in self.graphs)

    @property
    def edge_count(self) -> int | None:
        """The edges of all graphs; None where a product of sets was too large to write out."""
        if any(graph.expansion_limited for graph in self.graphs):
            return None
        return sum(len(graph.edges) for graph in self.graphs)

    def to_networkx(self) -> nx.MultiGraph[str] | nx.MultiDiGraph[str]:
        """Return the first graph as networkx knows graphs; raises `DotlintError` where there is none."""
        from dotlint.graph.views import first, to_networkx  # noqa: PLC0415  # few need it, and networkx is slow to load

        return to_networkx(first(self))

    def to_pydot(self) -> Any:  # noqa: ANN401  # pydot has no types
        """Return the first graph as a `pydot.Dot`, subgraphs and defaults kept.

        Raises `DotlintError` where there is none.
        """
        from dotlint.graph.views import first, to_pydot  # noqa: PLC0415

        return to_pydot(first(self))
