"""The causes of a follow-on finding, as the line-based formats name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult


def fixed_by(finding: Finding, result: FileResult) -> str:
    """Return `fixed by S001, S002`, with the codes of its causes, for a follow-on finding; else an empty string."""
    codes = dict.fromkeys(result.findings[index].code for index in finding.caused_by)
    return f"fixed by {', '.join(codes)}" if codes else ""
