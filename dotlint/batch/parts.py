"""Divide an input into parts: each is read, linted and written on its own, by any process, in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyarrow import fs

    from dotlint.batch.storage import Storage

Kind = Literal["parquet", "jsonl", "dot"]
_KINDS: dict[str, Kind] = {
    "parquet": "parquet", "pq": "parquet", "jsonl": "jsonl", "ndjson": "jsonl", "dot": "dot", "gv": "dot",
}  # fmt: skip
_SAMPLE = 1 << 20  # bytes of JSON lines whose average length counts for all
_BLOCK = 1 << 20


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
    found = storage.kind(storage.root)
    if found == "missing":
        raise DotlintError(f"{storage.location}: no such file or folder")
    infos = list(storage.files(storage.root)) if found == "folder" else [storage.info(storage.root)]
    by_kind: dict[Kind, list[fs.FileInfo]] = {}
    for info in infos:
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
    divided = {"parquet": _parquet, "jsonl": _json_lines, "dot": _dot_files}[kind](storage, files, rows)
    parts = tuple(msgspec.structs.replace(part, number=number) for number, part in enumerate(divided))
    return Input(kind, parts, tuple((info.path, info.size, info.mtime_ns or 0) for info in files))


def _parquet(storage: Storage, infos: Iterable[fs.FileInfo], rows: int) -> Iterator[Part]:
    for info in infos:
        with storage.open(info.path) as file:
            metadata = _metadata(file, info.path)
        for group in range(metadata.num_row_groups):
            number = metadata.row_group(group).num_rows
            for start in range(0, number, rows):
                yield Part(0, "parquet", (info.path,), start, min(start + rows, number), group)


def _metadata(file: pa.NativeFile, path: str) -> pq.FileMetaData:
    try:
        return pq.ParquetFile(file).metadata
    except pa.ArrowInvalid as error:
        raise DotlintError(f"{path}: not a Parquet file: {str(error).splitlines()[0]}") from None


def _json_lines(storage: Storage, infos: Sequence[fs.FileInfo], rows: int) -> Iterator[Part]:
    for info in infos:
        with storage.open(info.path) as file:
            sample = bytes(file.read(_SAMPLE))
        lines = max(1, sample.count(b"\n"))
        step = max(1, len(sample) // lines) * rows
        for start in range(0, info.size, step):
            yield Part(0, "jsonl", (info.path,), start, min(start + step, info.size))


def _dot_files(_storage: Storage, infos: Sequence[fs.FileInfo], rows: int) -> Iterator[Part]:
    paths = [info.path for info in infos]
    for start in range(0, len(paths), rows):
        yield Part(0, "dot", tuple(paths[start : start + rows]))


def read_part(storage: Storage, part: Part) -> pa.Table:
    """Return the rows of a part."""
    if part.kind == "dot":
        names = [path.removeprefix(storage.root).lstrip("/") or path.rpartition("/")[2] for path in part.files]
        return pa.table(
            {"path": names, "dot": pa.array([storage.read(path) for path in part.files], pa.large_binary())}
        )
    with storage.open(part.files[0]) as file:
        return _parquet_rows(file, part) if part.kind == "parquet" else _table([_object(x) for x in _lines(file, part)])


def _parquet_rows(file: pa.NativeFile, part: Part) -> pa.Table:
    """Return some rows of a row group; those before them are decoded too, but not kept."""
    size = part.stop - part.start
    whole = pq.ParquetFile(file)
    seen = 0
    kept: list[pa.RecordBatch] = []
    for batch in whole.iter_batches(batch_size=max(size, 1024), row_groups=[part.group]):
        first, last = max(part.start - seen, 0), min(part.stop - seen, batch.num_rows)
        if first < last:
            kept.append(batch.slice(first, last - first))
        seen += batch.num_rows
        if seen >= part.stop:
            break
    return pa.Table.from_batches(kept, whole.schema_arrow)


def _lines(file: pa.NativeFile, part: Part) -> Iterator[bytes]:
    """Yield the lines that start within the part. The last one may end after it."""
    at = max(part.start - 1, 0)
    file.seek(at)
    pending = b""
    skip = part.start > 0  # up to and including the line break before the first line
    while at < part.stop:
        block = bytes(file.read(_BLOCK))
        pieces = (pending + block).split(b"\n")
        pending = pieces.pop() if block else b""
        for line in pieces:
            if skip:
                skip = False
            elif at < part.stop and line.strip():
                yield line
            at += len(line) + 1
        if not block:
            return


def _object(line: bytes) -> dict[str, Any]:
    """Return the object of a line; a line with something else has no values, so that it is reported as a row."""
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Return rows as a table; a column whose values have several types is JSON."""
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: _json_column([row.get(name) for row in rows]) for name in names})


def _json_column(values: list[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else msgspec.json.encode(value).decode() for value in values])
