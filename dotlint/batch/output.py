"""Write linted tables: the parts of an output, and one file from all of them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.batch.storage import Storage


def encoded(table: pa.Table, form: Literal["parquet", "jsonl"]) -> bytes:
    """Return a table as the bytes of a file."""
    if form == "jsonl":
        return b"".join(msgspec.json.encode(_plain(row)) + b"\n" for row in table.to_pylist())
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def _plain(row: dict[str, object]) -> dict[str, object]:
    """Return a row as JSON has it: maps are objects, and bytes are text."""
    return {name: _value(value) for name, value in row.items()}


def _value(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, list) and value and all(isinstance(one, tuple) for one in value):
        return dict(value)
    if isinstance(value, dict):
        return {name: _value(one) for name, one in value.items()}
    return value


def joined(storage: Storage, target: Storage, form: Literal["parquet", "jsonl"]) -> None:
    """Write all parts to one file, a part in memory at a time."""
    paths = [info.path for info in storage.files(storage.root)]
    temporary = f"{target.root}.incomplete"
    if form == "jsonl":
        with target.create(temporary) as out:
            for path in paths:
                out.write(storage.read(path))
    else:
        schema = pa.unify_schemas([_schema(storage, path) for path in paths], promote_options="permissive")
        with target.create(temporary) as out, pq.ParquetWriter(out, schema, compression="zstd") as writer:
            for table in _tables(storage, paths):
                writer.write_table(_aligned(table, schema))
    target.move(temporary, target.root)


def _schema(storage: Storage, path: str) -> pa.Schema:
    with storage.open(path) as file:
        return pq.read_schema(file).remove_metadata()


def _tables(storage: Storage, paths: list[str]) -> Iterator[pa.Table]:
    for path in paths:
        with storage.open(path) as file:
            yield pq.read_table(file)


def _aligned(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a table with the columns of a schema; a column that it lacks is null."""
    columns = [
        table.column(field.name).cast(field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
