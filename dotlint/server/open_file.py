"""One file that is open in the editor: its current text, and what is known about it and about earlier ones."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.server.messages import Failure, NodePages, ParsedText, Report, Rules, Suppressions, Understood

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.server.messages import Message, NodeFacts, RuleInfo
    from dotlint.server.moves import Change
    from dotlint.server.text import Text


class TokensAnswer(Struct, frozen=True):
    """The last semantic tokens that the editor has, and the styles of nodes that they were made with."""

    id: str
    data: list[int]
    styles: dict[str, int]


class Snapshot:
    """One version of a file's text and its results, in the order in which they arrive."""

    def __init__(self, text: Text, version: int | None) -> None:
        self.text = text
        self.version = version
        self.parsed: ParsedText | None = None
        self.report: Report | None = None
        self.suppressions: Suppressions | None = None
        self.understood: Understood | None = None
        self.nodes: dict[int, NodeFacts] = {}
        self.failure: str | None = None
        self.read = asyncio.Event()  # these are also set if the run ends without a result
        self.linted = asyncio.Event()
        self.done = asyncio.Event()  # everything but the facts of nodes is there

    def take(self, message: Message) -> None:
        """Store a message of the run."""
        if isinstance(message, ParsedText):
            self.parsed = message
            self.read.set()
        elif isinstance(message, Report):
            self.report = message
            self.linted.set()
        elif isinstance(message, Suppressions):
            self.suppressions = message
        elif isinstance(message, Understood):
            self.understood = message
            self.done.set()
        elif isinstance(message, NodePages):
            self.nodes.update(enumerate(message.facts, message.first))
        elif isinstance(message, Failure):
            self.failure = message.message
            self.end()

    def end(self) -> None:
        """Release everything that waits for this snapshot."""
        for event in (self.read, self.linted, self.done):
            event.set()


class OpenFile:
    """An open file: `current` is the snapshot of its current text, `last` the latest one with a report."""

    def __init__(self, uri: str, path: str, text: Text, version: int | None) -> None:
        self.uri = uri
        self.path = path
        self.current = Snapshot(text, version)
        self.last: Snapshot | None = None
        self.rules: Mapping[str, RuleInfo] = {}  # all existing ones
        self.rules_key = 0
        self.changes: list[Change] = []  # since the last report
        self.styles: dict[str, int] = {}  # of nodes by name, as last inferred
        self.tokens: TokensAnswer | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.run: asyncio.Task[None] | None = None
        self.outdated: asyncio.Task[None] | None = None  # the run before, which may still be under way
        self.running: Snapshot | None = None  # the snapshot of the run

    @property
    def text(self) -> Text:
        """The current text."""
        return self.current.text

    def take(self, snapshot: Snapshot, message: Message) -> None:
        """Store a message of the run for the current snapshot."""
        snapshot.take(message)
        if isinstance(message, Rules):
            self.rules, self.rules_key = message.rules, message.key
        elif isinstance(message, Report):
            self.last = snapshot
            self.changes.clear()
        elif isinstance(message, Understood) and snapshot.parsed is not None:
            names = snapshot.parsed.mentions.names
            self.styles = dict(zip(reversed(names), reversed(message.styles), strict=True))  # the first of a name wins
