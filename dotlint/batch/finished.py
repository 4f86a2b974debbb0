"""What is noted beside each output part when it is finished: its tally, and by what a cut file is noticed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from dotlint.batch.tally import Tally  # noqa: TC001 - msgspec reads the types

if TYPE_CHECKING:
    from dotlint.batch.storage import Storage

_END = 1 << 16  # bytes; the footer of a Parquet file, or its end, is among them


class Note(Struct, frozen=True):
    """The tally of a part, and the size of its file with a digest of the last bytes."""

    tally: Tally
    size: int
    end: str


def write_part(storage: Storage, path: str, data: bytes, tally: Tally) -> None:
    """Write the file of a part, and then its note: without it, or with an older one, the part is done again."""
    storage.write(path, data)
    note = Note(tally, len(data), _digest(data[-_END:]))
    storage.write(_note_path(path), msgspec.json.format(msgspec.json.encode(note)))


def rewrite_part(storage: Storage, path: str, data: bytes) -> None:
    """Replace the file of a finished part by one with the same rows."""
    write_part(storage, path, data, msgspec.json.decode(storage.read(_note_path(path)), type=Note).tally)


def finished(storage: Storage, path: str) -> Tally | None:
    """Return the tally of a part; None if its file or its note is missing or not as it was written."""
    if any(storage.kind(one) != "file" for one in (path, _note_path(path))):
        return None
    try:
        note = msgspec.json.decode(storage.read(_note_path(path)), type=Note)
    except msgspec.DecodeError:
        return None
    whole = storage.info(path).size == note.size and _digest(storage.read_end(path, _END)) == note.end
    return note.tally if whole else None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _note_path(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder}/_tallies/{name.partition('.')[0]}.json"
