"""How nodes are colored: the kind and stage of each node as a token type and modifiers of the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dotlint.deployment.model import Reading
    from dotlint.engine.context import FileContext

TYPES: Final = ("variable", "function", "class", "enumMember", "parameter", "property", "namespace", "comment")
"""The token types: standard ones that most themes color. The style of a node is an index, plus `ODD_STAGE`."""

MODIFIERS: Final = ("declaration", "static")
"""`declaration` is for the node's own statement, `static` for the nodes of every second stage."""

DECLARATION: Final = 1
STATIC: Final = 2
ODD_STAGE: Final = 16
_KINDS: Final = {"computation": 1, "communication": 2, "routing": 3, "io": 4, "memory": 5}


def styles(file: FileContext) -> bytes:
    """Return the style of each node; the nodes of all graphs are numbered consecutively."""
    return bytes(
        _style(graph.deployment.by_name[name]) if graph.deployment.recognized else 0
        for graph in file.graphs
        for name in graph.graph.nodes
    )


def _style(reading: Reading) -> int:
    if reading.annotation:
        return TYPES.index("comment")
    kind = TYPES.index("namespace") if reading.summary else _KINDS.get(reading.kind or "", 0)
    return kind + (ODD_STAGE if reading.stage is not None and reading.stage % 2 else 0)
