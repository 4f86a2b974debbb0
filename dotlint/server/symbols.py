"""The outline as an editor shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lsprotocol import types

from dotlint.server.diagnostics import range_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.server.messages import Symbol
    from dotlint.server.text import Place, Text

_KINDS: Final = {
    "graph": types.SymbolKind.File,
    "phase": types.SymbolKind.Namespace,
    "stage": types.SymbolKind.Module,
    "layer": types.SymbolKind.Package,
    "cluster": types.SymbolKind.Package,
    "operator": types.SymbolKind.Function,
    "transfer": types.SymbolKind.Event,
    "tensor": types.SymbolKind.Variable,
    "note": types.SymbolKind.String,
}


def nested(text: Text, symbols: Sequence[Symbol]) -> list[types.DocumentSymbol]:
    """Give the outline with what is in what."""
    return [
        types.DocumentSymbol(
            name=symbol.name,
            detail=symbol.detail or None,
            kind=_KINDS[symbol.kind],
            range=range_of(text, symbol.start, symbol.end),
            selection_range=range_of(text, symbol.first, symbol.last),
            children=nested(text, symbol.children) or None,
        )
        for symbol in symbols
    ]


def rows(text: Text, symbols: Iterable[Symbol], around: str = "") -> Iterator[tuple[str, int, str, Place, Place]]:
    """Give the outline as `Names` has it."""
    for symbol in symbols:
        yield symbol.name, _KINDS[symbol.kind].value, around, text.place(symbol.first), text.place(symbol.last)
        yield from rows(text, symbol.children, symbol.name)


def flat(uri: str, text: Text, symbols: Sequence[Symbol], around: str = "") -> Iterator[types.SymbolInformation]:
    """Give the outline for an editor that knows no nesting: each entry with the name of the one around it."""
    for symbol in symbols:
        yield types.SymbolInformation(
            name=symbol.name,
            kind=_KINDS[symbol.kind],
            location=types.Location(uri, range_of(text, symbol.start, symbol.end)),
            container_name=around or None,
        )
        yield from flat(uri, text, symbol.children, symbol.name)
