"""A: HTML labels that Graphviz cannot read, and ports that labels do not have."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from dotlint.checks.attributes.uses import finding, uses
from dotlint.checks.grouping import remaining
from dotlint.data import graphviz
from dotlint.deployment.words import parse_name
from dotlint.edits.statement import id_text, references
from dotlint.engine.finding import Edit, Fix, Location, Related
from dotlint.syntax.tree import Block, Html, PlainEdge
from dotlint.text.english import count, listed, the
from dotlint.text.nearest import Lexicon
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dotlint.checks.attributes.uses import Use
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Edge, Graph, Node
    from dotlint.syntax.tree import Id

_RECORDS = {"record", "Mrecord"}
_RECORD_PORT = regex(r"\\.|<((?:[^<>\\]|\\.)*)>", re.DOTALL)


def bad_labels(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report HTML labels that Graphviz rejects, and HTML in quotes, which it draws as plain text."""
    broken: dict[tuple[str, bool], list[Use]] = defaultdict(list)
    quoted: list[Use] = []
    for (_, name), some in uses(context, card).items():
        fact = graphviz.attributes().get(name)
        if fact is None or fact.types != ("label",):
            continue
        for use in some:
            if not isinstance(use.value, Html) and "<" not in use.value:
                continue
            from dotlint.checks.attributes.html import flaw, looks_like_html  # noqa: PLC0415 - few labels are HTML

            if not isinstance(use.value, Html):
                quoted += [use] if looks_like_html(use.value) else []
            elif found := flaw(use.value):
                broken[found.what, found.ignored].append(use)
    for (what, ignored), some in broken.items():
        fix = _html_fix(some)
        yield finding(
            context,
            card,
            some,
            f"Graphviz {'ignores a part of' if ignored else 'cannot read'} this HTML label: {what}",
            note=None if ignored else "it draws the name of the node, or nothing, instead",
            help="remove the tag, or write `&lt;` for a `<` that is text" if "has no tag" in what else None,
            fix=fix,
            fixable="unsafe" if fix else None,
        )
    if quoted:
        number = sum(use.count for use in quoted)
        yield finding(
            context,
            card,
            quoted,
            f"{'this HTML label is' if number == 1 else f'{number} HTML labels are'} in quotes, so the tags are drawn as text",
            help=r"write `label=<...>` instead of `label=\"...\"`, or `\n` for a line break".replace('\\"', '"'),
            outcome="quoted",
        )


def _html_fix(some: Sequence[Use]) -> Fix | None:
    """Return the fix for labels in which only the spelling of HTML is wrong."""
    from dotlint.checks.attributes.html import repair  # noqa: PLC0415 - few labels are HTML

    edits: list[Edit] = []
    for use in some:
        for attribute in use.attributes():
            if attribute.value.raw == f"<{use.value}>":
                start = attribute.value.start + 1
                edits += (Edit(start + first, start + last, put) for first, last, put in repair(use.value) or ())
    return Fix("unsafe", tuple(edits), "Correct the HTML label") if edits else None


def missing_ports(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report edges with ports that the labels of their nodes do not have."""
    graph = context.graph
    known: dict[int, set[str] | None] = {}
    wrong: dict[tuple[str, str], list[tuple[Edge, Node, str]]] = defaultdict(list)
    for edge in _with_ports(graph):
        for node, port in ((edge.tail, edge.tail_port), (edge.head, edge.head_port)):
            if not port:
                continue
            if node.index not in known:
                known[node.index] = _ports(node)
            if not _has(known[node.index], port):
                wrong[parse_name(node.name).family, parse_name(port).family].append((edge, node, port))
    for every in wrong.values():
        some = remaining(context.file, card, every, _at)
        if not some:
            continue
        edge, node, port = some[0]
        own = sorted(known[node.index] or ())
        near = Lexicon(own).nearest(port.partition(":")[0], most=1) if own else None
        more = ""
        if len(some) > 1:
            more = f", and {count(len(some) - 1, 'more port')} like it {'is' if len(some) == 2 else 'are'} missing"
        yield card.finding(
            f"`{node.name}` has no port `{port}`{more}",
            edge.start,
            edge.end,
            nodes=tuple(dict.fromkeys(n.name for _, n, _ in some)),
            locations=tuple(map(_at, some)),
            related=(Related("the node", node.start, node.end),),
            suggestion=f"`{near.word}`" if near else _compass_point(port.rpartition(":")[2]),
            help=_port_help(node, own),
            graph=graph.index,
            **_fix_fields(_port_fix(some, known)),
        )


def _at(one: tuple[Edge, Node, str]) -> Location:
    edge, node, _ = one
    return Location(edge.start, edge.end, str(node.name))


def _fix_fields(fix: Fix | None) -> dict[str, Any]:
    return {"fix": fix, "fixable": fix.applicability if fix else None}


def _port_fix(some: Sequence[tuple[Edge, Node, str]], known: Mapping[int, set[str] | None]) -> Fix | None:
    """Return the fix that writes similar ports; None unless each port differs in one edit from only one existing port."""
    edits: dict[int, Edit] = {}
    lexicons: dict[int, Lexicon] = {}  # a node may have thousands of ports, and as many edges may name wrong ones
    for edge, node, port in some:
        name, point, compass = port.partition(":")
        if node.index not in lexicons:
            lexicons[node.index] = Lexicon(sorted(known[node.index] or ()))
        near = lexicons[node.index].nearest(name, most=1)
        if near is None or near.edits > 1 or not near.single:
            return None
        spelled = _spelled_port(edge, node, port)
        if spelled is None:
            return None
        word = id_text(f"{near.word}{point}{compass}" if spelled.value == port else near.word)
        if spelled.quoted and not word.startswith('"'):
            word = f'"{word}"'
        edits[spelled.start] = Edit(spelled.start, spelled.end, word)
    title = f"Correct the spelling of {the(len(edits), 'port')}"
    return Fix("safe", tuple(edits[start] for start in sorted(edits)), title)


def _spelled_port(edge: Edge, node: Node, port: str) -> Id | None:
    """Return the id with which an edge's statement sets the port of an end, after the node or as an attribute."""
    if len(edge.statements) > 1:
        return None
    set_by = edge.attribute("tailport" if node is edge.tail and edge.tail_port == port else "headport")
    if set_by is not None:
        return set_by.value if set_by.value.value == port else None
    for side in edge.statement.sides[edge.step : edge.step + 2]:
        for reference in references(side) if isinstance(side, Block) else side:
            if reference.id.value == node.name and reference.port == port:
                return reference.ports[0]
    return None


_COMPASS = {
    "top": "n", "up": "n", "bottom": "s", "down": "s", "left": "w", "right": "e", "center": "c", "centre": "c", "middle": "c",
    **{f"{one}{other}": f"{one[:1]}{other[:1]}" for one in ("north", "south", "") for other in ("east", "west", "") if one + other},
}  # fmt: skip


def _compass_point(port: str) -> str | None:
    near = Lexicon(sorted(_COMPASS)).nearest(port.lower(), most=1) if len(port) > 3 else None
    meant = _COMPASS.get(near.word if near else port.lower(), port.lower())
    return f"the compass point `{meant}`" if meant in graphviz.enumeration_values("compass") else None


def _port_help(node: Node, own: list[str]) -> str:
    if own:
        return f"its ports are {listed([f'`{port}`' for port in own])}, and compass points such as `n`"
    shape = node.attributes.get("shape", "ellipse")
    if shape in _RECORDS:
        return "add the port to a field of the label, as in `<port> text`"
    return f"a node of shape `{shape}` has only compass points; use a record or an HTML table to define ports"


def _with_ports(graph: Graph) -> Iterator[Edge]:
    """Yield the edges that may have a port; computing the attributes of a million others would take too long."""
    inherited = any(name in statement for statement in _edge_defaults(graph) for name in ("headport", "tailport"))
    for edge in graph.edges:
        statement = edge.statement
        if inherited or type(statement) is not PlainEdge:
            yield edge
            continue
        if statement.bare:
            continue
        match = statement.match
        if match[2] or match[4] or "port" in (match[5] or ""):
            yield edge


def _edge_defaults(graph: Graph) -> Iterator[Mapping[str, str]]:
    yield graph.edge_defaults
    for subgraph in graph.subgraphs:
        layer = subgraph._edge_layer  # noqa: SLF001 - the model has only the defaults of the root
        while layer is not None:
            yield layer.statement.values()
            layer = layer.before


def _ports(node: Node) -> set[str] | None:
    """Return the node's ports; None if they cannot be known."""
    label = node.attributes.get("label", "\\N")
    if isinstance(label, Html):
        from dotlint.checks.attributes.html import ports  # noqa: PLC0415 - few labels are HTML

        return ports(label)
    shape = node.attributes.get("shape", "ellipse")
    if shape in _RECORDS:
        text = label.replace("\\N", node.name)
        return {match[1].strip() for match in _RECORD_PORT.finditer(text) if match[1] is not None}
    return None if shape == "epsf" or "shapefile" in node.attributes else set()


def _has(known: set[str] | None, port: str) -> bool:
    if known is None:
        return True
    name, _, point = port.partition(":")
    compass = graphviz.enumeration_values("compass")
    if point:
        return (not name or name in known) and point in compass
    return name in known or name in compass or port in known
