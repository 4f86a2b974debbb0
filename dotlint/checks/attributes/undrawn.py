"""Attributes that Graphviz reads, but draws nothing for: fills without a style, arrows without a direction, and more."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from dotlint.checks.attributes.uses import finding, uses
from dotlint.checks.grouping import at_edge, at_node, at_span, at_subgraph, remaining
from dotlint.data import graphviz
from dotlint.edits.attributes import set_attribute
from dotlint.edits.fix_context import fixed_by, in_order
from dotlint.engine.finding import Edit, Fix, Related
from dotlint.graph.model import Edge, Node
from dotlint.syntax.tree import DefaultsStatement
from dotlint.text.english import count, listed, the

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dotlint.checks.attributes.uses import Use
    from dotlint.data.graphviz import Element
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Location, Outcome
    from dotlint.graph.model import Subgraph
    from dotlint.syntax.tree import EdgeStatement

_FILLING = frozenset({"filled", "wedged", "striped", "radial"})
_MOST_RELATED = 3
Inheriting = TypeVar("Inheriting", Node, Edge)


def _styles(attributes: Mapping[str, str]) -> set[str]:
    return {word.strip() for word in attributes.get("style", "").split(",")} - {""}


class Unfilled(Struct, frozen=True, eq=False):
    """Nodes with a fill color that nothing fills, and defaults that set one for nodes."""

    nodes: tuple[Node, ...] = ()
    defaults: tuple[DefaultsStatement, ...] = ()


def fill_nodes(fix: FixContext, finding: Finding) -> Fix | str:
    """Set `style=filled` beside the fill color of nodes that have no style."""
    data = finding.data
    assert isinstance(data, Unfilled)
    edits: list[Edit] = []
    for node in data.nodes:
        setting = [statement for statement in node.statements if "fillcolor" in statement.values()]
        if len(setting[-1].nodes) > 1:
            return f"the statement of `{node.name}` declares several nodes"
        edits.append(set_attribute(fix.text, setting[-1], "style", "filled"))
    edits += (set_attribute(fix.text, statement, "style", "filled") for statement in data.defaults)
    where = f"on {the(len(data.nodes), 'node')}" if data.nodes else "in the defaults"
    return Fix("safe", in_order(edits), f"Set style=filled {where}")


@fixed_by(fill_nodes)
def fills_without_style(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report nodes and clusters whose fill color is not drawn, because no style fills them."""
    graph = context.graph
    if not any(uses(context, card).get((element, "fillcolor")) for element in ("node", "cluster")):
        return
    styled: list[Node | Subgraph] = []
    plain: list[Node | Subgraph] = []
    drawn = {*_FILLING, "invis"}
    for node in graph.nodes.values():
        own = node.attributes
        if not own.get("fillcolor") or own.get("shape") == "point":
            continue
        styles = _styles(own)
        if not styles & drawn and node.own_attributes.get("fillcolor"):
            (styled if styles else plain).append(node)
    for cluster in graph.subgraphs:
        own = cluster.attributes
        if cluster.is_cluster and cluster.own_attributes.get("fillcolor") and not _styles(own) & drawn:
            styled.append(cluster)
    for every, fixable in ((plain, True), (styled, False)):
        some = remaining(context.file, card, every, _at)
        if not some:
            continue
        more = f" and {count(len(some) - 1, 'more element')}" if len(some) > 1 else ""
        yield card.finding(
            f"`{some[0].name}`{more} {'have' if more else 'has'} a `fillcolor`, but no style that fills",
            _at(some[0]).start,
            _at(some[0]).end,
            outcome=None if fixable else "other-style",
            nodes=tuple(str(one.name) for one in some if isinstance(one, Node)),
            locations=tuple(map(_at, some)),
            related=tuple(
                Related("the same here", _at(one).start, _at(one).end) for one in some[1 : _MOST_RELATED + 1]
            ),
            graph=graph.index,
            help="add `filled` to the style",
            data=Unfilled(tuple(one for one in some if isinstance(one, Node))) if fixable else None,
        )
    defaults = _useless_defaults(
        context,
        card,
        "node",
        "fillcolor",
        [node for node in graph.nodes.values() if "fillcolor" not in node.own_attributes],
        lambda node: node.attributes.get("shape") == "point" or bool(_styles(node.attributes) & drawn),
    )
    for styled_too in (False, True):
        late = [one for one, heirs in defaults if any(_styles(heir.attributes) for heir in heirs) == styled_too]
        if late:
            yield card.finding(
                "these defaults of nodes set a `fillcolor`, but no style that fills",
                late[0].start,
                late[0].end,
                outcome="other-style" if styled_too else None,
                locations=tuple(map(at_span, late)),
                related=tuple(Related("the same here", one.start, one.end) for one in late[1 : _MOST_RELATED + 1]),
                graph=graph.index,
                help="add `filled` to the style",
                data=None if styled_too else Unfilled(defaults=tuple(late)),
            )


def _useless_defaults(
    context: GraphContext,
    card: Card,
    element: Element,
    name: str,
    heirs: Sequence[Inheriting],
    draws: Callable[[Inheriting], bool],
) -> list[tuple[DefaultsStatement, list[Inheriting]]]:
    """Return the default statements whose value none of the elements that inherit it draws, with those elements."""
    found: list[tuple[DefaultsStatement, list[Inheriting]]] = []
    for use in uses(context, card).get((element, name), []):
        statements = [one for one in use.statements if isinstance(one, DefaultsStatement)]
        if not statements or use.value in {"", "none"}:
            continue
        some = [heir for heir in heirs if heir.attributes.get(name) == use.value]
        if some and not any(map(draws, some)):
            found += ((one, some) for one in remaining(context.file, card, statements, at_span))
    return found


def _at(one: Node | Subgraph) -> Location:
    return at_node(one) if isinstance(one, Node) else at_subgraph(one)


class Undirected(Struct, frozen=True, eq=False):
    """Edges with an arrow at an end where their direction draws none, and defaults that set such an arrow."""

    edges: tuple[Edge, ...] = ()
    defaults: tuple[DefaultsStatement, ...] = ()


def set_directions(fix: FixContext, finding: Finding) -> Fix | str:
    """Set `dir=both` on the edges."""
    data = finding.data
    assert isinstance(data, Undirected)
    statements: dict[int, EdgeStatement | DefaultsStatement] = {id(e.statement): e.statement for e in data.edges}
    statements |= {id(one): one for one in data.defaults}
    if any("dir" in statement.values() for statement in statements.values()):
        return "the edge sets another direction"
    edits = [set_attribute(fix.text, statement, "dir", "both") for statement in statements.values()]
    where = f"on {the(len(edits), 'edge')}" if data.edges else "in the defaults"
    return Fix("unsafe", in_order(edits), f"Set dir=both {where}")


@fixed_by(set_directions)
def arrows_without_direction(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report `arrowtail` and, in undirected graphs, `arrowhead` on edges whose `dir` draws no arrow there."""
    graph = context.graph
    ends = [("arrowtail", {"both", "back"})] + ([] if graph.directed else [("arrowhead", {"both", "forward"})])
    ends = [(name, directions) for name, directions in ends if uses(context, card).get(("edge", name))]
    for name, directions in ends:
        every = [
            edge
            for edge in graph.edges
            if edge.statement.values().get(name, "none") not in {"", "none"} and _direction(edge) not in directions
        ]
        some = remaining(context.file, card, every, at_edge)
        if not some:
            continue
        more = f" and {count(len(some) - 1, 'more edge')}" if len(some) > 1 else ""
        yield card.finding(
            f"`{name}` is not drawn on `{some[0].tail.name}` to `{some[0].head.name}`{more}: "
            f"`dir` is `{_direction(some[0])}`",
            some[0].start,
            some[0].end,
            nodes=tuple(dict.fromkeys(end for edge in some for end in (edge.tail.name, edge.head.name))),
            locations=tuple(map(at_edge, some)),
            related=tuple(Related("the same here", e.start, e.end) for e in some[1 : _MOST_RELATED + 1]),
            graph=graph.index,
            help="set `dir=both`" + (", or `dir=back`" if name == "arrowtail" else ""),
            data=Undirected(tuple(some)),
        )
    for name, directions in ends:
        defaults = _useless_defaults(
            context,
            card,
            "edge",
            name,
            [edge for edge in graph.edges if name not in edge.own_attributes],
            partial(_leads, directions),
        )
        if defaults:
            statements = tuple(one for one, _ in defaults)
            yield card.finding(
                f"`{name}` in these defaults is not drawn on any edge",
                statements[0].start,
                statements[0].end,
                locations=tuple(map(at_span, statements)),
                related=tuple(Related("the same here", one.start, one.end) for one in statements[1:4]),
                graph=graph.index,
                help="set `dir=both`" + (", or `dir=back`" if name == "arrowtail" else ""),
                data=Undirected(defaults=statements),
            )


def _leads(directions: set[str], edge: Edge) -> bool:
    return _direction(edge) in directions


def _direction(edge: Edge) -> str:
    return edge.attributes.get("dir") or ("forward" if edge.graph.directed else "none")


_WITHOUT_LABELS = frozenset({"ortho", "curved"})


class OrthogonalLabels(Struct, frozen=True, eq=False):
    """The labels of the edges of a graph with orthogonal or curved edges."""

    labels: tuple[Use, ...]


def write_xlabels(fix: FixContext, finding: Finding) -> Fix | str:
    """Write `xlabel` instead of `label`."""
    data = finding.data
    assert isinstance(data, OrthogonalLabels)
    names = [attribute.name for use in data.labels for attribute in use.attributes()]
    if any(fix.text[name.start : name.end] != "label" for name in names):
        return "a label is not written as `label`"
    edits = [Edit(name.start, name.end, "xlabel") for name in names]
    return Fix("unsafe", in_order(edits), f"Write xlabel for {the(len(edits), 'label')}")


@fixed_by(write_xlabels)
def labels_on_orthogonal_edges(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report edge labels in a graph with orthogonal or curved edges, which `dot` places badly."""
    graph = context.graph
    splines = graph.attributes.get("splines")
    if splines not in _WITHOUT_LABELS or graph.attributes.get("layout", "dot") not in {"", "dot"}:
        return
    some = [use for use in uses(context, card).get(("edge", "label"), []) if use.value]
    orthogonal = [use for use in uses(context, card).get(("graph", "splines"), []) if use.value == splines]
    if not some or not orthogonal:
        return
    first = min((use.attributes()[0] for use in some), key=lambda attribute: attribute.start)
    mark = orthogonal[-1].locations(at_name=True)[-1]
    yield card.finding(
        f"`splines={splines}` does not place the labels of {count(sum(use.count for use in some), 'statement')} at their edges",
        mark.start,
        mark.end,
        related=(Related("the first label", first.start, first.end),),
        help="write `xlabel` instead of `label`, or use other splines",
        graph=graph.index,
        data=OrthogonalLabels(tuple(some)),
    )


def attributes_of_other_engines(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report attributes that the layout engine of the graph does not read.

    A graph that names no engine is laid out by `dot` if it has attributes that only `dot` reads.
    """
    engines = graphviz.engines()
    found = uses(context, card)
    declared = context.graph.attributes.get("layout", "").lower()
    if not declared and not any(engines.get(name) == frozenset({"dot"}) for _, name in found):
        return
    engine = declared or "dot"
    if engine not in set().union(*engines.values()):
        return
    if context.graph.attributes.get("mode") == "hier":
        return  # neato then reads what dot reads
    records = any(use.value in {"record", "Mrecord"} for use in found.get(("node", "shape"), ()))
    if records:
        engines = {**engines, "rankdir": frozenset({engine})}  # the fields of a record follow it in every engine
    some = [
        use
        for (_, name), each in found.items()
        if engine not in engines.get(name, {engine})
        for use in each
        if use.value and not (engine == "dot" and name == "overlap" and use.value.lower() in {"false", "no", "0"})
    ]  # what `dot` does without being asked is no mistake: its nodes never overlap
    if not some:
        return
    names = sorted({f"`{use.name}`" for use in some})
    by = sorted(set().union(*(engines[use.name] for use in some)))
    yield finding(
        context,
        card,
        some,
        f"`{engine}` does not read {listed(names, 5)}",
        at_name=True,
        help=f"remove {'it' if len(names) == 1 else 'them'}, or use {listed([f'`{one}`' for one in by], 4)}",
    )
