"""Divide an input into parts: each is read, linted and written on its own, by any process, in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from dotlint.batch.json_lines import json_column, json_object, line_length, lines
from dotlint.batch.row_groups import read_rows, rows_within
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyarrow import fs

    from dotlint.batch.storage import Storage

Kind = Literal["parquet", "jsonl", "dot"]
_KINDS: dict[str, Kind] = {
    "parquet": "parquet", "pq": "parquet", "jsonl": "jsonl", "ndjson": "jsonl", "dot": "dot", "gv": "dot",
}  # fmt: skip
_MOST = 32 << 20  # bytes of JSON lines in a part


class Part(Struct, frozen=True):
    """A part of the input, numbered from 0.

    Of a Parquet file, rows `start` to `stop` of a row group; of JSON lines, the lines that start at the offsets
    `start` to `stop`; of DOT files, `files`.
    """

    number: int
    kind: Kind
    files: tuple[str, ...]
    start: int = 0
    stop: int = 0
    group: int = 0

    @property
    def name(self) -> str:
        """The name of its output, without a suffix."""
        return f"part-{self.number:06}"


class Input(Struct, frozen=True):
    """An input: its parts, its kind, and its files with their sizes and times, which identify it."""

    kind: Kind
    parts: tuple[Part, ...]
    files: tuple[tuple[str, int, int], ...]


def divide(storage: Storage, rows: int) -> Input:
    """Divide an input into parts of about `rows` rows. Raises `DotlintError` if there is nothing to read."""
    if storage.kind(storage.root) == "missing":
        raise DotlintError(f"{storage.location}: no such file or folder")
    by_kind: dict[Kind, list[fs.FileInfo]] = {}
    for info in _infos(storage):
        kind = _KINDS.get(info.extension.lower())
        if kind is not None:
            by_kind.setdefault(kind, []).append(info)
    if not by_kind:
        known = ", ".join(f".{suffix}" for suffix in _KINDS)
        raise DotlintError(f"{storage.location}: nothing to read; the suffix of an input is one of {known}")
    if len(by_kind) > 1:
        kinds = " and ".join(f"{len(some)} {kind}" for kind, some in by_kind.items())
        raise DotlintError(f"{storage.location}: contains {kinds} files; separate them")
    [(kind, files)] = by_kind.items()
    divided = list({"parquet": _parquet, "jsonl": _json_lines, "dot": _dot_files}[kind](storage, files, rows))
    empty = Part(0, kind, (files[0].path,))  # so that an input without rows has an output with its columns
    parts = tuple(msgspec.structs.replace(part, number=number) for number, part in enumerate(divided or [empty]))
    return Input(kind, parts, tuple(_identity(info) for info in files))


def changed(storage: Storage, files: Iterable[tuple[str, int, int]]) -> list[str]:
    """Return which of the files of an input have another size or time now."""
    now = {_identity(info) for info in _infos(storage)}
    return [file[0] for file in files if file not in now]


def _infos(storage: Storage) -> Iterable[fs.FileInfo]:
    return storage.files(storage.root) if storage.kind(storage.root) == "folder" else [storage.info(storage.root)]


def _identity(info: fs.FileInfo) -> tuple[str, int, int]:
    return info.path, info.size or 0, info.mtime_ns or 0


def _parquet(storage: Storage, infos: Iterable[fs.FileInfo], rows: int) -> Iterator[Part]:
    for info in infos:
        with storage.open(info.path) as file:
            metadata = _metadata(file, info.path)
        for index in range(metadata.num_row_groups):
            group = metadata.row_group(index)
            number, step = group.num_rows, rows_within(group, rows)
            for start in range(0, number, step):
                yield Part(0, "parquet", (info.path,), start, min(start + step, number), index)


def _metadata(file: pa.NativeFile, path: str) -> pq.FileMetaData:
    try:
        return pq.ParquetFile(file).metadata
    except pa.ArrowInvalid as error:
        raise DotlintError(f"{path}: not a Parquet file: {str(error).splitlines()[0]}") from None


def _json_lines(storage: Storage, infos: Sequence[fs.FileInfo], rows: int) -> Iterator[Part]:
    for info in infos:
        with storage.open(info.path) as file:
            step = max(1, min(line_length(file, info.size) * rows, _MOST))
        for start in range(0, info.size, step):
            yield Part(0, "jsonl", (info.path,), start, min(start + step, info.size))


def _dot_files(_storage: Storage, infos: Sequence[fs.FileInfo], rows: int) -> Iterator[Part]:
    paths = [info.path for info in infos]
    for start in range(0, len(paths), rows):
        yield Part(0, "dot", tuple(paths[start : start + rows]))


def read_part(storage: Storage, part: Part, *, texts: Sequence[str] = (), label: str | None = None) -> pa.Table:
    """Return the rows of a part.

    `texts` and `label` are columns that JSON lines have even if no line of the part has them. Those in `texts` are
    strings, whatever the values of the lines.
    """
    if part.kind == "dot":
        names = [path.removeprefix(storage.root).lstrip("/") or path.rpartition("/")[2] for path in part.files]
        return pa.table(
            {"path": names, "dot": pa.array([storage.read(path) for path in part.files], pa.large_binary())}
        )
    if part.kind == "parquet":
        if part.start == part.stop:
            return _without_rows(storage, part)
        return read_rows(storage, part.files[0], part.group, part.start, part.stop)
    with storage.open(part.files[0]) as file:
        rows = [json_object(line) for line in lines(file, part.start, part.stop)]
    columns = dict.fromkeys([*(name for row in rows for name in row), *texts, *([label] if label else [])])
    return pa.table({name: json_column([row.get(name) for row in rows], text=name in texts) for name in columns})


def read_columns(storage: Storage, part: Part) -> pa.Table:
    """Return a table with the columns of a part; of JSON lines it has the rows, because they decide the columns."""
    return _without_rows(storage, part) if part.kind == "parquet" else read_part(storage, part)


def _without_rows(storage: Storage, part: Part) -> pa.Table:
    with storage.open(part.files[0]) as file:
        return pq.read_schema(file).empty_table()
