"""N: nodes before braces, which should have been `subgraph cluster_a {`."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeGuard

from dotlint.engine.finding import Edit, Fix
from dotlint.syntax.tree import Block, NodeStatement
from dotlint.text.nearest import Lexicon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.syntax.tree import Id, Statement

_SUBGRAPH = Lexicon(["subgraph"])


def missing_subgraph(context: GraphContext, card: Card, body: list[Statement]) -> Iterator[Outcome]:
    """Report `cluster_a {` and `subgrph cluster_a {`: nodes that are followed by an anonymous subgraph."""
    text = context.file.document.text
    for at, (before, block) in enumerate(pairwise(body)):
        if not isinstance(block, Block) or block.keyword is not None or not _is_bare(before):
            continue
        if not same_line(text, before, block):
            continue
        name = before.nodes[0].id
        word = body[at - 1] if at else None
        misspelled = None
        if word is not None and _is_bare(word) and same_line(text, word, before):
            first = word.nodes[0].id
            misspelled = first if _SUBGRAPH.nearest(first.raw) else None
        if misspelled is None and not name.value.lower().startswith("cluster") and not _titles(context, name, block):
            continue
        if misspelled is not None:
            edit = Edit(misspelled.start, misspelled.end, "subgraph")
        else:
            edit = Edit(name.start, name.start, "subgraph ")
        yield card.finding(
            f"`{name.raw}` is a node here, and the braces after it are an anonymous subgraph",
            (misspelled or name).start,
            name.end,
            nodes=(name.value,),
            help=f"write `subgraph {name.raw} {{`",
            fix=Fix("unsafe", (edit,), f"Write `subgraph {name.raw} {{`"),
            fixable="unsafe",
            graph=context.graph.index,
        )


def same_line(text: str, before: Statement, after: Statement) -> bool:
    """Return whether only blanks separate two statements: no semicolon and no line break."""
    between = text[before.core_end : after.start]
    return bool(between) and not between.strip() and "\n" not in between


def _titles(context: GraphContext, name: Id, block: Block) -> bool:
    """Return whether a node that is used only here comes before braces with attributes of their own."""
    node = context.graph.nodes.get(name.value)
    if node is None or len(node.statements) > 1 or node.in_edges or node.out_edges:
        return False
    return any(s.start == block.start and s.name is None and s.own_attributes for s in context.graph.subgraphs)


def _is_bare(statement: Statement) -> TypeGuard[NodeStatement]:
    """Return whether a statement is only the name of one node."""
    return isinstance(statement, NodeStatement) and not statement.lists and len(statement.nodes) == 1
