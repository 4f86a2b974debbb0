"""The worker processes, as managed by the server process."""

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

_STREAM_LIMIT: Final = 1 << 24
# Import dotlint from where this process did, even if it is not installed, and never from the current directory.
_PROGRAM: Final = f"""
import sys
sys.path.append({str(Path(__file__).parents[2])!r})
from dotlint.server.worker import serve
serve()
"""
log = logging.getLogger(__name__)


class WorkerError(DotlintError):
    """A worker process ended before its job was done."""


class Workers:
    """A pool of at most `most` processes, started on demand and reused."""

    def __init__(self, most: int = 2) -> None:
        self._free: list[asyncio.subprocess.Process] = []
        self._all: set[asyncio.subprocess.Process] = set()
        self._slots = asyncio.Semaphore(most)
        self._starting: asyncio.Task[None] | None = None

    async def run(self, job: Job, on_message: Callable[[Message], None]) -> None:
        """Run a job; `on_message` is called with each message as it arrives.

        Canceling this call kills the process. Raises `WorkerError` if the process ends by itself.
        """
        async with self._slots:
            process = await self._process()
            try:
                await _exchange(process, job, on_message)
            except (OSError, EOFError, pickle.UnpicklingError) as error:
                self._kill(process)
                status = await process.wait()
                raise WorkerError(f"the worker process ended early (status {status})") from error
            except BaseException:
                self._kill(process)
                raise
            self._free.append(process)

    def prepare(self) -> None:
        """Start a process in advance unless one is free, since a short job would mostly wait for the rules to load."""
        if not self._free and self._starting is None:
            self._starting = asyncio.get_running_loop().create_task(self._start_free())

    async def _start_free(self) -> None:
        try:
            self._free.append(await self._start())
        finally:
            self._starting = None

    async def close(self) -> None:
        """Kill all processes, even if they have jobs."""
        if self._starting is not None:
            await self._starting
        processes = list(self._all)
        for process in processes:
            self._kill(process)
        await asyncio.gather(*(process.wait() for process in processes))

    async def _process(self) -> asyncio.subprocess.Process:
        if not self._free and self._starting is not None:
            await asyncio.shield(self._starting)
        while self._free:
            process = self._free.pop()
            if process.returncode is None:
                return process
            self._all.discard(process)
        return await self._start()

    async def _start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-c",
            _PROGRAM,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_STREAM_LIMIT,
        )
        log.debug("worker process %s started", process.pid)
        self._all.add(process)
        return process

    def _kill(self, process: asyncio.subprocess.Process) -> None:
        self._all.discard(process)
        with contextlib.suppress(ProcessLookupError):
            process.kill()


async def _exchange(process: asyncio.subprocess.Process, job: Job, on_message: Callable[[Message], None]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(framed(pickle.dumps(job, protocol=5)))
    await process.stdin.drain()
    while True:
        length = int.from_bytes(await process.stdout.readexactly(HEADER), "big")
        if not length:
            return
        data = await process.stdout.readexactly(length)
        message: Message = pickle.loads(data)  # noqa: S301 - from our own worker process
        on_message(message)
