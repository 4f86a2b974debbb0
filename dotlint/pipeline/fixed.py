"""A fixed file: its text, what was applied and refused, and the difference; and the fixing of a text that is DOT."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.pipeline.fixpoint import Fixer
from dotlint.pipeline.preview import withdraw_refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult, Settings
    from dotlint.pipeline.fixpoint import Refusal
    from dotlint.syntax.source import Source


class FixResult(Struct, frozen=True):
    """A fixed file: its `text`, the findings whose fixes were `applied`, and the `refused` fixes.

    `given` and `source` are the file before and after, with their encoding; `result` is that of `lint_file` for the
    fixed text.
    """

    given: Source
    source: Source
    applied: tuple[Finding, ...]
    refused: tuple[Refusal, ...]
    result: FileResult

    @property
    def text(self) -> str:
        """Return the fixed text."""
        return self.source.text

    @property
    def remaining(self) -> tuple[Finding, ...]:
        """Return the findings in the fixed text."""
        return tuple(self.result.findings)

    @property
    def changed(self) -> bool:
        """Return whether fixing changed the text."""
        return self.source.text != self.given.text

    def data(self) -> bytes:
        """Return the bytes of the fixed file; everything outside the edits is preserved byte for byte."""
        return self.source.to_bytes()

    def diff(self) -> str:
        """Return the unified diff from the original to the fixed text; "" if nothing changed."""
        return unified_diff(self.given.text, self.source.text, self.given.name)


def fix_dot(source: Source, settings: Settings, *, unsafe: bool) -> FixResult:
    """Fix a text that is DOT, whatever its name."""
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
    """Return the unified diff that `patch` accepts; only LF ends a line."""
    if old == new:
        return ""
    lines = difflib.unified_diff(
        _lines(old), _lines(new), f"a/{name}".replace("a//", "/"), f"b/{name}".replace("b//", "/")
    )
    return "".join(_with_final_newlines(lines))


def _lines(text: str) -> list[str]:
    pieces = text.split("\n")
    last = pieces.pop()
    return [piece + "\n" for piece in pieces] + ([last] if last else [])


def _with_final_newlines(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
