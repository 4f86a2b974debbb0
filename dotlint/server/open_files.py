"""The files that are open in the editor, and the scheduling of their runs.

Each change creates a new snapshot of its file. The run for it starts when typing pauses and cancels a run for an earlier
text, so that only the last of a series of changes is reported.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from dotlint.errors import DotlintError
from dotlint.server.messages import Failure, FixedText, Job, NodePages, ParsedText, Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.server.messages import EditorOptions, Message
    from dotlint.server.options import Scopes
    from dotlint.server.text import Text
    from dotlint.server.workers import Workers

_PAUSE: Final = 0.15  # seconds without a change before a run starts
_PAUSE_LARGE: Final = 0.75  # added for a large text
_LARGE: Final = 4_000_000  # characters
log = logging.getLogger(__name__)


class Snapshot:
    """One version of a file's text and its results: first the parsed text, then the report, then the pages of nodes."""

    def __init__(self, text: Text, version: int | None) -> None:
        self.text = text
        self.version = version
        self.parsed: ParsedText | None = None
        self.report: Report | None = None
        self.pages: dict[int, str] = {}
        self.failure: str | None = None
        self.read = asyncio.Event()  # also set if the run ends without a result
        self.linted = asyncio.Event()

    def take(self, message: Message) -> None:
        """Store a message of the run."""
        if isinstance(message, ParsedText):
            self.parsed = message
            self.read.set()
        elif isinstance(message, Report):
            self.report = message
            self.linted.set()
        elif isinstance(message, NodePages):
            self.pages.update(enumerate(message.texts, message.first))
        elif isinstance(message, Failure):
            self.failure = message.message
            self.end()

    def end(self) -> None:
        """Release everything that waits for this snapshot."""
        self.read.set()
        self.linted.set()


class OpenFile:
    """An open file: `current` is the snapshot of its current text, `last` the latest one with a report."""

    def __init__(self, uri: str, path: str, text: Text, version: int | None) -> None:
        self.uri = uri
        self.path = path
        self.current = Snapshot(text, version)
        self.last: Snapshot | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.run: asyncio.Task[None] | None = None
        self.running: Snapshot | None = None  # the snapshot of the run

    @property
    def text(self) -> Text:
        """The current text."""
        return self.current.text


class OpenFiles:
    """All open files by URI; `on_report` and `on_failure` are called with the results of runs."""

    def __init__(
        self,
        workers: Workers,
        on_report: Callable[[OpenFile, Snapshot], None],
        on_failure: Callable[[OpenFile, str], None],
    ) -> None:
        self.scopes: Scopes | None = None  # nothing runs before this is set
        self._workers = workers
        self._on_report = on_report
        self._on_failure = on_failure
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

    def change(self, file: OpenFile, text: Text, version: int | None) -> None:
        """Set the current text of a file, and lint it when typing pauses."""
        self._new_snapshot(file, text, version)
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
        file.current = Snapshot(text, version)
        before.end()

    def _schedule(self, file: OpenFile, seconds: float) -> None:
        if file.timer is not None:
            file.timer.cancel()
        file.timer = asyncio.get_running_loop().call_later(seconds, self._start_now, file)

    def _start_now(self, file: OpenFile) -> None:
        """Start the run for the current text, unless it has started; cancel one for an earlier text."""
        if file.running is file.current or self.scopes is None or file.uri not in self._files:
            return
        self._stop(file)
        file.running = file.current
        options = self.scopes.of(file.path)
        file.run = asyncio.get_running_loop().create_task(self._run(file, file.current, options))

    def _stop(self, file: OpenFile) -> None:
        if file.timer is not None:
            file.timer.cancel()
        if file.run is not None and not file.run.done():
            file.run.cancel()

    async def _run(self, file: OpenFile, snapshot: Snapshot, options: EditorOptions) -> None:
        def on_message(message: Message) -> None:
            snapshot.take(message)
            if isinstance(message, Report):
                file.last = snapshot
            if snapshot is file.current and isinstance(message, Report):
                self._on_report(file, snapshot)
            if snapshot is file.current and isinstance(message, Failure):
                self._on_failure(file, message.message)

        try:
            await self._workers.run(Job("read", snapshot.text.text, file.path, options), on_message)
        except DotlintError as error:
            on_message(Failure(str(error)))
        except Exception as error:
            log.exception("a run failed")
            on_message(Failure(f"{type(error).__name__}: {error}"))
        finally:
            snapshot.end()
