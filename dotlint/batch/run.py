"""Run a job with an engine, and write its output and its summary."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import msgspec

from dotlint._version import __version__
from dotlint.batch.job import begin, is_joined, note_joined, part_path, plan
from dotlint.batch.output import align, joined
from dotlint.batch.parts import changed
from dotlint.batch.storage import Storage, storage_errors
from dotlint.batch.summary import as_page
from dotlint.batch.tally import Tally
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from dotlint.batch.job import Format, Job, Plan
    from dotlint.batch.parts import Part

    Engine = Callable[[Job, Sequence[Part]], Generator[tuple[Part, Tally]]]
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
    _, _, single = output_of(output)
    target = Storage(output)
    source = Storage(job.source)
    if f"{target.root}/".startswith(f"{source.root}/"):
        raise DotlintError(f"{output}: is inside the input; choose another output")
    new = plan(job)
    # A run that is killed after the file has its name, and before its parts are deleted, is finished by `resume`.
    if single and target.kind(target.root) != "missing" and not (resume and is_joined(job)):
        raise DotlintError(f"{output}: exists; choose another output, or delete it")
    whole = Tally()
    done: set[int] = set()
    with storage_errors(job.parts):
        for part, tally in begin(job, new, resume=resume):
            whole.add(tally)
            done.add(part.number)
    waiting = [part for part in new.parts if part.number not in done]
    with closing(engine(job, waiting)) as answers:
        for part, tally in answers if waiting else ():
            whole.add(tally)
            done.add(part.number)
            if progress:
                progress(len(done), len(new.parts), whole.rows)
    for path in changed(source, new.files):
        raise DotlintError(f"{path}: changed during the run; delete {job.parts}, and run it again")
    base = f"{target.root}." if single else f"{target.root}/_"
    whole = whole.largest()
    with storage_errors(output):
        target.write(f"{base}summary.json", _json(whole))
        target.write(f"{base}summary.html", as_page(whole, job.label).encode())
        _finish(job, new, target if single else None)
    return whole


def _finish(job: Job, new: Plan, single: Storage | None) -> None:
    """Write the parts to a single file, or give them the same columns."""
    parts = Storage(job.parts)
    paths = [part_path(parts, job, part) for part in new.parts]
    if single is not None:
        joined(parts, paths, single, job.form, when_whole=lambda: note_joined(job))
        parts.remove(parts.root)
    elif new.parts[0].kind == "jsonl" or len(new.files) > 1:
        align(parts, paths)


def _json(tally: Tally) -> bytes:
    content = {"dotlint": __version__, **msgspec.to_builtins(tally)}
    return msgspec.json.format(msgspec.json.encode(content)) + b"\n"
