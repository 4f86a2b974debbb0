"""Lint a table: the input columns, and the result columns after them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa

from dotlint.batch.columns import RESULTS, result_columns
from dotlint.batch.isolated import isolated_linter
from dotlint.batch.options import Limits, RowOptions
from dotlint.batch.rows import Row, failed, row_linter
from dotlint.errors import DotlintError
from dotlint.text.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dotlint.batch.options import FixMode


def lint_table(
    table: pa.Table,
    *,
    dot: str = "dot",
    strategy: str | Sequence[str] | None = None,
    strategy_column: str | None = None,
    path: str | None = None,
    fix: FixMode | None = None,
    layout: str | None = None,
    world: int | None = None,
    model: str | None = None,
    preset: str | None = None,
    select: Sequence[str] | None = None,
    extend_select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    rules: Sequence[str] = (),
    config: str | None = None,
    time_limit: float | None = None,
    memory_limit: int | None = None,
    prefix: str = "",
) -> pa.Table:
    """Lint the DOT text of each row, and return the table with the results as more columns.

    `dot`, `path` and `strategy_column` name columns: the text (strings or bytes), the name of its file, and the
    strategy of the row, which overrides `strategy`. `fix` is `safe` or `unsafe`, and adds the column `fixed`: the text
    after fixing, whereas all other columns are about the text as given. `time_limit` (seconds) and `memory_limit` (bytes)
    apply to each row; with one of them, rows are linted in another process. `prefix` starts the name of each result
    column. The other options are those of `dotlint.check`.

    The result columns are `verdict`, `errors`, `warnings`, `infos`, `consequences`, `fixable`, `rules` (code to number),
    `findings` and `flow` (as in `--format json`), `fixed` and `error`: why a row could not be handled. A bad row never
    fails the table. Rows keep their order.

    Raises `DotlintError` for a mistake of the caller, such as an unknown column, rule or strategy.
    """
    options = RowOptions(
        strategy=(strategy,) if isinstance(strategy, str) else tuple(strategy or ()),
        layout=layout,
        world=world,
        model=model,
        preset=preset,
        select=None if select is None else tuple(select),
        extend_select=tuple(extend_select),
        ignore=tuple(ignore),
        rules=tuple(rules),
        config=config,
        fix=fix,
    )
    columns = Columns(dot, path, strategy_column, prefix)
    return lint_rows(table, columns, options, Limits(time_limit, memory_limit))


class Columns(msgspec.Struct, frozen=True):
    """The names of the input columns, and the prefix of the result columns."""

    dot: str = "dot"
    path: str | None = None
    strategy: str | None = None
    prefix: str = ""


def lint_rows(table: pa.Table, columns: Columns, options: RowOptions, limits: Limits) -> pa.Table:
    """Lint the rows of a table; see `lint_table`."""
    check_columns(table, columns, options)
    rows = _rows(table, columns)
    lint = isolated_linter(options, limits) if limits else _in_process(options)
    values = [msgspec.msgpack.decode(lint(row)) for row in rows]
    for name, column in result_columns(values).items():
        table = table.append_column(columns.prefix + name, column)
    if options.fix:
        kind = _value_type(table.schema.field(columns.dot).type)
        fixed = pa.array([one.get("fixed") for one in values], kind if _is_binary(kind) else pa.large_string())
        table = table.append_column(columns.prefix + "fixed", fixed)
    return table


def check_columns(table: pa.Table, columns: Columns, options: RowOptions, label: str | None = None) -> None:
    """Raise `DotlintError` if a column is missing, has other values than texts, or would be written twice."""
    if options.fix not in (None, "safe", "unsafe"):
        raise DotlintError(f"fix is `{options.fix}`; use `safe`, `unsafe` or None")
    twice = [name for name, number in Counter(table.column_names).items() if number > 1]
    if twice:
        raise DotlintError(f"the table has two columns `{twice[0]}`; rename one")
    for name in (*RESULTS, "fixed") if options.fix else (*RESULTS,):
        if columns.prefix + name in table.column_names:
            raise DotlintError(f"the table has a column `{columns.prefix + name}` already; use another prefix")
    _column(table, columns.dot, binary=True)
    for optional in (columns.path, columns.strategy):
        if optional:
            _column(table, optional)
    if label:
        _known(table, label)


def _in_process(options: RowOptions) -> Callable[[Row], bytes]:
    lint_row = row_linter(options)

    def lint(row: Row) -> bytes:
        try:
            return lint_row(row)
        except MemoryError:
            return failed("needs more memory than there is")

    return lint


def _rows(table: pa.Table, columns: Columns) -> Iterator[Row]:
    texts = _column(table, columns.dot, binary=True)
    paths = _column(table, columns.path) if columns.path else None
    strategies = _column(table, columns.strategy) if columns.strategy else None
    for index, text in enumerate(texts):
        path = paths[index].as_py() if paths is not None else None
        strategy = strategies[index].as_py() if strategies is not None else None
        yield Row(text.as_py(), path or "<row>", strategy)


def _column(table: pa.Table, name: str, *, binary: bool = False) -> pa.ChunkedArray:
    """Return a column of texts. Raises `DotlintError` if there is none, or if it has other values."""
    column = _known(table, name)
    kind = _value_type(column.type)
    texts = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    if texts or pa.types.is_null(kind) or (binary and _is_binary(kind)):
        return column
    raise DotlintError(f"column `{name}` has {column.type} values; use strings{' or bytes' if binary else ''}")


def _known(table: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in table.column_names:
        near = nearest(name, table.column_names)
        known = f"did you mean `{near}`?" if near else f"it has {', '.join(f'`{one}`' for one in table.column_names)}"
        raise DotlintError(f"the table has no column `{name}`; {known}")
    return table.column(name)


def _value_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))
