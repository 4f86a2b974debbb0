"""The linting processes, seen from the one that answers the editor."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dotlint.errors import DotlintError
from dotlint.server.worker import HEADER, framed

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.server.messages import Job, Message

_ROOM: Final = 1 << 24
# Found where this one was found, also where dotlint is not installed; nothing is imported from the folder one is in.
_PROGRAM: Final = f"""
import sys
sys.path.append({str(Path(__file__).parents[2])!r})
from dotlint.server.worker import serve
serve()
"""
log = logging.getLogger(__name__)


class WorkerError(DotlintError):
    """A linting process that ended before its job was done."""


class Workers:
    """At most `most` processes; each is started when it is first needed, and kept for the next job."""

    def __init__(self, most: int = 2) -> None:
        self._free: list[asyncio.subprocess.Process] = []
        self._all: set[asyncio.subprocess.Process] = set()
        self._slots = asyncio.Semaphore(most)

    async def run(self, job: Job, on_message: Callable[[Message], None]) -> None:
        """Have a job done; `on_message` is called with each message as it comes in.

        Where this is cancelled the process is ended with the job. Raises `WorkerError` where it ends by itself.
        """
        async with self._slots:
            process = await self._process()
            try:
                await _ask(process, job, on_message)
            except (OSError, EOFError, pickle.UnpicklingError) as error:
                self._end(process)
                status = await process.wait()
                raise WorkerError(f"the process that linted it ended early (status {status})") from error
            except BaseException:
                self._end(process)
                raise
            self._free.append(process)

    async def warm(self) -> None:
        """Start a process before there is a job: reading the rules is most of what a short job would wait for."""
        if not self._all:
            self._free.append(await self._process())

    async def close(self) -> None:
        """End all processes, whatever they are at."""
        processes = list(self._all)
        for process in processes:
            self._end(process)
        await asyncio.gather(*(process.wait() for process in processes))

    async def _process(self) -> asyncio.subprocess.Process:
        while self._free:
            process = self._free.pop()
            if process.returncode is None:
                return process
            self._all.discard(process)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-c",
            _PROGRAM,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_ROOM,
        )
        log.debug("linting process %s started", process.pid)
        self._all.add(process)
        return process

    def _end(self, process: asyncio.subprocess.Process) -> None:
        self._all.discard(process)
        with contextlib.suppress(ProcessLookupError):
            process.kill()


async def _ask(process: asyncio.subprocess.Process, job: Job, on_message: Callable[[Message], None]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(framed(pickle.dumps(job, protocol=5)))
    await process.stdin.drain()
    while True:
        length = int.from_bytes(await process.stdout.readexactly(HEADER), "big")
        if not length:
            return
        data = await process.stdout.readexactly(length)
        message: Message = pickle.loads(data)  # noqa: S301 - from a process of our own
        on_message(message)
