"""Divide an input into parts: each is read, linted and written on its own, by any process, in any order."""

from __future__ import annotations

import codecs
import json
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
    with storage.open(part.files[0]) as file:
        if part.kind == "parquet":
            return _parquet_rows(file, part)
        rows = [_object(line) for line in _lines(file, part)]
    columns = dict.fromkeys([*(name for row in rows for name in row), *texts, *([label] if label else [])])
    return pa.table({name: _json_column([row.get(name) for row in rows], text=name in texts) for name in columns})


def _parquet_rows(file: pa.NativeFile, part: Part) -> pa.Table:
    """Return some rows of a row group; those before them are decoded too, but not kept."""
    size = part.stop - part.start
    whole = pq.ParquetFile(file)
    if not size:
        return whole.schema_arrow.empty_table()
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
        if skip:  # a long line that starts in an earlier part
            at += len(pending)
            pending = b""
        if not block:
            return


def _object(line: bytes) -> dict[str, Any]:
    """Return the object of a line; a line with something else has no values, so that it is reported as a row."""
    line = line.removeprefix(codecs.BOM_UTF8)
    try:
        try:
            found = msgspec.json.decode(line)
        except msgspec.DecodeError:
            found = json.loads(line)  # takes what Python writes: `NaN`, and half of a surrogate pair
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _json_column(values: list[Any], *, text: bool) -> pa.Array:
    """Return values as a column; if they have several types or `text` is set, as strings: other values as JSON."""
    try:
        column = pa.array(values)
    except (pa.ArrowException, OverflowError, UnicodeError):
        return pa.array(map(json_text, values), pa.large_string())
    kept = not text or pa.types.is_string(column.type) or pa.types.is_null(column.type)
    return column if kept else pa.array(map(json_text, values), pa.large_string())


def json_text(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return a string as it is, and another value as JSON. What is not UTF-8 is escaped."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace").decode()
