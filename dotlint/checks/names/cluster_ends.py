"""N020: edges that name a cluster as an end, which makes a node of that name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks.grouping import at_node, remaining
from dotlint.data.values import is_true
from dotlint.edits.attributes import set_attribute
from dotlint.edits.fix_context import NotCertain, fixed_by, in_order
from dotlint.edits.graph_attributes import set_graph_attribute
from dotlint.edits.insertion import style_of
from dotlint.edits.statement import as_written, id_text
from dotlint.engine.finding import Edit, Fix, Related
from dotlint.syntax.tree import Block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome
    from dotlint.graph.model import Node, Subgraph
    from dotlint.syntax.tree import EdgeStatement, NodeRef


class NamedCluster(Struct, frozen=True, eq=False):
    """A cluster, and the node that edges make of its name."""

    cluster: Subgraph
    node: Node


def lead_into_cluster(fix: FixContext, finding: Finding) -> Fix | str:
    """Lead the edges to a node inside the cluster, and clip them at its border with `lhead` and `ltail`."""
    data = finding.data
    assert isinstance(data, NamedCluster)
    if data.node.declared:
        return f"a statement also declares a node `{data.node.name}`"
    edges = [*data.node.out_edges, *data.node.in_edges]
    edits: list[Edit] = []
    for statement in {id(edge.statement): edge.statement for edge in edges}.values():
        edits += _clipped(fix, data, statement)
    if not is_true(fix.context.graph.attributes.get("compound", "")):
        compound = set_graph_attribute(fix, "compound", "true")
        if isinstance(compound, str):
            return compound
        edits.append(compound)
    return Fix("unsafe", in_order(edits), f"End the edges at the cluster `{data.node.name}`")


def _clipped(fix: FixContext, data: NamedCluster, statement: EdgeStatement) -> list[Edit]:
    """Return the edits of a statement; a chain becomes one statement for each edge."""
    refs: list[NodeRef] = []
    for side in statement.sides:
        if isinstance(side, Block) or len(side) != 1:
            raise NotCertain("an edge leads to several nodes")
        refs += side
    steps = list(zip(refs, refs[1:], statement.operators, strict=False))
    if len(steps) == 1:
        edits: list[Edit] = []
        for ref, is_head in zip(refs, (False, True), strict=True):
            if ref.id.value == data.node.name:
                end = _end(fix, data, ref, refs[0 if is_head else 1], is_head=is_head)
                name = "lhead" if is_head else "ltail"
                edits += (
                    Edit(ref.start, ref.end, end),
                    set_attribute(fix.text, statement, name, str(data.cluster.name)),
                )
        return edits
    if len(statement.lists) > 1:
        raise NotCertain("an edge has several lists of attributes")
    given = fix.text[statement.lists[0].start + 1 : statement.lists[0].end - 1].strip(" ,;") if statement.lists else ""
    style = style_of(fix.text, statement)
    written: list[str] = []
    for tail, head, operator in steps:
        ends: list[str] = []
        clips: list[str] = []
        for ref, other, is_head in ((tail, head, False), (head, tail, True)):
            if ref.id.value == data.node.name:
                ends.append(_end(fix, data, ref, other, is_head=is_head))
                clips.append(f"{'lhead' if is_head else 'ltail'}={id_text(str(data.cluster.name))}")
            else:
                ends.append(fix.text[ref.start : ref.end])
        attributes = ", ".join(filter(None, (given, *clips)))
        between = fix.text[slice(*operator)]
        written.append(f"{ends[0]} {between} {ends[1]}" + (f" [{attributes}]" if attributes else ""))
    separator = f";{style.newline}{style.indent}" if style.lines else "; "
    return [
        Edit(
            statement.start, statement.lists[0].end if statement.lists else statement.core_end, separator.join(written)
        )
    ]


def _end(fix: FixContext, data: NamedCluster, ref: NodeRef, other: NodeRef, *, is_head: bool) -> str:
    """Return the node inside the cluster that an edge leads to: its first one, or its last one for a tail."""
    if ref.ports:
        raise NotCertain("an edge names a port of the cluster")
    inside = data.cluster.nodes
    if other.id.value in inside or other.id.value == data.node.name:
        raise NotCertain(f"`{other.id.value}` is inside the cluster")
    graph = fix.context.graph
    clusters = {one.name for one in graph.subgraphs}
    nodes = [node for node in inside.values() if node.name not in clusters]
    for node in nodes if is_head else nodes[::-1]:
        edges = node.in_edges if is_head else node.out_edges
        if not any((edge.tail if is_head else edge.head).name in inside for edge in edges):
            return as_written(fix.text, graph, node.name)
    if not nodes:
        raise NotCertain("the cluster has no nodes")
    return as_written(fix.text, graph, nodes[0 if is_head else -1].name)


@fixed_by(lead_into_cluster)
def clusters_as_nodes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report edges that name a cluster, which makes a node of that name; only `fdp` has edges between clusters."""
    graph = context.graph
    if graph.attributes.get("layout") == "fdp":
        return
    named: dict[str, Subgraph] = {}
    for subgraph in graph.subgraphs:
        if subgraph.name is not None and (subgraph.name not in named or not named[subgraph.name].nodes):
            named[subgraph.name] = subgraph
    every = [
        graph.nodes[name]
        for name, one in named.items()
        if name in graph.nodes and _is_only_a_name(graph.nodes[name], one)
    ]
    for node in remaining(context.file, card, every, at_node):
        subgraph = named[node.name]
        what = "cluster" if subgraph.is_cluster else "subgraph"
        yield card.finding(
            f"the edge makes a node `{node.name}`; it does not lead to the {what} of that name",
            *node.span,
            nodes=(node.name,),
            related=(Related(f"the {what}", subgraph.start, subgraph.statements[0].open.end),),
            graph=graph.index,
            help="set `compound=true`, join a node inside the cluster, and set `lhead` or `ltail` to its name"
            if subgraph.is_cluster
            else "join the nodes inside it",
            outcome=None if subgraph.is_cluster else "subgraph",
            data=NamedCluster(subgraph, node) if subgraph.is_cluster else None,
        )


def _is_only_a_name(node: Node, subgraph: Subgraph) -> bool:
    """Return whether no statement declares the node, or for a cluster only a bare one."""
    if subgraph.is_cluster:
        return not any(statement.attributes for statement in node.statements) and bool(node.in_edges or node.out_edges)
    return not node.declared
