"""N: edges that are repeated, lead from a node to itself, or are too many to expand."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks.grouping import at_edge, at_edges, at_span, remaining
from dotlint.deployment.wiring import has_cycle
from dotlint.deployment.words import parse_name
from dotlint.engine.finding import Edit, Fix, Location, Related
from dotlint.syntax.tree import Block
from dotlint.text.english import count, listed, the

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Edge, Graph, Node


# More repeated edges than these are parallel edges that the author means.
_MOST_SLIPS = 2


def duplicate_edges(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report edges with the ends, ports and attributes of an earlier one, with one finding for each pair of families.

    Graphs other than deployments may have parallel edges, such as double bonds: there, only one or two repeated edges,
    or a block of them that was pasted, are reported.
    """
    graph = context.graph
    if graph.strict:
        return
    families: dict[tuple[str, str], list[tuple[Edge, Edge]]] = defaultdict(list)
    for edges in sorted(_repeated(graph), key=lambda edges: edges[1].index):
        first: dict[object, Edge] = {}
        for edge in edges:
            known = first.setdefault(_meaning(edge, graph), edge)
            if known is not edge:
                key = (parse_name(edge.tail.name).family, parse_name(edge.head.name).family)
                families[key].append((known, edge))
    every = [pair for pairs in families.values() for pair in pairs]
    if len(every) <= _MOST_SLIPS or _is_pasted(every) or context.deployment.recognized:
        for pairs in families.values():
            yield from _duplicates(context, card, pairs)


def _is_pasted(pairs: list[tuple[Edge, Edge]]) -> bool:
    """Return whether the repeated edges are one run of edges that repeats an earlier run."""
    pairs = sorted(pairs, key=lambda pair: pair[1].index)
    distances = {edge.index - known.index for known, edge in pairs}
    return len(distances) == 1 and pairs[-1][1].index - pairs[0][1].index == len(pairs) - 1 < distances.pop()


def _repeated(graph: Graph) -> Iterator[list[Edge]]:
    """Yield the edges between each pair of nodes with several, in order; node by node, as there may be a million edges."""
    for node in graph.nodes.values():
        beside = graph.successors(node)
        if not graph.directed:  # each edge only at its end with the lower index
            beside = [edge for edge in beside if edge.head.index >= node.index]
            beside += [edge for edge in graph.predecessors(node) if edge.tail.index > node.index]
            beside.sort(key=lambda edge: edge.index)
        if len(beside) > 1:
            by_end: dict[int, list[Edge]] = {}
            for edge in beside:
                by_end.setdefault(edge.tail.index + edge.head.index, []).append(edge)
            yield from (edges for edges in by_end.values() if len(edges) > 1)


def _meaning(edge: Edge, graph: Graph) -> object:
    """Return what distinguishes an edge from another one with the same ends."""
    attributes = dict(edge.attributes)
    ports = (attributes.pop("tailport", ""), attributes.pop("headport", ""))
    if not graph.directed and edge.tail.index > edge.head.index:
        ports = (ports[1], ports[0])
    return edge.key, ports, frozenset(attributes.items())


def _duplicates(context: GraphContext, card: Card, pairs: list[tuple[Edge, Edge]]) -> Iterator[Outcome]:
    """Report repeated edges, separately for those whose whole statement can be removed."""
    alone: list[tuple[Edge, Edge]] = []
    others: list[tuple[Edge, Edge]] = []
    for known, edge in pairs:
        (alone if _stands_alone(edge) and edge.scope is known.scope else others).append((known, edge))
    text = context.file.document.text
    for every, outcome in ((alone, "alone"), (others, "within")):
        some = remaining(context.file, card, every, lambda pair: at_edge(pair[1]))
        if not some:
            continue
        first, edge = some[0]
        arrow = "->" if context.graph.directed else "--"
        more = f", as {'is' if len(some) == 2 else 'are'} {count(len(some) - 1, 'more edge')}" if len(some) > 1 else ""
        edits = _edits(text, [e for _, e in some])
        yield card.finding(
            f"`{edge.tail.name} {arrow} {edge.head.name}` is a repeated edge{more}",
            edge.start,
            edge.end,
            outcome=outcome,
            nodes=tuple(dict.fromkeys(name for _, e in some for name in (e.tail.name, e.head.name))),
            locations=at_edges(e for _, e in some),
            related=(Related("first written here", first.start, first.end),),
            help="remove one of them, or distinguish them with labels",
            fix=Fix(
                "safe" if outcome == "alone" else "unsafe", tuple(edits), f"Remove {the(len(some), 'repeated edge')}"
            )
            if edits
            else None,
            fixable=("safe" if outcome == "alone" else "unsafe") if edits else None,
            graph=context.graph.index,
        )


def _edits(text: str, edges: list[Edge]) -> list[Edit]:
    """Return the edits that remove the edges from their statements.

    There are none if an edge comes from a subgraph, or two from one statement.
    """
    if len({id(edge.statement) for edge in edges}) < len(edges):
        return []
    edits: list[Edit] = []
    for edge in edges:
        statement, step = edge.statement, edge.step
        sides = statement.sides
        if len(sides) == 2 and _stands_alone(edge):
            edits.append(removal(text, statement.start, statement.end))
            continue
        if any(isinstance(side, Block) or len(side) > 1 for side in sides):
            return []
        (before, after) = (sides[step][0], sides[step + 1][0])  # type: ignore[index]
        if step == 0:
            edits.append(Edit(before.start, after.start, ""))
        elif step == len(sides) - 2:
            edits.append(Edit(before.end, after.end, ""))
        else:
            lists = "".join(f" {text[one.start : one.end]}" for one in statement.lists)
            edits.append(Edit(before.end, after.start, f"{lists}; "))
    return sorted(edits, key=lambda edit: edit.start)


def _stands_alone(edge: Edge) -> bool:
    """Return whether the statement of the edge is that one edge."""
    sides = edge.statement.sides
    return len(sides) == 2 and not any(isinstance(side, Block) or len(side) > 1 for side in sides)


def removal(text: str, start: int, end: int) -> Edit:
    """Return the edit that removes a statement, with its line if nothing else is on it."""
    left, right = start, end
    while left > 0 and text[left - 1] in " \t":
        left -= 1
    while right < len(text) and text[right] in " \t\r":
        right += 1
    if (left == 0 or text[left - 1] == "\n") and right < len(text) and text[right] == "\n":
        return Edit(left, right + 1, "")
    return Edit(start, end, "")


def self_loops(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report unlabeled edges from a node to itself in a graph without other cycles.

    In graphs other than deployments, such edges are common: states that stay, functions that call themselves, keys of
    a table that refer to it. There, only nodes without another edge count, unless the parameter `everywhere` is true.
    """
    graph = context.graph
    loops = [edge for edge in graph.edges if edge.tail is edge.head]
    if not loops:
        return
    bare = [edge for edge in loops if not edge.label and not edge.attributes.get("xlabel")]
    if bare and not card.parameters.get("everywhere") and not context.deployment.recognized:
        bare = [edge for edge in bare if not _has_neighbor(edge.head)]
    if not bare or (graph.directed and _cyclic(graph)):
        return
    for some in _by_family(remaining(context.file, card, bare, _at_loop)).values():
        names = tuple(dict.fromkeys(edge.tail.name for edge in some))
        yield card.finding(
            listed([f"`{name}`" for name in names], 3)
            + (" has an edge to itself" if len(names) == 1 else " have edges to themselves"),
            some[0].start,
            some[0].end,
            nodes=names,
            locations=tuple(map(_at_loop, some)),
            help="remove it, or correct one of its ends",
            graph=graph.index,
        )


def _has_neighbor(node: Node) -> bool:
    return any(edge.head is not node for edge in node.out_edges) or any(edge.tail is not node for edge in node.in_edges)


def _at_loop(edge: Edge) -> Location:
    return Location(edge.start, edge.end, str(edge.tail.name))


def _by_family(edges: list[Edge]) -> dict[str, list[Edge]]:
    families: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        families[parse_name(edge.tail.name).family].append(edge)
    return families


def _cyclic(graph: Graph) -> bool:
    """Return whether there is a cycle of at least two nodes."""
    return has_cycle(graph, loops=False)


def over_limit(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report statements with more edges than dotlint expands."""
    statements = remaining(context.file, card, context.graph.over_limit, at_span)
    if not statements:
        return
    first = statements[0]
    more = ""
    if len(statements) > 1:
        more = f", as {'does' if len(statements) == 2 else 'do'} {count(len(statements) - 1, 'more statement')}"
    yield card.finding(
        f"this statement expands to more than {card.parameters['limit']:,} edges, which are not checked{more}",
        first.start,
        first.end,
        locations=tuple(map(at_span, statements)),
        related=tuple(Related("not checked either", s.start, s.end) for s in statements[1:4]),
        help="connect the subgraphs through one node between them",
        graph=context.graph.index,
    )
