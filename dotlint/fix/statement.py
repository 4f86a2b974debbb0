"""DOT statements written in the manner of the file they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.regex import regex
from dotlint.syntax.tree import Html

if TYPE_CHECKING:
    from dotlint.graph.model import Graph

_PLAIN = regex(r"[^\x00-@\[-^`{-\x7f][^\x00-/:-@\[-^`{-\x7f]*|-?(?:\d+(?:\.\d*)?|\.\d+)")
_KEYWORDS = {"node", "edge", "graph", "digraph", "subgraph", "strict"}


def id_text(name: str) -> str:
    r"""Write an id so that Graphviz reads it back as `name`: bare where it can be, else in quotes.

    An id read from a file has its escapes as they stood there, so only quotes have to be escaped.
    """
    if isinstance(name, Html):
        return f"<{name}>"
    if _PLAIN.fullmatch(name) and name.lower() not in _KEYWORDS:
        return name
    return '"' + name.replace('"', '\\"') + '"'


def edge_text(text: str, graph: Graph, pair: tuple[str, str], attributes: str = "") -> str:
    """Write an edge without a semicolon, `a -> b [style=dashed]`; ids as the file (`text`) spells those nodes."""
    operator = "->" if graph.directed else "--"
    ends = f"{as_written(text, graph, pair[0])} {operator} {as_written(text, graph, pair[1])}"
    return f"{ends} [{attributes}]" if attributes else ends


def as_written(text: str, graph: Graph, name: str) -> str:
    """Spell a node as its first mention does; one that is not there yet as plainly as DOT allows."""
    node = graph.nodes.get(name)
    return id_text(name) if node is None else text[slice(*node.span)]
