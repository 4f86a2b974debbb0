"""Symbols of the whole workspace: of open texts as they were last understood, of other files as they lie on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from lsprotocol import types

from dotlint.errors import DotlintError
from dotlint.server.messages import Failure, Job, Names
from dotlint.server.symbols import flat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.server.messages import Message, Options, Stamp
    from dotlint.server.open_files import OpenFile
    from dotlint.server.text import Encoding
    from dotlint.server.workers import Workers

MOST: Final = 500
"""So many symbols are given, the best ones; no editor shows more, and who types on narrows them down."""


class OnDisk:
    """What the files of the folders have for symbols; a file is read anew when its time or size changes."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._known: dict[str, tuple[Stamp, list[types.SymbolInformation]]] = {}

    async def symbols(
        self, folders: Sequence[tuple[Path, Options]], encoding: Encoding
    ) -> dict[str, list[types.SymbolInformation]]:
        """Give the symbols of every file, by path. Raises `DotlintError` where the process fails that reads them."""
        there: dict[str, tuple[Stamp, list[types.SymbolInformation]]] = {}
        for folder, options in folders:
            known = {path: stamp for path, (stamp, _) in self._known.items()}
            got: list[Message] = []
            job = Job("names", "", str(folder), options, encoding=encoding, known=known)
            await self._workers.run(job, got.append)
            for message in got:
                if isinstance(message, Failure):
                    raise DotlintError(message.message)
                if isinstance(message, Names):
                    there[message.path] = self._taken(message)
        self._known = there
        return {path: symbols for path, (_, symbols) in there.items()}

    def _taken(self, names: Names) -> tuple[Stamp, list[types.SymbolInformation]]:
        if names.rows is None:
            return self._known[names.path]
        uri = Path(names.path).as_uri()
        symbols = [
            types.SymbolInformation(
                name=name,
                kind=types.SymbolKind(kind),
                location=types.Location(uri, types.Range(types.Position(*start), types.Position(*end))),
                container_name=around or None,
            )
            for name, kind, around, start, end in names.rows
        ]
        return names.stamp, symbols


def of_open(file: OpenFile) -> Iterator[types.SymbolInformation]:
    """Give the symbols of an open file, as far as it was understood yet."""
    if file.last is not None and file.last.report is not None:
        yield from flat(file.uri, file.last.text, file.last.report.symbols)


def matching(symbols: Iterable[types.SymbolInformation], query: str) -> list[types.SymbolInformation]:
    """Give the symbols that a query means, the nearest first: its letters in their order, whatever their case."""
    wanted = "".join(query.casefold().split())
    ranked = [(rank, symbol) for symbol in symbols if (rank := _rank(symbol.name.casefold(), wanted)) is not None]
    return [symbol for _, symbol in sorted(ranked, key=lambda pair: pair[0])[:MOST]]


def _rank(name: str, wanted: str) -> tuple[int, int] | None:
    at = name.find(wanted)
    if at >= 0:
        return (0 if name == wanted else 1 if at == 0 else 2, len(name))
    letters = iter(name)
    return (3, len(name)) if all(letter in letters for letter in wanted) else None
