"""DOT in reStructuredText: the directives `graphviz`, `digraph` and `graph` of Sphinx, and code in the language `dot`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.documents.lines import block_of, indent_of, lines_of, strategy_pieces, without_indent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.documents.block import Block
    from dotlint.documents.directives import DotDirective
    from dotlint.documents.lines import Line

_NAME = re.compile(r"\.\.[ \t]+(?:\|[^|\n]+\|[ \t]+)?([\w:+.-]+?)[ \t]?::(?=\s|$)")


def blocks(text: str) -> Iterator[Block]:
    """Yield the DOT of the directives of a document; raises `DotlintError` if docutils cannot read it."""
    lines = lines_of(text)
    for found in _directives(text):
        content = lines[found.content[0] : found.content[-1] + 1] if found.content else []
        width = min((indent_of(line.text) for line in content if line.text.strip()), default=0)
        body = without_indent(content, width)
        opening = lines[min(found.line, len(lines) - 1)]
        if found.name in {"digraph", "graph"}:
            yield from named_graph(text, opening, found.name, found.argument, body)
        elif (block := block_of(text, body, before=strategy_pieces(opening))) is not None:
            yield block


def named_graph(document: str, opening: Line, kind: str, name: str, body: Sequence[Line]) -> Iterator[Block]:
    """Yield the graph of a directive that has only the statements: Sphinx adds the header and the braces."""
    header = f"{kind} {name} {{\n" if name else f"{kind} {{\n"
    block = block_of(document, body, before=[(opening.start, opening.end, header)], after="\n}")
    if block is not None:
        yield block


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
