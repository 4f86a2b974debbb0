"""`concise`: one line for each location of a finding, in the form that editors' problem matchers read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.engine.result import FileResult


def render(results: Sequence[FileResult]) -> str:
    """Give `path:line:column: severity CODE message`, consequences named as such, and a last line that counts."""
    lines: list[str] = []
    for result in results:
        path = one_line(result.path, 4096)
        if result.unreadable is not None:
            lines.append(f"{path}:1:1: error: {one_line(result.unreadable)}")
            continue
        for finding in result.findings:
            mark = " [*]" if finding.fixable == "safe" and not finding.caused_by else ""
            caused = ""
            if finding.caused_by:
                caused = f" (mended by {', '.join(dict.fromkeys(result.findings[i].code for i in finding.caused_by))})"
            text = f"{finding.severity}: {finding.code}{mark} {one_line(finding.message)}{caused}"
            positions = (result.source.position(location.start) for location in finding.locations)
            lines += [f"{path}:{at.line}:{at.column}: {text}" for at in positions]
    return "".join(line + "\n" for line in lines)
