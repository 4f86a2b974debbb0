"""The files that are open in the editor, and when each of them is read and linted.

A change starts a new snapshot of its file. The run for it starts once typing pauses; a run that is still going for an
earlier text is then ended. So of any row of changes the last one alone is told.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from dotlint.errors import DotlintError
from dotlint.server.messages import Failure, Fixed, Job, Pages, Reading, Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.server.messages import Message, Options
    from dotlint.server.options import Scopes
    from dotlint.server.text import Text
    from dotlint.server.workers import Workers

_PAUSE: Final = 0.15  # seconds without a change before a run starts,
_PAUSE_LARGE: Final = 0.75  # and so much more of them for a large text,
_LARGE: Final = 4_000_000  # which has so many characters
log = logging.getLogger(__name__)


class Snapshot:
    """What is known of one text of a file: its reading first, then the report of the rules, then the nodes' pages."""

    def __init__(self, text: Text, version: int | None) -> None:
        self.text = text
        self.version = version
        self.reading: Reading | None = None
        self.report: Report | None = None
        self.pages: dict[int, str] = {}
        self.failure: str | None = None
        self.read = asyncio.Event()  # set too where there is nothing to wait for any more
        self.told = asyncio.Event()

    def take(self, message: Message) -> None:
        """Note a message of the run."""
        if isinstance(message, Reading):
            self.reading = message
            self.read.set()
        elif isinstance(message, Report):
            self.report = message
            self.told.set()
        elif isinstance(message, Pages):
            self.pages.update(enumerate(message.texts, message.first))
        elif isinstance(message, Failure):
            self.failure = message.message
            self.end()

    def end(self) -> None:
        """Let nobody wait for it any longer."""
        self.read.set()
        self.told.set()


class OpenFile:
    """An open file: `current` is the snapshot of what it says now, `last` the latest one with a report."""

    def __init__(self, uri: str, path: str, text: Text, version: int | None) -> None:
        self.uri = uri
        self.path = path
        self.current = Snapshot(text, version)
        self.last: Snapshot | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.run: asyncio.Task[None] | None = None
        self.running: Snapshot | None = None  # what the run is for

    @property
    def text(self) -> Text:
        """What it says now."""
        return self.current.text


class OpenFiles:
    """All open files by their address; `on_report` and `on_failure` are called when a run has something to tell."""

    def __init__(
        self,
        workers: Workers,
        on_report: Callable[[OpenFile, Snapshot], None],
        on_failure: Callable[[OpenFile, str], None],
    ) -> None:
        self.scopes: Scopes | None = None  # nothing runs before they are known
        self._workers = workers
        self._on_report = on_report
        self._on_failure = on_failure
        self._files: dict[str, OpenFile] = {}

    def get(self, uri: str) -> OpenFile | None:
        """Find an open file."""
        return self._files.get(uri)

    def all(self) -> list[OpenFile]:
        """Give every open file."""
        return list(self._files.values())

    def open(self, uri: str, path: str, text: Text, version: int | None) -> OpenFile:
        """Note a file that was opened, and lint it."""
        self.close(uri)
        file = self._files[uri] = OpenFile(uri, path, text, version)
        self._start_in(file, 0)
        return file

    def change(self, file: OpenFile, text: Text, version: int | None) -> None:
        """Note what a file says now, and lint it once typing pauses."""
        self._renew(file, text, version)
        self._start_in(file, _PAUSE + _PAUSE_LARGE * min(len(text.text) / _LARGE, 1))

    def lint_again(self, *, only: Callable[[OpenFile], bool] = lambda _: True) -> None:
        """Lint open files once more: what holds for them has changed."""
        for file in self.all():
            if only(file):
                self._renew(file, file.text, file.current.version)
                self._start_in(file, 0)

    def close(self, uri: str) -> None:
        """Forget a file that was closed."""
        file = self._files.pop(uri, None)
        if file is not None:
            self._stop(file)
            file.current.end()

    def close_all(self) -> None:
        """Forget every file, and end what runs for it."""
        for file in self.all():
            self.close(file.uri)

    async def reading(self, file: OpenFile, *, at_once: bool = False) -> tuple[Snapshot, Reading]:
        """Wait until the present text of a file is read, whatever it is by then; `at_once` waits for no pause in typing.

        Raises `DotlintError` where it cannot be read, or was closed.
        """
        if at_once:
            self._start_now(file)
        snapshot = await self._settled(file, lambda snapshot: snapshot.read)
        if snapshot.reading is None:
            raise DotlintError(snapshot.failure or "the file was closed")
        return snapshot, snapshot.reading

    async def report(self, file: OpenFile) -> tuple[Snapshot, Report]:
        """Wait until the present text of a file is linted; raises as `reading`."""
        snapshot = await self._settled(file, lambda snapshot: snapshot.told)
        if snapshot.report is None:
            raise DotlintError(snapshot.failure or "the file was closed")
        return snapshot, snapshot.report

    async def _settled(self, file: OpenFile, event: Callable[[Snapshot], asyncio.Event]) -> Snapshot:
        """Wait for something to happen to the present text, whatever it is by then, or to the last of a closed file."""
        while True:
            snapshot = file.current
            await event(snapshot).wait()
            if snapshot is file.current or file.uri not in self._files:
                return snapshot

    async def fixed(self, file: OpenFile) -> Fixed:
        """Have the safe fixes of the present text applied to it; raises `DotlintError` where that fails."""
        assert self.scopes is not None
        got: list[Message] = []
        await self._workers.run(Job("fix", file.text.text, file.path, self.scopes.of(file.path)), got.append)
        for message in got:
            if isinstance(message, Fixed):
                return message
            if isinstance(message, Failure):
                raise DotlintError(message.message)
        raise DotlintError("the process that fixes gave no answer")

    def _renew(self, file: OpenFile, text: Text, version: int | None) -> None:
        before = file.current
        file.current = Snapshot(text, version)
        before.end()

    def _start_in(self, file: OpenFile, seconds: float) -> None:
        if file.timer is not None:
            file.timer.cancel()
        file.timer = asyncio.get_running_loop().call_later(seconds, self._start_now, file)

    def _start_now(self, file: OpenFile) -> None:
        """Start the run for the present text, unless it is going on or done; one for an earlier text is ended."""
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

    async def _run(self, file: OpenFile, snapshot: Snapshot, options: Options) -> None:
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
