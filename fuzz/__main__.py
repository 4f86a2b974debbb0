"""`python -m fuzz [--runs N] [--seed S] [--jobs J] [--corpus DIR] [--save DIR] [--only TARGET]`.

Every run makes a text and tries one target on it: reading on most, since it is the quickest; repairs on valid files
with a damage, and everything on drawn deployments. What fails is saved whole and once a kind of failure, by where it was
raised. The status is 1 if anything failed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from fuzz.mutate import mutated, seeds
from fuzz.sources import damaged, drawn
from fuzz.targets import TARGETS

if TYPE_CHECKING:
    from types import FrameType

SHARE = {
    "reading": 600, "repairs": 40, "rules": 20, "fixes": 4, "reports": 10, "agreement": 5, "rows": 5, "deployments": 1,
}  # fmt: skip
SOURCES = {"repairs": damaged, "deployments": drawn}
SECONDS, SECONDS_PER_BYTE = 10, 0.001  # at most, of the processor


class Failure(NamedTuple):
    """A text that broke something."""

    target: str
    kind: str
    trace: str
    data: bytes


class HangError(BaseException):
    """A run took too long; no error that a rule makes, so that none answers for it."""


def _too_long(_number: int, _frame: FrameType | None) -> None:
    raise HangError("it takes too long")


def work(seed: int, runs: int, folder: Path | None, only: str | None) -> tuple[Counter[str], list[Failure]]:
    """Do so many runs; the same seed makes the same texts."""
    random = Random(seed)
    corpus = seeds(folder)
    names = [only] if only else list(SHARE)
    weights = [SHARE[name] for name in names]
    count: Counter[str] = Counter()
    failures: dict[tuple[str, str], Failure] = {}
    signal.signal(signal.SIGPROF, _too_long)
    for _ in range(runs):
        name = random.choices(names, weights)[0]
        data = SOURCES.get(name, mutated)(corpus, random)
        count[name] += 1
        # Of its own work: a busy machine is no fault.
        signal.setitimer(signal.ITIMER_PROF, SECONDS + SECONDS_PER_BYTE * len(data))
        try:
            TARGETS[name](data)
        except (Exception, HangError) as error:  # noqa: BLE001 - whatever it is, it is what was looked for
            last = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}: {str(error)[:80]}"
            failures.setdefault((name, kind[:60]), Failure(name, kind, traceback.format_exc(), data))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    return count, list(failures.values())


def main() -> None:
    """Run, print what was found, and save it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--jobs", type=int, default=1)
    options.add_argument("--corpus", type=Path, help="a folder with more DOT files to start from")
    options.add_argument("--save", type=Path, help="a folder for the texts that broke something")
    options.add_argument("--only", choices=sorted(TARGETS))
    given = options.parse_args()
    began = time.perf_counter()
    size = 500
    chunks = [
        (given.seed * 1_000_003 + at, min(size, given.runs - at * size), given.corpus, given.only)
        for at in range(-(-given.runs // size))
    ]
    total: Counter[str] = Counter()
    found: dict[tuple[str, str], Failure] = {}
    with multiprocessing.Pool(given.jobs, maxtasksperchild=32) as pool:
        for at, (count, failures) in enumerate(pool.imap_unordered(_start, chunks)):
            total += count
            for failure in failures:
                if found.setdefault((failure.target, failure.kind), failure) is failure:
                    print(f"{failure.target}: {failure.kind}", flush=True)
                    if given.save:
                        given.save.mkdir(parents=True, exist_ok=True)
                        name = given.save / f"{failure.target}-{len(found)}"
                        name.with_suffix(".dot").write_bytes(failure.data)
                        name.with_suffix(".txt").write_text(failure.trace, "utf-8", "backslashreplace")
            if at % 20 == 19:
                print(f"{total.total()} runs, {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    print(f"{sum(total.values())} runs ({', '.join(f'{n} {c}' for n, c in total.items())}), {len(found)} failures")
    sys.exit(1 if found else 0)


def _start(chunk: tuple[int, int, Path | None, str | None]) -> tuple[Counter[str], list[Failure]]:
    return work(*chunk)


if __name__ == "__main__":
    main()
