"""Fixing as a function: text in, fixed text and what became of each finding out."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.engine.result import Settings
from dotlint.pipeline.fixpoint import Fixer
from dotlint.pipeline.preview import withdraw_refused
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult
    from dotlint.pipeline.fixpoint import Refusal


class FixResult(Struct, frozen=True):
    """A fixed file: its `text`, the findings whose fixes are `applied` in it, and those `refused`.

    `result` is what `lint_file` says of the fixed text; `source` is that text and `given` the one before, both as
    files, which know their encoding.
    """

    given: Source
    source: Source
    applied: tuple[Finding, ...]
    refused: tuple[Refusal, ...]
    result: FileResult

    @property
    def text(self) -> str:
        """The fixed text."""
        return self.source.text

    @property
    def remaining(self) -> tuple[Finding, ...]:
        """What is still found in it."""
        return tuple(self.result.findings)

    @property
    def changed(self) -> bool:
        """Whether it differs from what was given."""
        return self.source.text != self.given.text

    def data(self) -> bytes:
        """Give the fixed file's bytes: those that were not fixed are the ones that were given."""
        return self.source.to_bytes()

    def diff(self) -> str:
        """Give the unified diff from the given to the fixed text; "" where nothing changed."""
        return unified_diff(self.given.text, self.source.text, self.given.name)


def fix_text(source: Source | str | bytes, settings: Settings | None = None, *, unsafe: bool = False) -> FixResult:
    """Fix a file's text as far as its fixes are safe, or `unsafe` too.

    Fixing the outcome once more changes nothing.
    """
    if isinstance(source, str):
        source = Source.from_text(source)
    elif isinstance(source, bytes):
        source = Source.from_bytes(source)
    settings = settings or Settings()
    fixer = Fixer(settings, unsafe=unsafe)
    outcome = fixer.run(source)
    withdraw_refused(outcome.result, fixer.trials)
    return FixResult(
        source,
        outcome.source,
        tuple(outcome.applied),
        tuple(outcome.refused),
        outcome.result,
    )


def unified_diff(old: str, new: str, name: str) -> str:
    """Give the diff with which `patch` turns the one text into the other.

    Lines end at LF only, whatever else they hold.
    """
    if old == new:
        return ""
    lines = difflib.unified_diff(
        _lines(old), _lines(new), f"a/{name}".replace("a//", "/"), f"b/{name}".replace("b//", "/")
    )
    return "".join(_ended(lines))


def _lines(text: str) -> list[str]:
    pieces = text.split("\n")
    last = pieces.pop()
    return [piece + "\n" for piece in pieces] + ([last] if last else [])


def _ended(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
