"""The files that are open in the editor, and the scheduling of their runs.

Each change creates a new snapshot of its file. The run for it starts when typing pauses and cancels a run for an earlier
text, so that only the last of a series of changes is reported.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from dotlint.errors import DotlintError
from dotlint.server.early import combined
from dotlint.server.messages import EarlyReport, Failure, FixedText, Job, Report, Understood
from dotlint.server.moves import add
from dotlint.server.open_file import OpenFile, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dotlint.server.messages import EditorOptions, Message, ParsedText
    from dotlint.server.moves import Change
    from dotlint.server.options import Scopes
    from dotlint.server.text import Text
    from dotlint.server.workers import Workers

_PAUSE: Final = 0.15  # seconds without a change before a run starts
_PAUSE_LARGE: Final = 0.75  # added for a large text
_LARGE: Final = 4_000_000  # characters
_LONG_RUN: Final = 100_000  # characters from which an outdated run ends at once; ending it costs a process
log = logging.getLogger(__name__)


class OpenFiles:
    """All open files by URI; `on_report`, `on_failure` and `on_understood` are called with the results of runs.

    Of a large text, `on_report` is first called with the findings of the fast rules and earlier ones of the others.
    """

    def __init__(
        self,
        workers: Workers,
        on_report: Callable[[OpenFile, Snapshot, Report], None],
        on_failure: Callable[[OpenFile, str], None],
        on_understood: Callable[[OpenFile], None],
    ) -> None:
        self.scopes: Scopes | None = None  # nothing runs before this is set
        self._workers = workers
        self._on_report = on_report
        self._on_failure = on_failure
        self._on_understood = on_understood
        self._files: dict[str, OpenFile] = {}

    def get(self, uri: str) -> OpenFile | None:
        """Return an open file, or None."""
        return self._files.get(uri)

    def all(self) -> list[OpenFile]:
        """Return all open files."""
        return list(self._files.values())

    def open(self, uri: str, path: str, text: Text, version: int | None) -> OpenFile:
        """Add a file that was opened, and lint it."""
        self.close(uri)
        file = self._files[uri] = OpenFile(uri, path, text, version)
        self._schedule(file, 0)
        return file

    def change(self, file: OpenFile, text: Text, version: int | None, changes: Sequence[Change]) -> None:
        """Set the current text of a file, and lint it when typing pauses; `changes` lead to it from the text before."""
        self._new_snapshot(file, text, version)
        for change in changes:
            add(file.changes, change)
        self._workers.prepare()
        self._schedule(file, _PAUSE + _PAUSE_LARGE * min(len(text.text) / _LARGE, 1))

    def lint_again(self, *, only: Callable[[OpenFile], bool] = lambda _: True) -> None:
        """Lint open files again, since settings or other files have changed."""
        for file in self.all():
            if only(file):
                self._new_snapshot(file, file.text, file.current.version)
                self._schedule(file, 0)

    def close(self, uri: str) -> None:
        """Remove a file that was closed, and cancel its run."""
        file = self._files.pop(uri, None)
        if file is not None:
            self._stop(file)
            file.current.end()

    def close_all(self) -> None:
        """Remove all files, and cancel their runs."""
        for file in self.all():
            self.close(file.uri)

    async def parsed(self, file: OpenFile, *, at_once: bool = False) -> tuple[Snapshot, ParsedText]:
        """Wait until the current text of a file is parsed, even if it changes meanwhile; `at_once` starts the run now.

        Raises `DotlintError` if the run fails or the file is closed.
        """
        if at_once:
            self._start_now(file)
        snapshot = await self._when(file, lambda snapshot: snapshot.read)
        if snapshot.parsed is None:
            raise DotlintError(snapshot.failure or "the file was closed")
        return snapshot, snapshot.parsed

    async def report(self, file: OpenFile) -> tuple[Snapshot, Report]:
        """Wait until the current text of a file is linted; raises `DotlintError` as `parsed` does."""
        snapshot = await self._when(file, lambda snapshot: snapshot.linted)
        if snapshot.report is None:
            raise DotlintError(snapshot.failure or "the file was closed")
        return snapshot, snapshot.report

    async def understood(self, file: OpenFile) -> Snapshot:
        """Wait until everything but the facts of nodes is known about the current text of a file."""
        return await self._when(file, lambda snapshot: snapshot.done)

    async def _when(self, file: OpenFile, event: Callable[[Snapshot], asyncio.Event]) -> Snapshot:
        """Wait for an event of the current snapshot; if the file is closed, of its last one."""
        while True:
            snapshot = file.current
            await event(snapshot).wait()
            if snapshot is file.current or file.uri not in self._files:
                return snapshot

    async def fixed(self, file: OpenFile) -> FixedText:
        """Return the current text with its safe fixes applied; raises `DotlintError` on failure."""
        assert self.scopes is not None
        got: list[Message] = []
        await self._workers.run(Job("fix", file.text.text, file.path, self.scopes.of(file.path)), got.append)
        for message in got:
            if isinstance(message, FixedText):
                return message
            if isinstance(message, Failure):
                raise DotlintError(message.message)
        raise DotlintError("the worker process returned no result")

    def _new_snapshot(self, file: OpenFile, text: Text, version: int | None) -> None:
        before = file.current
        if len(text.text) > _LONG_RUN:
            self._stop(file)
        file.current = Snapshot(text, version)
        before.end()

    def _schedule(self, file: OpenFile, seconds: float) -> None:
        if file.timer is not None:
            file.timer.cancel()
        file.timer = asyncio.get_running_loop().call_later(seconds, self._start_now, file)

    def _start_now(self, file: OpenFile) -> None:
        """Start the run for the current text, unless it has started; end the last but one, which is outdated."""
        if file.running is file.current or self.scopes is None or file.uri not in self._files:
            return
        _cancel(file.outdated)
        file.outdated = file.run
        file.running = file.current
        options = self.scopes.of(file.path)
        file.run = asyncio.get_running_loop().create_task(self._run(file, file.current, options))

    def _stop(self, file: OpenFile) -> None:
        if file.timer is not None:
            file.timer.cancel()
        _cancel(file.run)
        _cancel(file.outdated)

    async def _run(self, file: OpenFile, snapshot: Snapshot, options: EditorOptions) -> None:
        def on_message(message: Message) -> None:
            if snapshot is not file.current:
                return  # the text has changed
            file.take(snapshot, message)
            if isinstance(message, EarlyReport):
                last = file.last.report if file.last is not None else None
                report = message.report if last is None else combined(message, last, file.changes)
                self._on_report(file, snapshot, report)
            elif isinstance(message, Report):
                self._on_report(file, snapshot, message)
            elif isinstance(message, Understood):
                self._on_understood(file)
            elif isinstance(message, Failure):
                self._on_failure(file, message.message)

        job = Job("read", snapshot.text.text, file.path, options, rules=file.rules_key)
        try:
            await self._workers.run(job, on_message)
        except DotlintError as error:
            on_message(Failure(str(error)))
        except Exception as error:
            log.exception("a run failed")
            on_message(Failure(f"{type(error).__name__}: {error}"))
        finally:
            snapshot.end()


def _cancel(run: asyncio.Task[None] | None) -> None:
    if run is not None and not run.done():
        run.cancel()
