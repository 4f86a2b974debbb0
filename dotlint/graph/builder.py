"""From the syntax tree to the graph that Graphviz makes of it.

Follows lib/cgraph/grammar.y and edge.c, as of Graphviz 13 and later.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dotlint.graph.defaults import Defaults, Layer
from dotlint.graph.membership import members
from dotlint.graph.model import Document, Edge, EdgeRest, Graph, Node, Ports, Subgraph
from dotlint.syntax.reader import parse
from dotlint.syntax.source import Source
from dotlint.syntax.tree import Assignment, Block, Chain, DefaultsStatement, NodeList, PlainEdge, PlainNode, decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.syntax.tree import EdgeStatement, Id, NodeRef, Statement, Tree

EDGE_LIMIT = 250_000
# How many times the limit all set products of a graph together may visit or make, so that no text takes
# quadratic time.
ALL_PRODUCTS = 8

Scope = Graph | Subgraph
Walk = Generator["Walk", None, None]
NO_PORTS = EdgeRest((None, None))  # shared by the edges of chains, and never written to


def read(source: Source | str | bytes, *, edge_limit: int = EDGE_LIMIT) -> Document:
    """Parse and build: a file's text to its graphs. Never fails for any text; see `Document.problems`."""
    if isinstance(source, str):
        source = Source.from_text(source)
    elif isinstance(source, bytes):
        source = Source.from_bytes(source)
    with _no_collection():
        return build(parse(source), edge_limit=edge_limit)


def build(tree: Tree, *, edge_limit: int = EDGE_LIMIT) -> Document:
    """Make the graphs of a tree.

    A statement that means more than `edge_limit` edges is noted and not written out.
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
    """Hold the cyclic garbage collector off.

    Millions of small objects are made here, none of them garbage.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Builder:
    """One graph under construction. Its private attributes and those of the model are one thing."""

    # ruff: noqa: SLF001

    def __init__(self, graph: Graph, edge_limit: int) -> None:
        self.graph = graph
        self.edge_limit = edge_limit
        self.allowance = ALL_PRODUCTS * edge_limit
        self.spelled: dict[str, Node] = {}  # by the id as spelled: most mentions need no decoding
        self.named: dict[tuple[Scope, str], Subgraph] = {}
        self.joined: dict[tuple[Node, Node], Edge] = {}  # of a strict graph
        self.keyed: dict[tuple[Node, Node, str], Edge] = {}

    def run(self) -> None:
        """Read the whole body.

        Bodies within bodies are a stack of generators, since they nest as deep as the text likes.
        """
        stack = [self.body(self.graph.statement.body, self.graph, None, None)]
        while stack:
            inner = next(stack[-1], None)
            if inner is None:
                stack.pop()
            else:
                stack.append(inner)

    def body(self, statements: list[Statement], scope: Scope, nodes: Defaults | None, edges: Defaults | None) -> Walk:
        """Read one body; `nodes` and `edges` are the defaults around it.

        Gives each body within it, to be read there.
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
                    scope._node_layer = Layer(statement, scope._node_layer)
                    node_defaults = Defaults(scope, scope._node_layer, nodes)
                elif statement.target == "edge":
                    scope._edge_layer = Layer(statement, scope._edge_layer)
                    edge_defaults = Defaults(scope, scope._edge_layer, edges)
                else:
                    scope._layer = Layer(statement, scope._layer)
            elif isinstance(statement, Assignment):
                scope._layer = Layer(statement, scope._layer)
            elif isinstance(statement, Block):
                yield self.body(statement.body, self.open(statement, scope), node_defaults, edge_defaults)
            elif isinstance(statement, NodeList):
                for ref in statement.nodes:
                    self.declare(self.refer(ref, node_defaults), statement)
            elif isinstance(statement, Chain):
                sides: list[list[tuple[Node, str | None]] | Subgraph] = []
                for side in statement.sides:
                    if isinstance(side, Block):
                        subgraph = self.open(side, scope)
                        yield self.body(side.body, subgraph, node_defaults, edge_defaults)
                        sides.append(subgraph)
                    else:
                        sides.append([(self.refer(ref, node_defaults), ref.port) for ref in side])
                self.connect(statement, sides, edge_defaults)

    def open(self, block: Block, scope: Scope) -> Subgraph:
        """Return the subgraph that a block opens: a new one, or the one of its name under the same parent."""
        name = block.id.value if block.id else None
        if name is not None:
            known = self.named.get((scope, name))
            if known is not None:
                known.statements.append(block)
                return known
        depth = scope.depth + 1 if isinstance(scope, Subgraph) else 1
        subgraph = Subgraph(name, scope, self.graph, depth, len(self.graph.subgraphs), [block])
        subgraph._inherited = Defaults(scope, scope._layer, scope._inherited if isinstance(scope, Subgraph) else None)
        scope.children.append(subgraph)
        self.graph.subgraphs.append(subgraph)
        if name is not None:
            self.named[scope, name] = subgraph
        return subgraph

    def mention(self, raw: str, place: Statement | Id, group: int, defaults: Defaults) -> Node:
        """Return the node spelled `raw`, made if this is its first mention, and put it into the block."""
        node = self.spelled.get(raw)
        if node is None:
            nodes = self.graph.nodes
            name = decode(raw)
            node = nodes.get(name)
            if node is None:
                node = nodes[name] = Node(name, self.graph, len(nodes), place, group, defaults)
            self.spelled[raw] = node
        scope = defaults.scope
        if isinstance(scope, Subgraph) and node.name not in scope._direct:
            scope._direct[node.name] = node
            if node._subgraphs is None:
                node._subgraphs = [scope]
            else:
                node._subgraphs.append(scope)
        return node

    def refer(self, ref: NodeRef, defaults: Defaults) -> Node:
        """Do as `mention`."""
        return self.mention(ref.id.raw, ref.id, 0, defaults)

    def declare(self, node: Node, statement: Any) -> None:  # noqa: ANN401  # a NodeStatement; told apart by its type
        """Note a statement of the node's own."""
        if node._statements is None:
            node._statements = [statement]
        else:
            node._statements.append(statement)

    def connect(
        self, statement: Chain, sides: list[list[tuple[Node, str | None]] | Subgraph], defaults: Defaults
    ) -> None:
        """Make the edges of a chain: each pair of neighbouring sides joined, every node with every node."""
        if any(isinstance(side, Subgraph) for side in sides):
            if self.allowance < 0:
                self.graph.over_limit.append(statement)
                return
            self.allowance -= sum(size(side) for side in sides if isinstance(side, Subgraph))
        ends = [[(node, None) for node in members(side)] if isinstance(side, Subgraph) else side for side in sides]
        count = sum(len(tails) * len(heads) for tails, heads in pairwise(ends))
        if count >= len(sides):
            self.allowance -= count
            if count - len(sides) > self.edge_limit or self.allowance < 0:
                self.graph.over_limit.append(statement)
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
        defaults: Defaults,
        ports: Ports | None,
    ) -> None:
        """Make an edge where strictness or a key may find one that is there (cgraph's `agedge`)."""
        tail, head = ends
        key = statement.values().get("key")
        strict, undirected = self.graph.strict, not self.graph.directed
        found = None
        if key is not None:
            found = self.keyed.get((tail, head, key))
            if found is None and undirected:
                found = self.keyed.get((head, tail, key))
        elif strict:
            found = self.joined.get((tail, head))
            if found is None and undirected:
                found = self.joined.get((head, tail))
        if found is not None:
            new = statement.ports(step) if ports is None else ports
            if found.tail is not tail:
                new = (new[1], new[0])
            if found._rest is None or found._rest is NO_PORTS:
                found._rest = EdgeRest(None if found._rest is None else found._rest.ports)
            found._rest.more.append((statement, new))
            return
        if strict and (tail, head) in self.joined:
            return  # a second key: the edge is dropped with its attributes
        rest = EdgeRest(ports, key or None) if ports is not None or key else None
        edge = Edge(tail, head, statement, step, len(self.graph.edges), defaults, rest)
        self.graph.edges.append(edge)
        if strict:
            self.joined.setdefault((tail, head), edge)
        if key is not None:
            self.keyed[tail, head, key] = edge


def size(subgraph: Subgraph) -> int:
    """Count the subgraphs in a subgraph, itself too: what it takes to collect its nodes."""
    found, todo = 0, [subgraph]
    while todo:
        one = todo.pop()
        found += 1 + len(one._direct)
        todo.extend(one.children)
    return found
