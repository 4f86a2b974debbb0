"""N: nodes that are declared twice or are in two clusters, and defaults that nothing uses."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks.attributes.uses import bodies
from dotlint.checks.grouping import at_span, remaining
from dotlint.checks.names.keyword_nodes import is_stray_value
from dotlint.data import graphviz
from dotlint.deployment.words import parse_name
from dotlint.engine.finding import Location, Related
from dotlint.syntax.tree import Block, DefaultsStatement, EdgeStatement, NodeStatement
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Node, Subgraph
    from dotlint.syntax.tree import Attribute


def redeclared_nodes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report nodes whose statements set different values of an attribute, by family and attributes."""
    found: dict[tuple[str, tuple[str, ...]], list[tuple[Node, Attribute, Attribute]]] = defaultdict(list)
    for node in context.graph.nodes.values():
        if len(node.statements) < 2:
            continue
        differing = _disagreements(node)
        if differing:
            name = next(iter(differing))
            found[parse_name(node.name).family, tuple(sorted(differing))].append((node, *differing[name]))
    for (_, names), every in found.items():
        some = remaining(context.file, card, every, _at_second)
        if not some:
            continue
        node, first, second = some[0]
        who = f"`{node.name}` has" if len(some) == 1 else f"`{node.name}` and {count(len(some) - 1, 'more node')} have"
        what = listed([f"`{name}`" for name in names])
        yield card.finding(
            f"{who} two statements with different values of {what}: the last one wins",
            second.start,
            second.end,
            nodes=tuple(one.name for one, _, _ in some),
            locations=tuple(map(_at_second, some)),
            related=(Related("first declared here", first.start, first.end),),
            help="remove one of the two, or rename the second node",
            graph=context.graph.index,
        )


def _at_second(one: tuple[Node, Attribute, Attribute]) -> Location:
    node, _, second = one
    return Location(second.start, second.end, str(node.name))


def _disagreements(node: Node) -> dict[str, tuple[Attribute, Attribute]]:
    """Return the attributes that two statements of the node set to different values, with both.

    A statement for several nodes (`a, b [shape=box]`) is like a default, which a later one may override.
    """
    first: dict[str, Attribute] = {}
    differing: dict[str, tuple[Attribute, Attribute]] = {}
    for statement in node.statements:
        if len(statement.nodes) > 1:
            continue
        for name, attribute in {attribute.name.value: attribute for attribute in statement.attributes}.items():
            known = first.setdefault(name, attribute)
            if known.value.value != attribute.value.value and name not in differing:
                differing[name] = (known, attribute)
    return differing


def nodes_in_two_clusters(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report nodes in two clusters that are not nested, with one finding for each pair of clusters."""
    found: dict[tuple[int, int], list[Node]] = defaultdict(list)
    clusters: dict[int, Subgraph] = {}
    for node in context.graph.nodes.values():
        # The public list is a copy for each node, and most nodes are in only one subgraph.
        if len(node._subgraphs or ()) < 2 or is_stray_value(node):  # noqa: SLF001
            continue
        around = _clusters(node)
        if len(around) > 1:
            clusters.update((cluster.index, cluster) for cluster in around[:2])
            found[around[0].index, around[1].index].append(node)
    for (one, other), every in found.items():
        nodes = remaining(context.file, card, every, _at)
        if not nodes:
            continue
        first, second = clusters[one], clusters[other]
        who = f"`{nodes[0].name}`" if len(nodes) == 1 else f"`{nodes[0].name}` and {count(len(nodes) - 1, 'more node')}"
        yield card.finding(
            f"{who} {'is' if len(nodes) == 1 else 'are'} in two clusters, `{first.name}` and `{second.name}`,"
            " neither of which contains the other",
            nodes[0].start,
            nodes[0].end,
            nodes=tuple(node.name for node in nodes),
            locations=tuple(map(_at, nodes)),
            related=tuple(Related(f"`{c.name}`", c.start, c.statements[0].open.end) for c in (first, second)),
            help="move edge statements out of clusters: they add their nodes to the cluster that they are in",
            note="`dot` draws a node in only one of them",
            graph=context.graph.index,
        )


def _at(node: Node) -> Location:
    return Location(node.start, node.end, str(node.name))


def _clusters(node: Node) -> list[Subgraph]:
    """Return the innermost clusters of the node, none of which contains another."""
    found: dict[int, Subgraph] = {}
    for subgraph in node.subgraphs:
        cluster = subgraph if subgraph.is_cluster else next((c for c in subgraph.ancestors if c.is_cluster), None)
        if cluster is not None:
            found.setdefault(cluster.index, cluster)
    outer = {around.index for cluster in found.values() for around in cluster.ancestors}
    return [cluster for index, cluster in found.items() if index not in outer]


def dead_defaults(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report node and edge defaults that are replaced before any node or edge uses them; one finding for each graph."""
    dead: list[tuple[Attribute, Attribute, str]] = []
    for _, body in bodies(context.graph):
        waiting: dict[tuple[str, str], Attribute] = {}
        for statement in body:
            if isinstance(statement, DefaultsStatement) and statement.target != "graph":
                for attribute in statement.attributes:
                    key = (statement.target, attribute.name.value)
                    if key in waiting:
                        dead.append((waiting[key], attribute, statement.target))
                    waiting[key] = attribute
            elif isinstance(statement, Block | EdgeStatement):
                waiting.clear()
            elif isinstance(statement, NodeStatement):
                waiting = {key: attribute for key, attribute in waiting.items() if key[0] == "edge"}
    dead = remaining(context.file, card, dead, lambda one: at_span(one[0]))
    if not dead:
        return
    first, after, target = dead[0]
    more = f", as {'is' if len(dead) == 2 else 'are'} {count(len(dead) - 1, 'more default')}" if len(dead) > 1 else ""
    yield card.finding(
        f"the default `{first.name.value}` for {target}s is replaced before any {target} uses it{more}",
        first.start,
        first.end,
        locations=tuple(at_span(one) for one, *_ in dead),
        related=(
            Related("replaced here", after.start, after.end),
            *(Related("replaced too", one.start, one.end) for one, *_ in dead[1:4]),
        ),
        help="remove one of the two",
        graph=context.graph.index,
    )


def layout_output(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report graphs that contain the output of a layout."""
    graph = context.graph
    marks = graphviz.drawing_attributes()
    names = [name for name in graph.attributes if name in marks or name == "bb"]
    names += [
        name for name in ("pos", "lp", "_draw_") for node in list(graph.nodes.values())[:1] if name in node.attributes
    ]
    if not any(name in marks or name == "bb" for name in names):
        return
    yield card.finding(
        f"the graph contains the output of a layout: {listed([f'`{name}`' for name in dict.fromkeys(names)])}",
        *graph.header,
        help="keep the input file of Graphviz, and write its output to another file",
        graph=graph.index,
    )
