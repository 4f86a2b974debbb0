"""The verdict on a file in the words that people read; JSON and the library keep `FileResult.verdict`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dotlint.deployment.tensors.followed import REASONS
from dotlint.text.english import count

if TYPE_CHECKING:
    from dotlint.engine.facts import FlowFacts
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


def verdict_caveat(result: FileResult) -> str:
    """Return `but tensors could be followed on only 120 of 440 edges` if that is less than half, else ""."""
    flow = None if result.unreadable is not None else result.facts.flow
    if flow is None or 2 * flow.followed >= flow.edges:
        return ""
    joined = "and" if result.verdict == "incorrect" else "but"
    if not flow.followed:
        return f"{joined} no tensors could be followed"
    return f"{joined} tensors could be followed on only {flow.followed} of {count(flow.edges, 'edge')}"


def flow_words(flow: FlowFacts) -> str:
    """Return how many edges were followed, and why the others were not."""
    if flow.followed == flow.edges:
        return f"all {flow.edges} edges followed" if flow.edges > 1 else "1 edge followed"
    others = [f"{number} {why}" for number, why in _reasons(flow)]
    return f"{flow.followed} of {count(flow.edges, 'edge')} followed; {', '.join(others)}"


def open_words(flow: FlowFacts) -> str:
    """Return why edges were not followed, with their numbers."""
    (first, why), *others = _reasons(flow)
    return ", ".join((f"{count(first, 'edge')} {why}", *(f"{number} {why}" for number, why in others)))


def _reasons(flow: FlowFacts) -> list[tuple[int, str]]:
    return [(n, REASONS[reason]) for reason, n in sorted(flow.reasons.items(), key=lambda one: -one[1])]


def _warnings(result: FileResult) -> int:
    return sum(1 for f in result.findings if f.severity == "warning" and not f.caused_by)
