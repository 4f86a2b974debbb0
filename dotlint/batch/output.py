"""Write linted tables: the parts of an output, and one file from all of them."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from dotlint.batch.finished import rewrite_part
from dotlint.batch.json_lines import json_text
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dotlint.batch.storage import Storage


def encoded(table: pa.Table, form: Literal["parquet", "jsonl"]) -> bytes:
    """Return a table as the bytes of a file."""
    if form == "jsonl":
        columns = [_json_values(table.column(field.name), field) for field in table.schema]
        rows = (dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True))
        return b"".join(msgspec.json.encode(row, enc_hook=str) + b"\n" for row in rows)
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def _json_values(column: pa.ChunkedArray, field: pa.Field) -> list[Any]:
    """Return the values of a column as JSON has them; raises `DotlintError` if it cannot have them."""
    try:
        values = column.to_pylist()
    except (ValueError, OverflowError):  # a time in nanoseconds, or one after the year 9999
        try:
            values = column.cast(pa.string()).to_pylist()
        except pa.ArrowException:
            raise DotlintError(f"JSON lines cannot have column `{field.name}` ({field.type}); write Parquet") from None
    return [_json_value(value, field.type) for value in values]


def _json_value(value: Any, kind: pa.DataType) -> Any:  # noqa: ANN401 - any value of Arrow
    """Return a value as JSON has it: maps are objects, and bytes are text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if value is None or not pa.types.is_nested(kind):
        return value
    if pa.types.is_map(kind):
        pairs = ((_json_value(key, kind.key_type), _json_value(one, kind.item_type)) for key, one in value)
        return {key if isinstance(key, str) else str(key): one for key, one in pairs}
    if pa.types.is_struct(kind):
        return {field.name: _json_value(value[field.name], field.type) for field in kind}
    return [_json_value(one, kind.value_type) for one in value] if isinstance(value, list) else value


def joined(
    storage: Storage,
    paths: Sequence[str],
    target: Storage,
    form: Literal["parquet", "jsonl"],
    when_whole: Callable[[], None],
) -> None:
    """Write parts to one file, a part in memory at a time; call `when_whole` before the file gets its name."""
    temporary = f"{target.root}.incomplete"
    try:
        if form == "jsonl":
            with target.create(temporary) as out:
                for path in paths:
                    out.write(storage.read(path))
        else:
            schema, _ = _common_schema(storage, paths)
            with target.create(temporary) as out, pq.ParquetWriter(out, schema, compression="zstd") as writer:
                for path in paths:
                    writer.write_table(_aligned(_table(storage, path), schema))
        when_whole()
    except BaseException:
        with contextlib.suppress(OSError):
            target.delete(temporary)
        raise
    target.move(temporary, target.root)


def align(storage: Storage, paths: Sequence[str]) -> None:
    """Give all parts the same columns, so that they can be read as one table."""
    common, others = _common_schema(storage, paths)
    for path in others:
        rewrite_part(storage, path, encoded(_aligned(_table(storage, path), common), "parquet"))


def _common_schema(storage: Storage, paths: Sequence[str]) -> tuple[pa.Schema, list[str]]:
    """Return a schema with the columns of all parts, and the parts that have another one."""
    known: dict[pa.Schema, list[str]] = {}
    for path in paths:
        known.setdefault(_schema(storage, path), []).append(path)
    common = _common(list(known))
    return common, [path for schema, some in known.items() if not schema.equals(common) for path in some]


def _common(schemas: Sequence[pa.Schema]) -> pa.Schema:
    """Return a schema with the columns of all; a column that has types without a common one is strings."""
    kinds: dict[str, dict[pa.DataType, None]] = {}
    for schema in schemas:
        for field in schema:
            kinds.setdefault(field.name, {})[field.type] = None
    return pa.schema([(name, _common_type(list(some))) for name, some in kinds.items()])


def _common_type(kinds: Sequence[pa.DataType]) -> pa.DataType:
    try:
        merged = pa.unify_schemas([pa.schema([("", kind)]) for kind in kinds], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.large_string()
    return merged.field(0).type


def _schema(storage: Storage, path: str) -> pa.Schema:
    with storage.open(path) as file:
        return pq.read_schema(file).remove_metadata()


def _table(storage: Storage, path: str) -> pa.Table:
    with storage.open(path) as file:
        return pq.read_table(file)


def _aligned(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a table with the columns of a schema; a column that it lacks is null."""
    columns = [
        _cast(table.column(field.name), field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    try:
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        values = column.to_pylist()
        return pa.chunked_array([pa.array(map(json_text, values) if pa.types.is_large_string(kind) else values, kind)])
