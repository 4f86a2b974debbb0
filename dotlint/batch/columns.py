"""The result columns of a table, as Arrow types: the fields of `--format json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

_POSITION = pa.struct([("offset", pa.int64()), ("line", pa.int32()), ("column", pa.int32())])
_RANGE = pa.struct([("start", _POSITION), ("end", _POSITION)])
_PAIRS = pa.list_(pa.list_(pa.string()))
_EDIT = pa.struct([("start", pa.int64()), ("end", pa.int64()), ("text", pa.string())])

FINDING = pa.struct(
    [
        ("code", pa.string()),
        ("name", pa.string()),
        ("severity", pa.string()),
        ("message", pa.string()),
        ("range", _RANGE),
        ("locations", pa.list_(pa.struct([("node", pa.string()), ("range", _RANGE)]))),
        ("nodes", pa.list_(pa.string())),
        ("missing_edges", _PAIRS),
        ("missing_nodes", pa.list_(pa.string())),
        ("planned_edges", _PAIRS),
        ("related", pa.list_(pa.struct([("message", pa.string()), ("range", _RANGE)]))),
        ("graph", pa.int32()),
        ("caused_by", pa.list_(pa.int32())),
        ("unit", pa.string()),
        (
            "about",
            pa.struct([("phase", pa.string()), ("stage", pa.int64()), ("layer", pa.int64()), ("family", pa.string())]),
        ),
        ("help", pa.string()),
        ("note", pa.string()),
        ("fixable", pa.string()),
        (
            "fix",
            pa.struct([("applicability", pa.string()), ("title", pa.string()), ("edits", pa.list_(_EDIT))]),
        ),
        ("fingerprint", pa.string()),
        ("path", pa.list_(pa.string())),
        ("other_file", pa.string()),
    ]
)
COUNTS = ("errors", "warnings", "infos", "consequences", "fixable")
RESULTS: dict[str, pa.DataType] = {
    "verdict": pa.string(),
    **dict.fromkeys(COUNTS, pa.int32()),
    "rules": pa.map_(pa.string(), pa.int32()),
    "findings": pa.list_(FINDING),
    "flow": pa.struct(
        [("edges", pa.int64()), ("followed", pa.int64()), ("not_followed", pa.map_(pa.string(), pa.int64()))]
    ),
    "error": pa.string(),
}


def result_columns(rows: Sequence[dict[str, Any]]) -> dict[str, pa.Array]:
    """Return the result columns of some rows; a value that a row lacks is null."""
    return {name: pa.array([_arrow(name, row.get(name)) for row in rows], kind) for name, kind in RESULTS.items()}


def _arrow(name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value as Arrow wants it: a map is a list of pairs."""
    if value is None:
        return None
    if name == "rules":
        return list(value.items())
    if name == "flow":
        return {**value, "not_followed": list(value["not_followed"].items())}
    return value
