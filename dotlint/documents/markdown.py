"""DOT in Markdown: fenced blocks of CommonMark, R Markdown, Quarto and MyST, read with markdown-it-py."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.documents.block import inner
from dotlint.documents.lines import Line, block_of, lines_of, strategy_pieces
from dotlint.documents.sample import whole_graph

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.documents.block import Block

LANGUAGES = frozenset({"dot", "graphviz", "gv"})
_LANGUAGE = re.compile(r"(?:kroki-)?(?P<brace>\{)?\s*[.=]?(?P<name>[\w:-]+)(?P<rest>.*)", re.DOTALL)
_COLONS = re.compile(r"(:{3,})[ \t]*(\{(?:graphviz|digraph|graph)\}[^\n]*)")
_OPTION = re.compile(r"\s*:[\w-]+:(\s|$)")
_LONE_CR = re.compile(r"\r(?!\n)")


def blocks(text: str) -> Iterator[Block]:
    """Yield the DOT blocks of a Markdown document."""
    lines = lines_of(text)
    yield from _colon_fences(text, lines)
    if "```" not in text and "~~~" not in text:
        return
    from markdown_it import MarkdownIt  # noqa: PLC0415 - slow to load

    # markdown-it counts a lone CR and a NUL differently than other programs count lines.
    parser = MarkdownIt("commonmark").disable("inline")
    for token in parser.parse(_LONE_CR.sub(" ", text).replace("\0", " ")):
        if token.type == "fence" and token.map is not None:
            first = token.map[0]
            content = token.content.split("\n")[:-1]
            inside = [_without_container(line, kept) for line, kept in zip(lines[first + 1 :], content, strict=False)]
            yield from fenced(text, lines[first], token.info.strip(), inside)


def _colon_fences(text: str, lines: Sequence[Line]) -> Iterator[Block]:
    """Yield the DOT of directives of MyST between colons, which CommonMark does not know."""
    for at, line in enumerate(lines):
        match = _COLONS.fullmatch(line.text)
        if match is not None:
            end = next((i for i in range(at + 1, len(lines)) if lines[i].text.strip() == match[1]), len(lines))
            yield from fenced(text, line, match[2], lines[at + 1 : end])


def _without_container(line: Line, content: str) -> Line:
    """Return the part of a line that belongs to the block: without indentation and the marks of quotes and lists."""
    whole = line.text.removesuffix("\r")
    if whole.endswith(content):
        return line.after(len(whole) - len(content))
    return line.after(len(whole) - len(whole.lstrip(" \t")))  # a tab that is only partly indentation


def fenced(document: str, opening: Line, info: str, lines: Sequence[Line]) -> Iterator[Block]:
    """Yield the DOT of a fenced block with its info string: the block itself, or strings in its program text."""
    match = _LANGUAGE.match(info)
    if match is None:
        return
    name, brace, rest = match["name"].lower(), match["brace"], match["rest"]
    if name in LANGUAGES:
        block = block_of(document, _body(lines) if brace else lines, before=strategy_pieces(opening))
        if not brace:
            block = whole_graph(block)
        if block is not None:
            yield block
    elif brace and name in {"graph", "digraph"}:
        from dotlint.documents.restructuredtext import named_graph  # noqa: PLC0415 - few documents have them

        yield from named_graph(document, opening, name, rest.partition("}")[2].strip(), _body(lines))
    elif brace and name in {"eval-rst", "python", "r"}:
        yield from _nested(document, name, lines)


def _body(lines: Sequence[Line]) -> Sequence[Line]:
    """Return the lines after the options of a directive, which are `:key: value` or YAML between `---`."""
    at = 0
    if lines and lines[0].text.strip() == "---":
        at = next((i + 1 for i, line in enumerate(lines) if i and line.text.strip() == "---"), 0)
    while at < len(lines) and _OPTION.match(lines[at].text):
        at += 1
    return lines[at:]


def _nested(document: str, name: str, lines: Sequence[Line]) -> Iterator[Block]:
    whole = block_of(document, lines)
    if whole is None:
        return
    if name == "eval-rst":
        from dotlint.documents.restructuredtext import blocks as nested  # noqa: PLC0415
    elif name == "r":
        from dotlint.documents.r_strings import blocks as nested  # noqa: PLC0415
    else:
        from dotlint.documents.python_strings import blocks as nested  # noqa: PLC0415
    for block in nested(whole.text):
        yield inner(block, whole.encode)
