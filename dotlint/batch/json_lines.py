"""Read JSON lines as columns: a line that is no JSON object is a row without values."""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = 1 << 20
_SAMPLES, _SAMPLE = 8, 1 << 17


def lines(file: pa.NativeFile, start: int, stop: int) -> Iterator[bytes]:
    """Yield the lines that start at the offsets `start` to `stop` of a file. The last one may end after them."""
    at = max(start - 1, 0)  # where the pending line starts
    file.seek(at)
    pending: list[bytes] = []
    skip = start > 0  # up to and including the line break before the first line
    while at < stop:
        block = bytes(file.read(_BLOCK))
        first, *others = block.split(b"\n")
        pending.append(first)
        if skip and not others:  # a long line that starts in an earlier part
            at += len(first)
            pending = []
        for other in others if block else [b""]:
            line = b"".join(pending)
            if skip:
                skip = False
            elif at < stop and line.strip():
                yield line
            at += len(line) + 1
            pending = [other]
        if not block:
            return


def line_length(file: pa.NativeFile, size: int) -> int:
    """Return the average length of the lines in some samples of a file."""
    bytes_read = breaks = 0
    for at in range(0, max(size, 1), max(-(-size // _SAMPLES), _SAMPLE)):
        file.seek(at)
        block = bytes(file.read(_SAMPLE))
        bytes_read += len(block)
        breaks += block.count(b"\n")
    return bytes_read // max(breaks, 1)


def json_object(line: bytes) -> dict[str, Any]:
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


def json_column(values: list[Any], *, text: bool) -> pa.Array:
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
