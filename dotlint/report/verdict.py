"""The verdict on a file in the words that people read; JSON and the library keep `FileResult.verdict`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dotlint.text.english import count

if TYPE_CHECKING:
    from dotlint.engine.result import FileResult

VerdictKind = Literal["correct", "warned", "incorrect", "unreadable"]


def verdict_kind(result: FileResult) -> VerdictKind:
    """Return the verdict; a file without errors is `correct` only if it has no warnings either, otherwise `warned`."""
    return "warned" if result.verdict == "correct" and _warnings(result) else result.verdict


def verdict_words(result: FileResult) -> str:
    """Return the verdict, or for a file with warnings alone for example `no errors, 7 warnings`."""
    if verdict_kind(result) != "warned":
        return result.verdict
    return f"no errors, {count(_warnings(result), 'warning')}"


def _warnings(result: FileResult) -> int:
    return sum(1 for f in result.findings if f.severity == "warning" and not f.caused_by)
