"""The outline in the types of the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lsprotocol import types

from dotlint.server.diagnostics import range_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.server.messages import Symbol
    from dotlint.server.text import Text, TextPosition

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
    """Return the outline as nested symbols."""
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


def rows(
    text: Text, symbols: Iterable[Symbol], container: str = ""
) -> Iterator[tuple[str, int, str, TextPosition, TextPosition]]:
    """Yield the outline as the rows of `FileSymbols`."""
    for symbol in symbols:
        yield symbol.name, _KINDS[symbol.kind].value, container, text.position(symbol.first), text.position(symbol.last)
        yield from rows(text, symbol.children, symbol.name)


def flat(uri: str, text: Text, symbols: Sequence[Symbol], container: str = "") -> Iterator[types.SymbolInformation]:
    """Yield the outline for an editor without nested symbols; each has the name of its container."""
    for symbol in symbols:
        yield types.SymbolInformation(
            name=symbol.name,
            kind=_KINDS[symbol.kind],
            location=types.Location(uri, range_of(text, symbol.start, symbol.end)),
            container_name=container or None,
        )
        yield from flat(uri, text, symbol.children, symbol.name)
