"""N: words that are nodes, or attributes that are the graph's, because quotes, brackets or a keyword are missing."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from dotlint.checks.attributes.uses import bodies
from dotlint.checks.grouping import remaining
from dotlint.checks.names.missing_subgraph import missing_subgraph, same_line
from dotlint.data import graphviz
from dotlint.edits.fix_context import in_order
from dotlint.engine.finding import Edit, Fix, Location, Related
from dotlint.syntax.tree import Assignment, EdgeStatement, NodeStatement
from dotlint.text.english import count, listed, the
from dotlint.text.nearest import Lexicon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Graph, Node
    from dotlint.syntax.tree import Attribute, Id, Statement


def keyword_nodes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report words that are nodes, or attributes that are the graph's, because quotes or brackets are missing."""
    text = context.file.document.text
    strays: list[tuple[Assignment, Id]] = []
    bare: list[tuple[str, list[Attribute]]] = []
    for _, body in bodies(context.graph):
        taken: set[int] = set()
        for before, statement in pairwise(body):
            stray = _stray_value(context.graph, before, statement)
            if stray is not None and same_line(text, before, statement):
                strays.append(stray)
                taken.add(id(statement))
        bare += _without_brackets(text, body, taken)
        yield from missing_subgraph(context, card, body)
    for node in context.graph.nodes.values():
        if 3 <= len(node.name) <= 6 and len(node.statements) == 1:
            yield from _meant_defaults(context, card, node)
    strays = remaining(context.file, card, strays, _at_stray)
    bare = remaining(context.file, card, bare, _at_attributes)
    if strays:
        yield _strays(context, card, strays)
    if bare:
        yield _bare(context, card, bare)


def is_stray_value(node: Node) -> bool:
    """Return whether a node may be part of a value without quotes: it is named like a style and has nothing else."""
    return (
        node.name in graphviz.styles("node")
        and not node.in_edges
        and not node.out_edges
        and not any(statement.lists for statement in node.statements)
    )


def _stray_value(graph: Graph, before: Statement, statement: Statement) -> tuple[Assignment, Id] | None:
    """Return the assignment and the node of `style=rounded filled`, in which the second word is a node."""
    if not isinstance(before, Assignment) or not isinstance(statement, NodeStatement):
        return None
    one = statement.nodes[0].id
    node = graph.nodes[one.value]
    if one.quoted or statement.lists or len(statement.nodes) > 1 or node.in_edges or node.out_edges:
        return None
    return None if any(own.lists for own in node.statements) else (before, one)


def _strays(context: GraphContext, card: Card, some: list[tuple[Assignment, Id]]) -> Outcome:
    edits = []
    for assignment, one in some:
        attribute = assignment.attributes[0]
        joined = f"{attribute.value.value}{',' if attribute.name.value == 'style' else ' '}{one.raw}"
        edits.append(Edit(attribute.value.start, one.end, '"' + joined.replace('"', '\\"') + '"'))
    attribute, first = some[0][0].attributes[0], some[0][1]
    more = f", and so {'is' if len(some) == 2 else 'are'} {count(len(some) - 1, 'more word')}" if len(some) > 1 else ""
    return card.finding(
        f"`{first.raw}` is a node here, not part of the value of `{attribute.name.value}`{more}",
        first.start,
        first.end,
        nodes=tuple(dict.fromkeys(one.value for _, one in some)),
        locations=tuple(map(_at_stray, some)),
        related=tuple(Related("here too", one.start, one.end) for _, one in some[1:4]),
        help=f"put the value in quotes: `{attribute.name.value}={edits[0].text}`",
        fix=Fix("unsafe", in_order(edits), f"Put {the(len(edits), 'value')} in quotes"),
        fixable="unsafe",
        graph=context.graph.index,
    )


def _at_stray(one: tuple[Assignment, Id]) -> Location:
    return Location(one[1].start, one[1].end, str(one[1].value))


def _at_attributes(one: tuple[str, list[Attribute]]) -> Location:
    return Location(one[1][0].start, one[1][-1].end)


def _without_brackets(text: str, body: list[Statement], taken: set[int]) -> Iterator[tuple[str, list[Attribute]]]:
    """Yield the kind and attributes of `a -> b style=dashed`, which are the graph's.

    `taken` has the ids of statements that are stray values.
    """
    known = graphviz.attributes()
    at = 0
    while at < len(body) - 1:
        first = body[at]
        run: list[Assignment] = []
        while at + 1 < len(body) and isinstance(after := body[at + 1], Assignment) and same_line(text, body[at], after):
            run.append(after)
            at += 1
        at += 1
        letter = "N" if isinstance(first, NodeStatement) else "E" if isinstance(first, EdgeStatement) else ""
        attributes = [assignment.attributes[0] for assignment in run]
        if not run or not letter or id(first) in taken:
            continue
        if all(a.name.value in known and known[a.name.value].allowed(letter) for a in attributes):
            yield "node" if letter == "N" else "edge", attributes


def _bare(context: GraphContext, card: Card, some: list[tuple[str, list[Attribute]]]) -> Outcome:
    what, attributes = some[0]
    spans = [(found[0].start, found[-1].end) for _, found in some]
    edits = [edit for start, end in spans for edit in (Edit(start, start, "["), Edit(end, end, "]"))]
    more = f", also at {count(len(some) - 1, 'more location')}" if len(some) > 1 else ""
    names = listed([f"`{attribute.name.value}`" for attribute in attributes])
    return card.finding(
        f"{names} after this {what} {'is an attribute' if len(attributes) == 1 else 'are attributes'} of the graph{more}",
        *spans[0],
        locations=tuple(Location(*span) for span in spans),
        related=tuple(Related("here too", *span) for span in spans[1:4]),
        help=f"put it in brackets: `[{context.file.document.text[slice(*spans[0])]}]`",
        fixable="unsafe",
        fix=Fix("unsafe", in_order(edits), f"Put {names} in brackets"),
        graph=context.graph.index,
    )


_DEFAULTS = Lexicon(["node", "edge", "graph"])


def _meant_defaults(context: GraphContext, card: Card, node: Node) -> Iterator[Outcome]:
    """Report `nodes [shape=box]` and `"node" [shape=box]`, which are nodes and set no defaults."""
    statement = node.statements[0]
    one = statement.nodes[0].id
    near = _DEFAULTS.nearest(node.name, most=1) if node.name not in {"node", "edge", "graph"} else None
    word = near.word if near else node.name
    if (near is None and not (one.quoted and word in {"node", "edge", "graph"})) or node.in_edges or node.out_edges:
        return
    names = set(statement.values())
    letters = {"node": "N", "edge": "E", "graph": "GC"}[word]
    known = graphviz.attributes()
    if (
        not names
        or "label" in names
        or len(statement.nodes) > 1
        or not all(n in known and known[n].allowed(letters) for n in names)
    ):
        return
    text = context.file.document.text
    edits = (Edit(one.start, one.end, word),) if text[one.start : one.end] == one.raw else ()
    fix = Fix("unsafe", edits, f"Write `{word} [...]`") if edits else None
    yield card.finding(
        f"`{one.raw}` is a node here and sets no defaults for {word}s"
        if word != "graph"
        else f"`{one.raw}` is a node here",
        one.start,
        one.end,
        nodes=(node.name,),
        help=f"write `{word} [...]`",
        fixable="unsafe" if fix else None,
        fix=fix,
        graph=context.graph.index,
    )
