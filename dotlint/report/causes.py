"""The causes of follow-on findings: how the line-based formats name them, and the order that starts with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult


def fixed_by(finding: Finding, result: FileResult) -> str:
    """Return `fixed by S001, S002`, with the codes of its causes, for a follow-on finding; else an empty string."""
    codes = dict.fromkeys(result.findings[index].code for index in finding.caused_by)
    return f"fixed by {', '.join(codes)}" if codes else ""


def causes_first(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings in their order, but each follow-on finding after its last cause."""
    following: dict[int, list[int]] = {}
    for index, finding in enumerate(findings):
        if finding.caused_by:
            following.setdefault(max(finding.caused_by), []).append(index)

    def with_following(index: int) -> Iterator[int]:
        yield index
        for other in following.get(index, ()):
            yield from with_following(other)

    own = [index for index, finding in enumerate(findings) if not finding.caused_by]
    return [findings[i] for index in own for i in with_following(index)]
