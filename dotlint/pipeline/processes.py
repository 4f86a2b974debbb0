"""Lint many files in parallel processes, and return the results in order.

Each worker has its own pipe, so that a worker that dies loses only one file, and so that workers end when the parent
process is gone.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from msgspec.structs import replace

from dotlint.engine.result import FileResult
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess

    from dotlint.engine.result import Settings
    from dotlint.pipeline.cache import Cache

    Progress = Callable[[int], None]

_FILES_A_WORKER = 4
_PATIENCE = 2.0

Answer = TypeVar("Answer")
Given_co = TypeVar("Given_co", covariant=True)


class Tasks(Protocol[Given_co]):
    """Numbered tasks for processes: `run` performs one, `lost` is its answer if the process died."""

    def __len__(self) -> int:
        """Return the number of tasks."""
        ...

    def run(self, index: int) -> Given_co:
        """Perform a task; a `DotlintError` ends all."""
        ...

    def lost(self, index: int, why: str) -> Given_co:
        """Return the answer for a task whose process died; `why` is the reason."""
        ...


def default_jobs(files: int) -> int:
    """Return the default number of processes: one per CPU, but few enough to have several files each."""
    return max(1, min(available_cpus(), files // _FILES_A_WORKER))


def available_cpus() -> int:
    """Return the number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def lint_slim(path: str, settings: Settings, cache: Cache | None = None, *, data: bytes | None = None) -> FileResult:
    """Return the slim result of `lint_path`, from the cache if possible.

    If dotlint itself fails on the file, the result's `unreadable` is set, so that other files are still reported.
    """
    if cache is not None and data is None:
        from dotlint.files.discovery import UnreadableError, read_bytes  # noqa: PLC0415 - the workers need it

        try:
            data = read_bytes(path, piped=settings.piped, most=settings.most_bytes)
        except UnreadableError as error:
            return FileResult(path, None, [], unreadable=str(error))
    known = cache.get(path, data) if cache is not None and data is not None else None
    if known is not None:
        return known
    from dotlint.pipeline.lint_file import lint_path  # noqa: PLC0415 - a cached result needs no parser

    depends_on = cache.dependencies(path) if cache is not None else ""
    try:
        result = lint_path(path, settings, data=data, slim=True)
    except DotlintError:
        raise
    except Exception as error:  # noqa: BLE001
        return FileResult(path, None, [], unreadable=mishap(error))
    if cache is not None and data is not None:
        cache.put(path, data, result, depends_on)
    return result


def mishap(error: Exception) -> str:
    """Return the message for a file that dotlint itself fails on."""
    return f"dotlint itself failed on it, please report this: {type(error).__name__}: {error}"


def lint_files(
    files: Sequence[tuple[str, Settings]],
    *,
    jobs: int | None = None,
    cached: bool = True,
    timed: bool = False,
    progress: Progress | None = None,
) -> list[FileResult]:
    """Lint files, each with its settings, in `jobs` processes (default: `default_jobs`); return results in order.

    `timed` measures the seconds of each rule. `progress` is called with the number of finished files. If a worker is
    killed, only its file is unreadable. An interrupt ends all workers before it is raised again.
    """
    tasks = _LintTasks(files, cached=cached, timed=timed)
    count = min(default_jobs(len(files)) if jobs is None else jobs, len(files))
    results: list[FileResult | None] = [None] * len(files)
    done = 0
    with contextlib.closing(in_processes(tasks, count) if count > 1 else tasks.run_all()) as linted:
        for index, result in linted:
            results[index] = result
            done += 1
            if progress:
                progress(done)
    tasks.tidy()
    return [result for result in results if result is not None]


class _LintTasks:
    """Files and their settings; shared settings are sent to a worker only once."""

    def __init__(self, files: Sequence[tuple[str, Settings]], *, cached: bool, timed: bool) -> None:
        self.cached = cached
        self.timed = timed
        self._caches: dict[int, Cache | None] = {}
        table: dict[int, int] = {}
        self.settings: list[Settings] = []
        self.files: list[tuple[str, int]] = []
        for path, settings in files:
            if id(settings) not in table:
                table[id(settings)] = len(self.settings)
                self.settings.append(settings)
            self.files.append((path, table[id(settings)]))

    def __len__(self) -> int:
        return len(self.files)

    def run(self, index: int) -> FileResult:
        path, which = self.files[index]
        if not self.timed:
            return lint_slim(path, self.settings[which], self._cache(which))
        from dotlint.engine.timing import measured  # noqa: PLC0415 - few runs are verbose

        with measured() as seconds:
            result = lint_slim(path, self.settings[which], self._cache(which))
        return replace(result, seconds=seconds)

    def lost(self, index: int, why: str) -> FileResult:
        return FileResult(self.files[index][0], None, [], unreadable=why)

    def run_all(self) -> Generator[tuple[int, FileResult]]:
        yield from ((index, self.run(index)) for index in range(len(self.files)))

    def tidy(self) -> None:
        cache = self._cache(0) if self.files else None
        if cache:
            from dotlint.pipeline.cache_files import tidy  # noqa: PLC0415

            tidy(cache.folder)

    def _cache(self, which: int) -> Cache | None:
        if not self.cached:
            return None
        if which not in self._caches:
            from dotlint.pipeline.cache import Cache  # noqa: PLC0415

            self._caches[which] = Cache.open(self.settings[which])
        return self._caches[which]


class _Worker:
    """A process that performs tasks one after another, and the parent's end of its pipe."""

    def __init__(self, context: BaseContext, tasks: Tasks[Any], others: Iterable[_Worker]) -> None:
        self.index = -1
        self.pipe, far = context.Pipe()
        # A fork inherits the parent's pipe ends; unless it closes them, its siblings never see them closed.
        inherited = [worker.pipe for worker in (*others, self)] if context.get_start_method() == "fork" else []
        start: Callable[..., BaseProcess] = context.Process  # type: ignore[attr-defined]
        self.process = start(target=_work, args=(far, tasks, inherited), daemon=True)
        with _interrupts_held_back():
            self.process.start()
        far.close()

    def send(self, index: int) -> None:
        self.index = index
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # `receive` reports it
            self.pipe.send(index)

    def receive(self, tasks: Tasks[Answer]) -> Answer:
        try:
            answer: Answer | str = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join(_PATIENCE)
            return tasks.lost(self.index, exit_reason(self.process.exitcode))
        if isinstance(answer, str):
            raise DotlintError(answer)
        return answer


def in_processes(
    tasks: Tasks[Answer], count: int, *, method: Literal["fork", "spawn"] | None = None
) -> Generator[tuple[int, Answer]]:
    """Perform tasks in `count` processes, and yield (number, answer) as they finish; an answer must not be a string.

    If a process dies, its task is lost and another process replaces it. The generator ends all processes before it
    ends. `method` starts the processes; by default the fastest that is safe.
    """
    from multiprocessing.connection import wait  # noqa: PLC0415

    context = _context(method)
    waiting = iter(range(len(tasks)))
    workers: dict[Any, _Worker] = {}
    started: list[_Worker] = []

    def start() -> _Worker:
        worker = _Worker(context, tasks, workers.values())
        started.append(worker)
        workers[worker.pipe] = worker
        return worker

    try:
        for index in itertools.islice(waiting, count):
            start().send(index)
        while workers:
            for pipe in wait(list(workers)):
                worker = workers[pipe]
                finished, result = worker.index, worker.receive(tasks)
                following = next(waiting, None)
                if following is None or not worker.process.is_alive():
                    del workers[pipe]
                    worker.pipe.close()
                if following is not None:
                    (worker if pipe in workers else start()).send(following)
                yield finished, result
    finally:
        _terminate(started)


def _context(method: Literal["fork", "spawn"] | None) -> BaseContext:
    """Return the start method, by default fork on Linux with a single thread, where it is fast and safe; else spawn."""
    import multiprocessing  # noqa: PLC0415
    import threading  # noqa: PLC0415

    fork = sys.platform == "linux" and threading.active_count() == 1
    return multiprocessing.get_context(method or ("fork" if fork else "spawn"))


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Block SIGINT while a process is started: it inherits the mask, and the parent handles Ctrl-C."""
    import signal  # noqa: PLC0415 - only where several processes work

    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(pipe: Connection, tasks: Tasks[Any], inherited: Sequence[Connection]) -> None:
    """Perform the tasks that the pipe names until it is closed; send a `DotlintError` back as a string."""
    import signal  # noqa: PLC0415 - only where several processes work

    # Exit normally on SIGTERM, so that child programs are ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for other in inherited:
        other.close()
    if not hasattr(signal, "pthread_sigmask"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, OSError):
        while True:
            index = pipe.recv()
            try:
                answer: Any = tasks.run(index)
            except DotlintError as error:
                answer = str(error)
            pipe.send(answer)


def exit_reason(status: int | None) -> str:
    """Return why a process ended, from its exit status; None is unknown."""
    import signal  # noqa: PLC0415 - only where several processes work

    if status is not None and status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        return f"the process that linted it was killed ({name}), perhaps for lack of memory"
    return f"the process that linted it ended with status {status}"


def _terminate(workers: Sequence[_Worker]) -> None:
    """Terminate the processes without waiting for unfinished files."""
    for worker in workers:
        worker.process.terminate()
    for worker in workers:
        worker.process.join(_PATIENCE)
        if worker.process.is_alive():
            worker.process.kill()
        worker.pipe.close()
