"""Read a row group of a Parquet file once, from its first row to its last, however many parts it has.

A row group can only be decoded from its start. So a process keeps the reader of the last part, and the next part of the
same row group goes on where that one ended. Only the batch around the current row is in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.batch.storage import Storage

_BATCH_ROWS = 1024
_BATCH_BYTES = 32 << 20
_BUFFER = 4 << 20  # bytes of a column that are read at once, instead of the whole column

_Key = tuple[str, str, int, int, int]


def rows_within(group: pq.RowGroupMetaData, rows: int, most: int = _BATCH_BYTES) -> int:
    """Return how many rows of a row group, at most `rows`, have about `most` bytes."""
    each = int(group.total_byte_size) // max(int(group.num_rows), 1)
    return max(1, min(rows, most // max(each, 1)))


def read_rows(storage: Storage, path: str, group: int, start: int, stop: int) -> pa.Table:
    """Return the rows `start` to `stop` of a row group. Raises `DotlintError` if there are fewer."""
    info = storage.info(path)
    key = (storage.location, path, group, info.size or 0, info.mtime_ns or 0)
    reader = _kept.pop(key, None)  # while it is in use, no other thread finds it
    if reader is None or reader.at > start:
        reader = _Reader(storage, path, group, stop - start)
    table = reader.take(start, stop)
    _kept.clear()
    _kept[key] = reader
    if table.num_rows != stop - start:
        raise DotlintError(f"{path}: row group {group} ends before row {stop}")
    return table


class _Reader:
    """The batches of a row group, and the rest of the last one; `at` is its first row."""

    def __init__(self, storage: Storage, path: str, group: int, rows: int) -> None:
        file = pq.ParquetFile(storage.open(path), buffer_size=_BUFFER, pre_buffer=False)
        size = max(rows, rows_within(file.metadata.row_group(group), _BATCH_ROWS))
        self.at = 0
        self._schema = file.schema_arrow
        self._batches: Iterator[pa.RecordBatch] = file.iter_batches(size, row_groups=[group])
        self._rest: pa.RecordBatch | None = None

    def take(self, start: int, stop: int) -> pa.Table:
        kept: list[pa.RecordBatch] = []
        while self.at < stop:
            batch = self._rest if self._rest is not None else next(self._batches, None)
            if batch is None:
                break
            first, last = max(start - self.at, 0), min(stop - self.at, batch.num_rows)
            if first < last:
                kept.append(batch.slice(first, last - first))
            self.at += last
            self._rest = batch.slice(last) if last < batch.num_rows else None
        return pa.Table.from_batches(kept, self._schema)


_kept: dict[_Key, _Reader] = {}
