"""Run the parts of a job in processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from functools import cache
from typing import TYPE_CHECKING

from dotlint.batch.job import run_part
from dotlint.errors import DotlintError
from dotlint.pipeline.processes import available_cpus, in_processes

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from dotlint.batch.job import Job
    from dotlint.batch.parts import Part
    from dotlint.batch.tally import Tally

_ATTEMPTS = 3


def run_local(job: Job, parts: Sequence[Part], jobs: int | None = None) -> Generator[tuple[Part, Tally]]:
    """Yield each part when it is finished. A part whose process was killed is done again, at most twice.

    Raises `DotlintError` if a part cannot be read or written, or its process is killed each time.
    """
    count = jobs or available_cpus()
    waiting = list(parts)
    why = ""
    for _ in range(_ATTEMPTS):
        lost: list[Part] = []
        for index, answer in in_processes(_Parts(job, waiting), min(count, len(waiting)), method="spawn"):
            if isinstance(answer, Lost):
                lost.append(waiting[index])
                why = answer.why
            else:
                yield waiting[index], answer
        if not lost:
            return
        waiting = lost
    raise DotlintError(f"{waiting[0].name}: {why}; run it again with --resume")


@cache
def _end_with_parent() -> None:
    """End this process when its parent is killed: a part can take long, and `--resume` does it again."""
    parent = multiprocessing.parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=watch, daemon=True).start()


class Lost:
    """The answer for a part whose process was killed."""

    def __init__(self, why: str) -> None:
        self.why = why


class _Parts:
    """The parts of a job as tasks of processes."""

    def __init__(self, job: Job, parts: Sequence[Part]) -> None:
        self._job = job
        self._parts = parts

    def __len__(self) -> int:
        return len(self._parts)

    def run(self, index: int) -> Tally | Lost:
        _end_with_parent()
        return run_part(self._job, self._parts[index])

    def lost(self, index: int, why: str) -> Tally | Lost:  # noqa: ARG002 - the tasks of other processes need it
        return Lost(why)
