"""Measure what one file costs: a process of its own, the processor's time, the most memory held."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.growth.families import Case

SLOPE = 1.2
MEMORY = 40  # bytes held for a byte of text
MEGABYTE = 10.0  # seconds of the processor for one
DOUBLINGS = 4
_LEAST = 0.03  # seconds above an empty graph's that can be told from it
_FLOOR = 10_000_000  # bytes of modules that are loaded only when needed: no text is to blame for them
_RUN = """
import os, resource, sys
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
os.execv(sys.executable, [sys.executable, "-P", "-m", "dotlint", *sys.argv[2:]])
"""


class Point(NamedTuple):
    """One file: its bytes, seconds of the processor and bytes of memory, both without those of an empty graph."""

    size: int
    seconds: float
    memory: int


class Growth(NamedTuple):
    """The points of a family; `stopped` if a run failed or took too long."""

    points: tuple[Point, ...]
    stopped: bool

    @property
    def slope(self) -> float:
        """The slope of seconds over bytes by least squares, both as logarithms: 1 is linear, 2 the square."""
        known = [(math.log(p.size), math.log(p.seconds)) for p in self.points if p.seconds > _LEAST]
        if len(known) < 2:
            return 0.0
        x, y = sum(size for size, _ in known) / len(known), sum(time for _, time in known) / len(known)
        return sum((a - x) * (b - y) for a, b in known) / sum((a - x) ** 2 for a, _ in known)

    @property
    def megabyte(self) -> float:
        """The seconds that a megabyte takes, or would take if it goes on like this."""
        last = self.points[-1]
        return last.seconds * math.pow(1e6 / last.size, max(self.slope, 1) if last.size < 1e6 else 1)

    @property
    def memory(self) -> float:
        """The bytes of memory a byte of text."""
        return max(0, self.points[-1].memory - _FLOOR) / self.points[-1].size

    def missed(self) -> list[str]:
        """Return the targets that are missed."""
        if self.stopped or not self.points:
            return ["stopped"]
        over = {"slope": self.slope > SLOPE, "memory": self.memory > MEMORY, "megabyte": self.megabyte > MEGABYTE}
        return [name for name, is_over in over.items() if is_over]


def run(case: Case, folder: Path, python: str, limit: int) -> Point | None:
    """Lint the file of a case; None if that fails or takes more than `limit` seconds of the processor."""
    path = folder / f"file{case.suffix}"
    path.write_text(case.text, "utf-8")
    others = [str(folder / name) for name, _ in case.others]
    for other, (_, text) in zip(others, case.others, strict=True):
        Path(other).write_text(text, "utf-8")
    alone = ("--isolated", "--no-cache", "--jobs", "1") if case.command == "check" else ()
    command = [case.command, *alone, str(path), *(option.format(*others) for option in case.options)]
    process = subprocess.Popen(
        [python, "-c", _RUN, str(limit), *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 1}:
        return None
    size = path.stat().st_size + sum(len(text) for _, text in case.others)
    return Point(size, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def best(case: Case, folder: Path, python: str, limit: int, repeat: int) -> Point | None:
    """Return the least of several runs."""
    runs: list[Point] = []
    for _ in range(repeat):
        found = run(case, folder, python, limit)
        if found is None:
            return None
        runs.append(found)
        if found.seconds > limit / 3:
            break
    return Point(runs[0].size, min(p.seconds for p in runs), min(p.memory for p in runs))


def growth(family: Callable[[int], Case], base: Point, *, largest: int, python: str, limit: int, repeat: int) -> Growth:
    """Double a family four times, up to about `largest` bytes."""
    few = family(64)
    sample = (len(few.text) + sum(len(text) for _, text in few.others)) / 64
    count = max(2, int(largest / sample / 2**DOUBLINGS))
    points: list[Point] = []
    with tempfile.TemporaryDirectory() as name:
        for doubling in range(DOUBLINGS + 1):
            found = best(family(count * 2**doubling), Path(name), python, limit, repeat)
            if found is None:
                return Growth(tuple(points), stopped=True)
            points.append(Point(found.size, max(found.seconds - base.seconds, 1e-4), found.memory - base.memory))
    return Growth(tuple(points), stopped=False)


def empty(folder: Path, case: Case, python: str) -> Point:
    """Return what an empty graph costs."""
    found = best(case, folder, python, 60, 5)
    if found is None:
        sys.exit("dotlint does not run")
    return found
