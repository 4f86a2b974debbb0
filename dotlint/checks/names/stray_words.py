"""N025: a word between statements that adds a node by accident."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks.grouping import remaining
from dotlint.checks.names.keyword_nodes import is_stray_value
from dotlint.checks.names.placeholders import is_placeholder
from dotlint.engine.finding import Edit, Fix, Location
from dotlint.text.english import count, the
from dotlint.text.lines import line_end, line_start
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Node

# The end of another statement before the word, or the start of one after it, on the same line.
_STATEMENT_BEFORE = regex(r"(?:[\w\"]\s|[;\]}>])[ \t]*\Z")
_STATEMENT_AFTER = regex(r"[ \t]*(?:;[ \t]*|[ \t])[\w\"]")
# Another bare word beside it, so that nodes are listed.
_LISTED_BEFORE = regex(r"(?:\A|[;{}\]])[ \t]*\w+(?:[ \t]+\w+)*[ \t]*;?[ \t]*\Z")
_LISTED_AFTER = regex(r"[ \t]*;?[ \t]*\w+[ \t]*(?:;|\Z|[ \t]\w)")
_WORD = regex(r"\w+")


def stray_words(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report a bare word on the line of another statement that is a node without edges and attributes.

    It is judged only where almost all other nodes have both. Where nodes are listed, or some are isolated or have no
    attributes, a bare node is normal.
    """
    graph = context.graph
    idle = [node for node in graph.nodes.values() if not _is_connected(node) and not node.own_attributes]
    others = len(graph.nodes) - len(idle)
    if not idle or others < card.parameters["others"] * len(idle):
        return
    whole = sum(1 for node in graph.nodes.values() if _is_connected(node) and node.own_attributes)
    if 100 * whole < card.parameters["percent"] * others:
        return
    text = context.file.document.text
    words = [node for node in idle if _is_stray(node, text)]
    words = remaining(context.file, card, words, _at)
    if words:
        edits = tuple(_removal(node, text) for node in words)
        more = f", and so {'is' if len(words) == 2 else 'are'} {count(len(words) - 1, 'more word')}"
        yield card.finding(
            f"`{words[0].name}` is a node without edges and attributes{more if len(words) > 1 else ''}:"
            " other nodes have both",
            words[0].start,
            words[0].end,
            nodes=tuple(node.name for node in words),
            locations=tuple(map(_at, words)),
            help="remove the word, or connect the node",
            fix=Fix("unsafe", edits, f"Remove {the(len(edits), 'word')}"),
            graph=graph.index,
        )


def _is_connected(node: Node) -> bool:
    return bool(node.in_edges or node.out_edges)


def _is_stray(node: Node, text: str) -> bool:
    """Return whether the only mention of the node is a word of its own between other statements of a line."""
    if len(node.statements) != 1 or is_placeholder(node) or is_stray_value(node):
        return False
    if any(not subgraph.is_cluster for subgraph in node.subgraphs):
        return False  # a set, such as `{rank=same; a b}`
    statement = node.statements[0]
    raw = text[node.start : node.end]
    if len(statement.nodes) != 1 or statement.lists or not _WORD.fullmatch(raw):
        return False
    before = text[line_start(text, node.start) : node.start]
    after = text[node.end : line_end(text, node.end)]
    if _LISTED_BEFORE.search(before) or _LISTED_AFTER.match(after):
        return False
    return bool(_STATEMENT_BEFORE.search(before) or (before.strip() in {"", "{"} and _STATEMENT_AFTER.match(after)))


def _removal(node: Node, text: str) -> Edit:
    """Return the edit that removes the word, and the semicolon that ends it."""
    end = node.statements[0].end
    return Edit(node.start, end if text[node.end : end].strip(" \t") in {"", ";"} else node.end, "")


def _at(node: Node) -> Location:
    return Location(node.start, node.end, str(node.name))
