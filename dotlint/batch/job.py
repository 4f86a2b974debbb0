"""A run over an input: its plan on disk, and one part of it, from reading to the tally."""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from dotlint._version import __version__
from dotlint.batch.finished import finished, write_part
from dotlint.batch.options import Limits, RowOptions  # noqa: TC001 - msgspec reads the types
from dotlint.batch.output import encoded
from dotlint.batch.parts import Input, Part, divide, read_columns, read_part
from dotlint.batch.storage import Storage, storage_errors
from dotlint.batch.table import Columns, check_columns, lint_rows
from dotlint.batch.tally import Tally, tally_of
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Iterator

Format = Literal["parquet", "jsonl"]
_PLAN, _JOINED = "_plan.json", "_joined.json"
_QUESTIONS = 16


class Job(Struct, frozen=True):
    """What a run does; plain data, because it is sent to other processes and machines.

    `parts` is the folder of the output parts. `label` is a column whose values are counted separately.
    """

    source: str
    parts: str
    form: Format
    columns: Columns
    options: RowOptions
    limits: Limits
    rows: int
    label: str | None = None


class Plan(Struct, frozen=True):
    """The parts of a run, and a digest of all that decides its output; a run with another digest cannot be resumed."""

    digest: str
    parts: tuple[Part, ...]
    files: tuple[tuple[str, int, int], ...]


def plan(job: Job) -> Plan:
    """Divide the input into one part or more.

    Raises `DotlintError` if there is nothing to read, or a column or an option is wrong.
    """
    storage = Storage(job.source)
    with storage_errors(job.source):
        found = divide(storage, job.rows)
        table = read_columns(storage, found.parts[0])
    if table.num_columns:  # none if there are JSON lines without a JSON object
        check_columns(table, job.columns, job.options, job.label)
    return Plan(_digest(job, found), found.parts, found.files)


def _digest(job: Job, found: Input) -> str:
    content = msgspec.json.encode([__version__, job, found.files])
    return hashlib.sha256(content).hexdigest()


def begin(job: Job, new: Plan, *, resume: bool) -> Iterator[tuple[Part, Tally]]:
    """Write the plan, and return the parts that an earlier run finished with their tallies.

    Raises `DotlintError` if the folder has the parts of another run, or of an earlier one without `resume`.
    """
    storage = Storage(job.parts)
    path = f"{storage.root}/{_PLAN}"
    if storage.kind(path) == "file":
        if not resume:
            raise DotlintError(f"{job.parts}: has the parts of an earlier run; add --resume, or delete it")
        if _digest_of(storage.read(path)) != new.digest:
            raise DotlintError(f"{job.parts}: has the parts of a run with another input or other options; delete it")
        return _finished(storage, job, new)
    if any(True for _ in storage.files(storage.root)):
        raise DotlintError(f"{job.parts}: is not empty; choose another output, or delete it")
    storage.write(path, msgspec.json.encode({"dotlint": __version__, "digest": new.digest, "parts": len(new.parts)}))
    return iter(())


def note_joined(job: Job) -> None:
    """Note that the file from all parts is whole and gets its name now."""
    storage = Storage(job.parts)
    storage.write(f"{storage.root}/{_JOINED}", b"{}")


def is_joined(job: Job) -> bool:
    """Return whether an earlier run wrote the file from all parts."""
    storage = Storage(job.parts)
    return storage.kind(f"{storage.root}/{_JOINED}") == "file"


def _digest_of(plan_file: bytes) -> object:
    try:
        return msgspec.json.decode(plan_file, type=dict).get("digest")
    except msgspec.DecodeError:  # a file that was cut
        return None


def _finished(storage: Storage, job: Job, new: Plan) -> Iterator[tuple[Part, Tally]]:
    """Yield what is finished; an object store answers several questions at once."""
    with ThreadPoolExecutor(_QUESTIONS) as pool:
        tallies = pool.map(lambda part: finished(storage, part_path(storage, job, part)), new.parts)
        for part, tally in zip(new.parts, tallies, strict=True):
            if tally is not None:
                yield part, tally


def run_part(job: Job, part: Part) -> Tally:
    """Read, lint and write a part, and return its tally, which is noted beside its output.

    Raises `DotlintError` if the part cannot be read or written.
    """
    source, target = _opened(job.source), _opened(job.parts)
    started = time.perf_counter()
    texts = [name for name in (job.columns.dot, job.columns.path, job.columns.strategy) if name]
    with storage_errors(part.files[0]):
        table = read_part(source, part, texts=texts, label=job.label)
    linted = lint_rows(table, job.columns, job.options, job.limits)
    tally = tally_of(linted, dot=job.columns.dot, prefix=job.columns.prefix, label=job.label)
    tally.seconds = time.perf_counter() - started
    with storage_errors(job.parts):
        write_part(target, part_path(target, job, part), encoded(linted, job.form), tally)
    return tally


@lru_cache(8)
def _opened(location: str) -> Storage:
    return Storage(location)


def part_path(storage: Storage, job: Job, part: Part) -> str:
    """Return the path of the output of a part."""
    return f"{storage.root}/{part.name}.{job.form}"
