"""Symbols of the workspace: of open texts as last linted, and of all other files as on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from lsprotocol import types

from dotlint.errors import DotlintError
from dotlint.server.messages import Failure, FileSymbols, Job
from dotlint.server.symbols import flat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.server.messages import EditorOptions, Message, Stamp
    from dotlint.server.open_file import OpenFile
    from dotlint.server.text import Encoding
    from dotlint.server.workers import Workers

MOST: Final = 500
"""The maximum number of symbols in an answer; a longer query narrows them down."""


class DiskSymbols:
    """The symbols of files on disk; a file is read again when its modification time or size changes."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._known: dict[str, tuple[Stamp, list[types.SymbolInformation]]] = {}

    async def symbols(
        self, folders: Sequence[tuple[Path, EditorOptions]], encoding: Encoding
    ) -> dict[str, list[types.SymbolInformation]]:
        """Return the symbols of every file, by path. Raises `DotlintError` if the worker process fails."""
        found: dict[str, tuple[Stamp, list[types.SymbolInformation]]] = {}
        for folder, options in folders:
            known = {path: stamp for path, (stamp, _) in self._known.items()}
            got: list[Message] = []
            job = Job("names", "", str(folder), options, encoding=encoding, known=known)
            await self._workers.run(job, got.append)
            for message in got:
                if isinstance(message, Failure):
                    raise DotlintError(message.message)
                if isinstance(message, FileSymbols):
                    found[message.path] = self._stamped_symbols(message)
        self._known = found
        return {path: symbols for path, (_, symbols) in found.items()}

    def _stamped_symbols(self, file: FileSymbols) -> tuple[Stamp, list[types.SymbolInformation]]:
        if file.rows is None:
            return self._known[file.path]
        uri = Path(file.path).as_uri()
        symbols = [
            types.SymbolInformation(
                name=name,
                kind=types.SymbolKind(kind),
                location=types.Location(uri, types.Range(types.Position(*start), types.Position(*end))),
                container_name=container or None,
            )
            for name, kind, container, start, end in file.rows
        ]
        return file.stamp, symbols


def open_symbols(file: OpenFile) -> Iterator[types.SymbolInformation]:
    """Yield the symbols of an open file, from its last report."""
    if file.last is not None and file.last.report is not None:
        yield from flat(file.uri, file.last.text, file.last.report.symbols)


def matching(symbols: Iterable[types.SymbolInformation], query: str) -> list[types.SymbolInformation]:
    """Return the symbols that match a query, best first: they contain its letters in order, ignoring case."""
    letters = "".join(query.casefold().split())
    ranked = [(rank, symbol) for symbol in symbols if (rank := _rank(symbol.name.casefold(), letters)) is not None]
    return [symbol for _, symbol in sorted(ranked, key=lambda pair: pair[0])[:MOST]]


def _rank(name: str, query: str) -> tuple[int, int] | None:
    at = name.find(query)
    if at >= 0:
        return (0 if name == query else 1 if at == 0 else 2, len(name))
    rest = iter(name)
    return (3, len(name)) if all(letter in rest for letter in query) else None
