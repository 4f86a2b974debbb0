"""What the editor needs of a parsed text, before it is linted: mentions of nodes, clusters, folds and colors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.data.colors import rgb
from dotlint.data.graphviz import attributes
from dotlint.server.messages import ColorSpan, FoldSpan, ParsedText
from dotlint.server.references import read_mentions
from dotlint.syntax.tree import AttributedStatement, Block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.graph.document import Document
    from dotlint.syntax.tree import Id

_MOST_COLORS: Final = 5_000


def parsed_text(document: Document) -> ParsedText:
    """Return what the editor needs of a parsed text."""
    clusters = [
        (one.name, one.start, one.end) for graph in document.graphs for one in graph.subgraphs if one.name is not None
    ]
    return ParsedText(
        read_mentions(document),
        tuple(clusters),
        complete=not document.problems,
        folds=tuple(folds(document)),
        colors=tuple(colors(document)),
    )


def folds(document: Document) -> Iterator[FoldSpan]:
    """Yield the graphs, blocks, statements and comments that are longer than a line."""
    text = document.text
    for graph in document.graphs:
        body = graph.statement
        yield FoldSpan(body.open.start, body.end, "block")
    for statement in document.tree.statements():
        start, end = statement.start, statement.core_end
        if "\n" not in text[start:end]:
            continue
        if isinstance(statement, Block):
            yield FoldSpan(statement.open.start, statement.close.end, "block")
        else:
            yield FoldSpan(start, end, "statement")
    lines: list[tuple[int, int]] = []  # of comments that follow each other
    for comment in document.comments:
        if lines and text[lines[-1][1] : comment.start].strip(" \t\r") != "\n":
            yield FoldSpan(lines[0][0], lines[-1][1], "comment")
            lines = []
        lines.append((comment.start, comment.end))
    if lines:
        yield FoldSpan(lines[0][0], lines[-1][1], "comment")


def colors(document: Document) -> Iterator[ColorSpan]:
    """Yield the colors of attribute values, in any order; those of other schemes than X11 have no known value.

    If the text sets a color scheme, names may mean other colors, so only numeric colors are reported.
    """
    text = document.text
    if "color" not in text:
        return
    names = {name for name, fact in attributes().items() if {"color", "colors"} & set(fact.types)}
    schemed, left = "colorscheme" in text, _MOST_COLORS
    for statement in document.tree.statements():
        if left < 0:
            return
        if not isinstance(statement, AttributedStatement) or "color" not in text[statement.start : statement.end]:
            continue
        for attribute in statement.attributes:
            if attribute.name.value in names:
                found = list(_of_value(text, attribute.value))
                left -= len(found)
                yield from (one for one in found if not schemed or not text[one.start].isalpha())


def _of_value(text: str, value: Id) -> Iterator[ColorSpan]:
    """Yield the colors of a value, which may be a list with weights. A value in several parts or lines has none."""
    raw, at = text[value.start : value.end], value.start
    if raw.startswith('"'):
        raw, at = raw[1:-1], at + 1
    if '"' in raw or "\\" in raw or raw.startswith("<"):
        return
    for part in raw.split(":"):
        color = part.partition(";")[0]
        known = rgb(color) if color.strip() else None
        if known is not None:
            start = at + len(color) - len(color.lstrip())
            yield ColorSpan(start, start + len(color.strip()), known)
        at += len(part) + 1
