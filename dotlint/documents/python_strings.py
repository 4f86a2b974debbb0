"""DOT in Python: strings that the code hands to graphviz, pydot or pygraphviz, as in `Source('''digraph {...}''')`."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from dotlint.documents.block import Block, assemble, unescaped

if TYPE_CHECKING:
    from collections.abc import Iterator


_READERS: Final = frozenset({"Source", "AGraph", "graph_from_dot_data", "graphs_from_dot_data"})
_KEYWORDS: Final = frozenset({"source", "string", "s", "data"})
_GRAPH = re.compile(r"\s*(?:(?://|#)[^\n]*\n\s*|/\*.*?\*/\s*)*(?:strict\s+)?(?:di)?graph\b", re.IGNORECASE | re.DOTALL)
_NOT_PYTHON = re.compile(r"^[ \t]*[%!?][^\n]*", re.MULTILINE)  # commands of a notebook
_LITERAL = re.compile(r"""(?P<prefix>[A-Za-z]*)(?P<quote>'{3}|"{3}|'|")""")
_ESCAPE = re.compile(
    r"\\(?:\r?\n|[0-7]{1,3}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|N\{[^}]*\}|[\\'\"abfnrtv])"
)


def blocks(text: str, drawn: frozenset[str] = frozenset()) -> Iterator[Block]:
    """Yield the strings that are read as DOT; `drawn` are variables whose values other code reads as DOT."""
    tree = _parsed(text)
    if tree is None:
        return
    drawn |= _drawn(tree)
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def offset(line: int, column: int) -> int:  # ast counts columns in bytes of UTF-8
        return starts[line - 1] + len(
            lines[line - 1].encode("utf-8", "surrogatepass")[:column].decode("utf-8", "replace")
        )

    strings = sorted(_strings(tree, drawn), key=lambda node: (node.lineno, node.col_offset))
    for node in dict.fromkeys(strings):
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        span = offset(node.lineno, node.col_offset), offset(node.end_lineno, node.end_col_offset)
        block = _block(text, *span)
        if block is not None and block.text == str(node.value).replace("\r\n", "\n") and _GRAPH.match(block.text):
            yield block


def drawn_names(text: str) -> frozenset[str]:
    """Return the variables whose values the code reads as DOT."""
    tree = _parsed(text)
    return frozenset() if tree is None else _drawn(tree)


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(_NOT_PYTHON.sub(lambda match: "#" * len(match[0]) if match[0].isascii() else "", text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _arguments(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield what is handed to the functions that read DOT."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if name in _READERS:
                yield from node.args[:1]
                yield from (keyword.value for keyword in node.keywords if keyword.arg in _KEYWORDS)


def _drawn(tree: ast.Module) -> frozenset[str]:
    return frozenset(one.id for one in _arguments(tree) if isinstance(one, ast.Name))


def _strings(tree: ast.Module, drawn: frozenset[str]) -> Iterator[ast.Constant]:
    for one in _arguments(tree):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
            and any(isinstance(target, ast.Name) and target.id in drawn for target in node.targets)
        ):
            yield node.value


def _block(text: str, start: int, end: int) -> Block | None:
    """Return the content of a string literal; None if it is several literals or an f-string."""
    match = _LITERAL.match(text, start, end)
    if match is None or "f" in match["prefix"].lower() or "b" in match["prefix"].lower():
        return None
    quote, first, last = match["quote"], match.end(), end - len(match["quote"])
    raw = "r" in match["prefix"].lower()
    inside = text[first:last]
    if last < first or not text.endswith(quote, first, end) or re.search(rf"(?<!\\)(?:\\\\)*{quote}", inside):
        return None
    escapes = () if raw else _ESCAPE.finditer(text, first, last)
    pieces = unescaped(first, last, escapes, lambda escape: str(ast.literal_eval(f'"{escape}"')))
    return Block(assemble(text, pieces), str if raw else lambda line: _spell(line, quote))


def _spell(line: str, quote: str) -> str:
    escaped = line.replace("\\", "\\\\")
    return escaped.replace(quote, "\\" + quote) if len(quote) == 1 else escaped.replace(quote, "\\" + "\\".join(quote))
