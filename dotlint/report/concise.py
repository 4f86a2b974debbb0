"""`concise`: one line for each location of a finding, in the form that editors' problem matchers read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.report.causes import fixed_by
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.engine.result import FileResult


def render(results: Sequence[FileResult], last: str = "") -> str:
    """Return `path:line:column: severity: CODE message` for each location, and the `last` line.

    `[*]` marks findings with a safe fix.
    """
    lines: list[str] = []
    for result in results:
        path = one_line(result.path, 4096)
        if result.unreadable is not None:
            lines.append(f"{path}:1:1: error: {one_line(result.unreadable)}")
            continue
        for finding in result.findings:
            mark = " [*]" if finding.fixable == "safe" and not finding.caused_by else ""
            causes = f" ({fixed_by(finding, result)})" if finding.caused_by else ""
            text = f"{finding.severity}: {finding.code}{mark} {one_line(finding.message)}{causes}"
            positions = (result.source.position(location.start) for location in finding.locations)
            lines += [f"{path}:{at.line}:{at.column}: {text}" for at in positions]
    return "".join(line + "\n" for line in [*lines, *([last] if last else [])])
