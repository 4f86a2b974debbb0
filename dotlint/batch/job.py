"""A run over an input: its plan on disk, and one part of it, from reading to the tally."""

from __future__ import annotations

import hashlib
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import msgspec
import pyarrow as pa
from msgspec import Struct

from dotlint._version import __version__
from dotlint.batch.options import Limits, RowOptions  # noqa: TC001 - msgspec reads the types
from dotlint.batch.output import encoded
from dotlint.batch.parts import Input, Part, divide, read_part
from dotlint.batch.storage import Storage
from dotlint.batch.table import Columns, check_columns, lint_rows
from dotlint.batch.tally import Tally, decode, encode, tally_of
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Iterator

Format = Literal["parquet", "jsonl"]
_PLAN = "_plan.json"


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


def plan(job: Job) -> Plan:
    """Divide the input. Raises `DotlintError` if there is nothing to read, or a column or an option is wrong."""
    storage = Storage(job.source)
    found = divide(storage, job.rows)
    if found.parts:
        table = with_columns(read_part(storage, found.parts[0]), job, found.parts[0])
        check_columns(table, job.columns, job.options, job.label)
    return Plan(_digest(job, found), found.parts)


def _digest(job: Job, found: Input) -> str:
    content = msgspec.json.encode([__version__, job, found.files])
    return hashlib.sha256(content).hexdigest()


def begin(job: Job, new: Plan, *, resume: bool) -> dict[int, Tally]:
    """Write the plan, and return the tallies of the parts that an earlier run finished.

    Raises `DotlintError` if the folder has the parts of another run, or of an earlier one without `resume`.
    """
    storage = Storage(job.parts)
    path = f"{storage.root}/{_PLAN}"
    if storage.kind(path) == "file":
        if not resume:
            raise DotlintError(f"{job.parts}: has the parts of an earlier run; add --resume, or delete it")
        if msgspec.json.decode(storage.read(path))["digest"] != new.digest:
            raise DotlintError(f"{job.parts}: has the parts of a run with another input or other options; delete it")
        return dict(_finished(storage, new))
    if any(True for _ in storage.files(storage.root)):
        raise DotlintError(f"{job.parts}: is not empty; choose another output, or delete it")
    storage.write(path, msgspec.json.encode({"dotlint": __version__, "digest": new.digest, "parts": len(new.parts)}))
    return {}


def _finished(storage: Storage, new: Plan) -> Iterator[tuple[int, Tally]]:
    for part in new.parts:
        path = _tally_path(storage, part)
        if storage.kind(path) == "file":
            yield part.number, decode(storage.read(path))


def run_part(job: Job, part: Part) -> Tally:
    """Read, lint and write a part, and return its tally, which is written last: it tells that the part is finished."""
    source, target = _opened(job.source), _opened(job.parts)
    started = time.perf_counter()
    table = with_columns(read_part(source, part), job, part)
    linted = lint_rows(table, job.columns, job.options, job.limits)
    tally = tally_of(linted, dot=job.columns.dot, prefix=job.columns.prefix, label=job.label)
    tally.seconds = time.perf_counter() - started
    target.write(f"{target.root}/{part.name}.{job.form}", encoded(linted, job.form))
    target.write(_tally_path(target, part), encode(tally))
    return tally


def with_columns(table: pa.Table, job: Job, part: Part) -> pa.Table:
    """Return the rows of JSON lines with all columns, because no line of a part may have one of them."""
    if part.kind != "jsonl":
        return table
    named = (job.columns.dot, job.columns.path, job.columns.strategy, job.label)
    for name in dict.fromkeys(one for one in named if one):
        if name not in table.column_names and (part.number or table.num_columns == 0):
            table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
    return table


@lru_cache(8)
def _opened(location: str) -> Storage:
    return Storage(location)


def _tally_path(storage: Storage, part: Part) -> str:
    return f"{storage.root}/_tallies/{part.name}.json"
