"""Build the graph that Graphviz builds from a syntax tree.

Follows lib/cgraph/grammar.y and edge.c, as of Graphviz 13 and later.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from dotlint.graph.defaults import Defaults, DefaultsLayer
from dotlint.graph.document import Document
from dotlint.graph.membership import members
from dotlint.graph.model import Edge, EdgeRest, Graph, Node, Ports, Subgraph
from dotlint.syntax.reader import parse
from dotlint.syntax.source import Source
from dotlint.syntax.tree import (
    Assignment,
    Block,
    Chain,
    DefaultsStatement,
    NodeList,
    PlainEdge,
    PlainNode,
    blocks,
    decode,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.syntax.tree import EdgeStatement, Id, NodeRef, Statement, Tree

EDGE_LIMIT = 250_000
# All set products of a graph together may visit or create this many times the limit, so that no text takes
# quadratic time.
ALL_PRODUCTS = 8

Scope = Graph | Subgraph
Ends = list[tuple[Node, str | None]]  # nodes with their ports
Walk = Generator["Walk", None, None]
NO_PORTS = EdgeRest((None, None))  # shared by the edges of chains, never modified


def read(source: Source | str | bytes, *, edge_limit: int = EDGE_LIMIT) -> Document:
    """Parse a text and build its graphs. Never fails for any text; see `Document.problems`."""
    if isinstance(source, str):
        source = Source.from_text(source)
    elif isinstance(source, bytes):
        source = Source.from_bytes(source)
    with _no_collection():
        return build(parse(source), edge_limit=edge_limit)


def build(tree: Tree, *, edge_limit: int = EDGE_LIMIT) -> Document:
    """Build the graphs of a tree.

    A statement that defines more than `edge_limit` edges is recorded in `over_limit` and not expanded.
    """
    graphs: list[Graph] = []
    for statement in tree.graphs:
        name = statement.id.value if statement.id else None
        graph = Graph(name, statement.directed, statement.strict is not None, len(graphs), statement)
        _Builder(graph, edge_limit).run()
        graphs.append(graph)
    return Document(tree, graphs)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Disable the cyclic garbage collector.

    Millions of small objects are created here, and none of them becomes garbage.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Builder:
    """A graph under construction; it sets the private attributes of the model."""

    # ruff: noqa: SLF001

    def __init__(self, graph: Graph, edge_limit: int) -> None:
        self.graph = graph
        self.edge_limit = edge_limit
        self.budget = ALL_PRODUCTS * edge_limit
        self.spelled: dict[str, Node] = {}  # nodes by spelling, so that most mentions need no decoding
        self.named_subgraphs: dict[tuple[Scope, str], Subgraph] = {}
        self.strict_edges: dict[tuple[Node, Node], Edge] = {}  # of strict graphs
        self.keyed_edges: dict[tuple[Node, Node, str], Edge] = {}

    def run(self) -> None:
        """Read the whole body.

        Nested bodies are a stack of generators, because texts may nest deeper than Python recurses.
        """
        stack = [self.body(self.graph.statement.body, self.graph, None, None)]
        while stack:
            inner = next(stack[-1], None)
            if inner is None:
                stack.pop()
            else:
                stack.append(inner)

    def body(
        self, statements: list[Statement], scope: Scope, nodes: Defaults[Scope] | None, edges: Defaults[Scope] | None
    ) -> Walk:
        """Read one body; `nodes` and `edges` are the defaults around it.

        Yields each nested body, which the caller reads before it resumes this one.
        """
        graph = self.graph
        spelled, made = self.spelled, graph.edges
        is_root, simple = scope is graph, not graph.strict
        node_defaults = Defaults(scope, scope._node_layer, nodes)
        edge_defaults = Defaults(scope, scope._edge_layer, edges)
        for statement in statements:
            kind = type(statement)
            if kind is PlainEdge:
                first, second = statement.first, statement.second  # type: ignore[attr-defined]
                tail, head = spelled.get(first), spelled.get(second)
                if tail is None or head is None or not is_root:
                    tail = self.mention(first, statement, 1, node_defaults)
                    head = self.mention(second, statement, 3, node_defaults)
                if simple and (statement.bare or "key" not in statement.values()):  # type: ignore[attr-defined]
                    made.append(Edge(tail, head, statement, 0, len(made), edge_defaults))  # type: ignore[arg-type]
                else:
                    self.join((tail, head), statement, 0, edge_defaults, None)  # type: ignore[arg-type]
            elif kind is PlainNode:
                self.declare(self.mention(statement.first, statement, 1, node_defaults), statement)  # type: ignore[attr-defined]
            elif isinstance(statement, DefaultsStatement):
                if statement.target == "node":
                    scope._node_layer = DefaultsLayer(statement, scope._node_layer)
                    node_defaults = Defaults(scope, scope._node_layer, nodes)
                elif statement.target == "edge":
                    scope._edge_layer = DefaultsLayer(statement, scope._edge_layer)
                    edge_defaults = Defaults(scope, scope._edge_layer, edges)
                else:
                    scope._layer = DefaultsLayer(statement, scope._layer)
            elif isinstance(statement, Assignment):
                scope._layer = DefaultsLayer(statement, scope._layer)
            elif isinstance(statement, Block):
                yield self.body(statement.body, self.open(statement, scope), node_defaults, edge_defaults)
            elif isinstance(statement, NodeList):
                for ref in statement.nodes:
                    self.declare(self.refer(ref, node_defaults), statement)
            elif isinstance(statement, Chain):
                if not blocks(statement):  # one end after the other: all at once would take as much memory as the edges
                    named = cast("list[list[NodeRef]]", statement.sides)
                    ends = (self.ends(side, node_defaults) for side in named)
                    self.connect(statement, ends, [len(side) for side in named], edge_defaults)
                    continue
                sides: list[Ends | Subgraph] = []
                for side in statement.sides:
                    if isinstance(side, Block):
                        subgraph = self.open(side, scope)
                        yield self.body(side.body, subgraph, node_defaults, edge_defaults)
                        sides.append(subgraph)
                    else:
                        sides.append(self.ends(side, node_defaults))
                self.connect_sets(statement, sides, edge_defaults)

    def open(self, block: Block, scope: Scope) -> Subgraph:
        """Return the subgraph of a block: a new one, or the one of the same name under the same parent."""
        name = block.id.value if block.id else None
        if name is not None:
            known = self.named_subgraphs.get((scope, name))
            if known is not None:
                known.statements.append(block)
                return known
        depth = scope.depth + 1 if isinstance(scope, Subgraph) else 1
        subgraph = Subgraph(name, scope, self.graph, depth, len(self.graph.subgraphs), [block])
        subgraph._inherited = Defaults(scope, scope._layer, scope._inherited if isinstance(scope, Subgraph) else None)
        scope.children.append(subgraph)
        self.graph.subgraphs.append(subgraph)
        if name is not None:
            self.named_subgraphs[scope, name] = subgraph
        return subgraph

    def mention(self, raw: str, site: Statement | Id, group: int, defaults: Defaults[Scope]) -> Node:
        """Return the node spelled `raw`, created at its first mention, and add it to the block."""
        node = self.spelled.get(raw)
        if node is None:
            nodes = self.graph.nodes
            name = decode(raw)
            node = nodes.get(name)
            if node is None:
                node = nodes[name] = Node(name, self.graph, len(nodes), site, group, defaults)
            self.spelled[raw] = node
        scope = defaults.scope
        if isinstance(scope, Subgraph) and node.name not in scope._direct:
            scope._direct[node.name] = node
            if node._subgraphs is None:
                node._subgraphs = [scope]
            else:
                node._subgraphs.append(scope)
        return node

    def refer(self, ref: NodeRef, defaults: Defaults[Scope]) -> Node:
        """Return the node of a reference, as `mention` does."""
        return self.mention(ref.id.raw, ref.id, 0, defaults)

    def declare(self, node: Node, statement: Any) -> None:  # noqa: ANN401  # a NodeStatement
        """Record a statement of the node itself."""
        if node._statements is None:
            node._statements = [statement]
        else:
            node._statements.append(statement)

    def ends(self, side: list[NodeRef], defaults: Defaults[Scope]) -> Ends:
        """Return the nodes of a side with their ports."""
        return [(self.refer(ref, defaults), ref.port) for ref in side]

    def connect_sets(self, statement: Chain, sides: list[Ends | Subgraph], defaults: Defaults[Scope]) -> None:
        """Create the edges of a chain that has subgraphs as sides."""
        if self.budget < 0:
            self.graph.over_limit.append(statement)
            return
        self.budget -= sum(subgraph_size(side) for side in sides if isinstance(side, Subgraph))
        ends: list[Ends] = [
            [(node, None) for node in members(side)] if isinstance(side, Subgraph) else side for side in sides
        ]
        self.connect(statement, ends, [len(side) for side in ends], defaults)

    def connect(self, statement: Chain, ends: Iterable[Ends], sizes: list[int], defaults: Defaults[Scope]) -> None:
        """Create the edges of a chain: for each pair of adjacent sides, every node with every node."""
        count = sum(tails * heads for tails, heads in pairwise(sizes))
        if count >= len(sizes):
            self.budget -= count
            if count - len(sizes) > self.edge_limit or self.budget < 0:
                self.graph.over_limit.append(statement)
                deque(ends, maxlen=0)  # its nodes exist nevertheless
                return
        plain = not self.graph.strict and "key" not in statement.values()
        made = self.graph.edges
        for step, (tails, heads) in enumerate(pairwise(ends)):
            for tail, tail_port in tails:
                for head, head_port in heads:
                    rest = EdgeRest((tail_port, head_port)) if tail_port or head_port else NO_PORTS
                    if plain:
                        made.append(Edge(tail, head, statement, step, len(made), defaults, rest))
                    else:
                        self.join((tail, head), statement, step, defaults, rest.ports)

    def join(
        self,
        ends: tuple[Node, Node],
        statement: EdgeStatement,
        step: int,
        defaults: Defaults[Scope],
        ports: Ports | None,
    ) -> None:
        """Create an edge, or extend an existing one if the graph is strict or a key matches (cgraph's `agedge`)."""
        tail, head = ends
        key = statement.values().get("key")
        strict, undirected = self.graph.strict, not self.graph.directed
        found = None
        if key is not None:
            found = self.keyed_edges.get((tail, head, key))
            if found is None and undirected:
                found = self.keyed_edges.get((head, tail, key))
        elif strict:
            found = self.strict_edges.get((tail, head))
            if found is None and undirected:
                found = self.strict_edges.get((head, tail))
        if found is not None:
            new = statement.ports(step) if ports is None else ports
            if found.tail is not tail:
                new = (new[1], new[0])
            if found._rest is None or found._rest is NO_PORTS:
                found._rest = EdgeRest(None if found._rest is None else found._rest.ports)
            found._rest.more.append((statement, new))
            return
        if strict and (tail, head) in self.strict_edges:
            return  # a second key: the edge is dropped with its attributes
        rest = EdgeRest(ports, key or None) if ports is not None or key else None
        edge = Edge(tail, head, statement, step, len(self.graph.edges), defaults, rest)
        self.graph.edges.append(edge)
        if strict:
            self.strict_edges.setdefault((tail, head), edge)
        if key is not None:
            self.keyed_edges[tail, head, key] = edge


def subgraph_size(subgraph: Subgraph) -> int:
    """Return the number of subgraphs and nodes visited to collect the nodes of a subgraph."""
    found, todo = 0, [subgraph]
    while todo:
        one = todo.pop()
        found += 1 + len(one._direct)
        todo.extend(one.children)
    return found
