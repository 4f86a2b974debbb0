"""DOT in reStructuredText: the directives `graphviz`, `digraph` and `graph` of Sphinx, and code in the language `dot`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.documents.lines import Line, block_of, indent_of, lines_of, strategy_pieces, without_indent
from dotlint.documents.sample import whole_graph

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.documents.block import Block
    from dotlint.documents.directives import DotDirective

_NAME = re.compile(r"\.\.[ \t]+(?:\|[^|\n]+\|[ \t]+)?([\w:+.-]+?)[ \t]?::(?=\s|$)")


def blocks(text: str) -> Iterator[Block]:
    """Yield the DOT of the directives of a document; raises `DotlintError` if docutils cannot read it."""
    lines = lines_of(text)
    for found in _directives(text):
        body = _content(lines, found.content)
        opening = lines[min(found.line, len(lines) - 1)]
        if found.name in {"digraph", "graph"}:
            yield from named_graph(text, opening, found.name, found.argument, body)
            continue
        block = block_of(text, body, before=strategy_pieces(opening))
        if found.shown:
            block = whole_graph(block)
        if block is not None:
            yield block


def named_graph(document: str, opening: Line, kind: str, name: str, body: Sequence[Line]) -> Iterator[Block]:
    """Yield the graph of a directive that has only the statements: Sphinx adds the header and the braces."""
    header = f"{kind} {name} {{\n" if name else f"{kind} {{\n"
    block = block_of(document, body, before=[(opening.start, opening.end, header)], after="\n}")
    if block is not None:
        yield block


def _content(lines: Sequence[Line], content: Sequence[tuple[int, str]]) -> list[Line]:
    """Return the lines of a directive's content without indentation; in a table, without the rest of the row."""
    found = [lines[number] for number, _ in content if number < len(lines)]
    if all(line.text.expandtabs(8).rstrip().endswith(text) for line, (_, text) in zip(found, content, strict=False)):
        width = min((indent_of(line.text) for line in found if line.text.strip()), default=0)
        return without_indent(found, width)
    cells = [Line(line.start + line.text.find(text), text) for line, (_, text) in zip(found, content, strict=False)]
    return cells if all(text in line.text for line, (_, text) in zip(found, content, strict=False)) else []


def included(text: str) -> Iterator[str]:
    """Yield the files that `graphviz` directives draw and that `literalinclude` shows as DOT."""
    for found in _directives(text):
        if found.argument and not found.content and found.name in {"graphviz", "literalinclude"}:
            yield found.argument


def _directives(text: str) -> list[DotDirective]:
    names = set(_NAME.findall(text))
    if re.search(r"graph|literalinclude|(?:code|code-block|sourcecode)::[ \t]+(?:dot|gv)", text, re.IGNORECASE) is None:
        return []
    from dotlint.documents.directives import dot_directives  # noqa: PLC0415 - docutils is slow to load

    return dot_directives(text, names)
