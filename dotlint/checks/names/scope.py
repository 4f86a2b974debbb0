"""N: names and defaults with another scope than it looks: they make nodes, apply to nothing, or apply to too much."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, cast

from msgspec import Struct
from msgspec.structs import replace

from dotlint.checks.attributes.uses import bodies
from dotlint.checks.grouping import at_edge, at_span, remaining
from dotlint.checks.names.edges import removal
from dotlint.edits.fix_context import fixed_by, in_order
from dotlint.edits.insertion import insert_after, style_of
from dotlint.engine.finding import Edit, Fix, Related
from dotlint.syntax.tree import Assignment, DefaultsStatement, walk_statements
from dotlint.text.english import count, listed, the

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome
    from dotlint.graph.model import Edge, Graph, Subgraph
    from dotlint.syntax.tree import Statement

_MOST_RELATED = 3


def late_defaults(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report node and edge defaults behind everything in their body that they could apply to."""
    graph = context.graph
    reopened = {
        id(block.body) for subgraph in graph.subgraphs if len(subgraph.statements) > 1 for block in subgraph.statements
    }
    late: list[DefaultsStatement] = []
    starts: dict[str, list[int]] = {}
    for _, body in bodies(graph):
        last = [s for s in body if isinstance(s, DefaultsStatement) and s.target != "graph" and s.attributes]
        if not last or id(body) in reopened:
            continue
        starts = starts or _starts(graph)
        begin, end = body[0].start, body[-1].end
        for statement in last:
            of_kind = starts[statement.target]
            before = bisect_left(of_kind, statement.start) - bisect_left(of_kind, begin)
            if before and bisect_right(of_kind, statement.end) == bisect_left(of_kind, end):
                late.append(statement)
    late = remaining(context.file, card, late, at_span)
    if not late:
        return
    first, others = late[0], late[1:]
    more = f", nor do {count(len(others), 'more default')} to theirs" if others else ""
    yield card.finding(
        f"these defaults apply to no {first.target}: all of them come before{more}",
        first.start,
        first.end,
        locations=tuple(map(at_span, late)),
        related=tuple(Related("the same here", one.start, one.end) for one in others[:_MOST_RELATED]),
        graph=graph.index,
        help=f"move them before the first {first.target} they are meant for",
    )


def _starts(graph: Graph) -> dict[str, list[int]]:
    """Return where nodes are first mentioned and where edges are, both in ascending order."""
    return {
        "node": sorted(node.start for node in graph.nodes.values()),
        "edge": sorted(
            statement.start for statement in walk_statements([graph.statement.body]) if statement.kind == "edge"
        ),
    }


class EarlyLabel(Struct, frozen=True, eq=False):
    """A statement that sets a label before clusters which inherit it, and the body that it is in."""

    statement: Assignment | DefaultsStatement
    body: list[Statement]
    heirs: list[Subgraph]


def move_labels(fix: FixContext, finding: Finding) -> Fix | str:
    """Move the labels behind the last statement of their bodies, where no cluster inherits them."""
    edits: list[Edit] = []
    text = fix.text
    for one in cast("list[EarlyLabel]", finding.data):
        attributes = one.statement.attributes
        at = max(index for index, attribute in enumerate(attributes) if attribute.name.value == "label")
        label, last = attributes[at], one.body[-1]
        if text[label.start : label.start + 5] != "label" or last is one.statement:
            return "a label is not written as `label=...`"
        written = text[label.start : label.end]
        edits.append(insert_after(text, last.end, [written], replace(style_of(text, last), end=";")))
        if len(attributes) == 1:
            edits.append(removal(text, one.statement.start, one.statement.end))
        elif at:
            edits.append(Edit(attributes[at - 1].end, label.end, ""))
        else:
            edits.append(Edit(label.start, attributes[1].start, ""))
    return Fix("unsafe", in_order(edits), f"Move {the(len(edits) // 2, 'label')} behind the clusters")


@fixed_by(move_labels)
def inherited_labels(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report labels that a graph or cluster sets before clusters without a label, which inherit them."""
    graph = context.graph
    own = list(_early_labels(graph, graph.statement.body))
    nested = [
        early
        for one in graph.subgraphs
        if one.is_cluster and one.children
        for block in one.statements
        for early in _early_labels(one, block.body)
    ]
    for every, whose in ((own, "the graph"), (nested, "the cluster around")):
        some = remaining(context.file, card, every, lambda one: at_span(one.statement))
        if not some:
            continue
        heirs = [heir for one in some for heir in one.heirs]
        names = listed([f"`{heir.name}`" for heir in heirs], 3)
        inherit = "inherits" if len(heirs) == 1 else "inherit"
        yield card.finding(
            f"{names} {inherit} the label of {whose}, which is drawn again there",
            some[0].statement.start,
            some[0].statement.end,
            locations=tuple(at_span(one.statement) for one in some),
            related=tuple(
                Related("inherited here", one.start, one.statements[0].open.end) for one in heirs[:_MOST_RELATED]
            ),
            graph=graph.index,
            help='set the label after the clusters, or `label=""` in each of them',
            data=some,
        )


def _early_labels(scope: Graph | Subgraph, body: list[Statement]) -> Iterator[EarlyLabel]:
    """Yield the last label that a body sets before clusters which inherit it."""
    for statement in reversed(body):
        if not isinstance(statement, Assignment | DefaultsStatement):
            continue
        if isinstance(statement, DefaultsStatement) and statement.target != "graph":
            continue
        label = statement.values().get("label", "")
        heirs = (
            [one for one in _inner_clusters(scope) if one.start > statement.end and one.nodes] if label.strip() else []
        )
        heirs = [one for one in heirs if "label" not in one.own_attributes and one.attributes.get("label") == label]
        if heirs:
            yield EarlyLabel(statement, body, heirs)
            return


def _inner_clusters(scope: Graph | Subgraph) -> Iterator[Subgraph]:
    """Yield the clusters in a graph or cluster, at any depth."""
    for child in scope.children:
        if child.is_cluster:
            yield child
        yield from _inner_clusters(child)


def lost_parallel_edges(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report edges of a strict graph that are merged although their labels differ."""
    graph = context.graph
    if not graph.strict:
        return
    every = [edge for edge in graph.edges if len(_labels(edge)) > 1]
    for edge in remaining(context.file, card, every, at_edge):
        *lost, kept = _labels(edge)
        names = listed([f"`{label}`" for label in lost], 3)
        yield card.finding(
            f"`strict` merges the edges from `{edge.tail.name}` to `{edge.head.name}`: the label {names} is lost, `{kept}` is drawn",
            edge.start,
            edge.end,
            nodes=(edge.tail.name, edge.head.name),
            related=tuple(
                Related("merged with this edge", one.start, one.end) for one in edge.statements[1 : _MOST_RELATED + 1]
            ),
            graph=graph.index,
            help="remove `strict`, or give one edge both labels",
        )


def _labels(edge: Edge) -> list[str]:
    """Return the different labels that the statements of an edge set, the one that counts last."""
    if len(edge.statements) < 2:
        return []
    labels = [label for statement in edge.statements if (label := statement.values().get("label", ""))]
    return list(dict.fromkeys(reversed(labels)))[::-1]
