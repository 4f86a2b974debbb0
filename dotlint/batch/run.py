"""Run a job with an engine, and write its output and its summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dotlint._version import __version__
from dotlint.batch.job import begin, plan
from dotlint.batch.output import joined
from dotlint.batch.storage import Storage
from dotlint.batch.summary import as_page
from dotlint.batch.tally import Tally, total
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dotlint.batch.job import Format, Job
    from dotlint.batch.parts import Part

    Engine = Callable[[Job, Sequence[Part]], Iterator[tuple[Part, Tally]]]
    Progress = Callable[[int, int, int], None]

_SUFFIXES: dict[str, Format] = {".parquet": "parquet", ".jsonl": "jsonl"}


def output_of(output: str) -> tuple[str, Format, bool]:
    """Return the folder of the parts of an output, its format, and whether it is one file.

    A name that ends with `.parquet` or `.jsonl` is a file; every other one is a folder of Parquet files.
    """
    for suffix, form in _SUFFIXES.items():
        if output.endswith(suffix):
            return f"{output}.parts", form, True
    return output.rstrip("/"), "parquet", False


def run(job: Job, output: str, engine: Engine, *, resume: bool, progress: Progress | None = None) -> Tally:
    """Lint all rows, and return their tally. `progress` is called with finished parts, all parts and finished rows.

    Beside the output, or in its folder, `_summary.json` and `_summary.html` have the tally. Raises `DotlintError`.
    """
    _, form, single = output_of(output)
    new = plan(job)
    target = Storage(output)
    if single and target.kind(target.root) != "missing":
        raise DotlintError(f"{output}: exists; choose another output, or delete it")
    tallies = begin(job, new, resume=resume)
    waiting = [part for part in new.parts if part.number not in tallies]
    rows = sum(tally.rows for tally in tallies.values())
    if waiting:
        for part, tally in engine(job, waiting):
            tallies[part.number] = tally
            rows += tally.rows
            if progress:
                progress(len(tallies), len(new.parts), rows)
    whole = total(tallies[number] for number in sorted(tallies))
    if single:
        parts = Storage(job.parts)
        joined(parts, target, form)
        parts.remove(parts.root)
    base = f"{target.root}." if single else f"{target.root}/_"
    target.write(f"{base}summary.json", _json(whole))
    target.write(f"{base}summary.html", as_page(whole, job.label).encode())
    return whole


def _json(tally: Tally) -> bytes:
    content = {"dotlint": __version__, **msgspec.to_builtins(tally)}
    return msgspec.json.format(msgspec.json.encode(content)) + b"\n"
