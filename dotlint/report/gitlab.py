"""`gitlab`: a Code Quality report for merge requests.

The format: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from dotlint.engine.crash import is_crash
from dotlint.report.causes import fixed_by
from dotlint.report.location import in_repository
from dotlint.text.display import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.engine.finding import Finding, Location, Severity
    from dotlint.engine.result import FileResult

_SEVERITIES: dict[Severity, str] = {"error": "major", "warning": "minor", "info": "info"}


def render(results: Sequence[FileResult]) -> str:
    """Return a JSON array in ASCII, with a final newline and an entry with a unique fingerprint for each location."""
    entries = [entry for result in results for entry in _issues(result)]
    return json.dumps(entries, ensure_ascii=True, indent=2) + "\n"


def _issues(result: FileResult) -> list[dict[str, Any]]:
    path = visible(in_repository(result.path))
    if result.unreadable is not None:
        return [
            {
                "description": visible(result.unreadable),
                "check_name": "dotlint",
                "fingerprint": _digest(path, "unreadable"),
                "severity": "blocker",
                "location": {"path": path, "lines": {"begin": 1}},
            }
        ]
    return [_issue(f, location, result, path) for f in result.findings for location in f.locations]


def _issue(finding: Finding, location: Location, result: FileResult, path: str) -> dict[str, Any]:
    start, end = result.source.position(location.start), result.source.position(location.end)
    text = f"{finding.code} {visible(finding.message)}"
    if finding.caused_by:
        text += f" ({fixed_by(finding, result)})"
    return {
        "description": text,
        "check_name": f"{finding.code} {finding.name}",
        "fingerprint": _digest(path, location.fingerprint or f"{finding.code} {location.start} {finding.message}"),
        "severity": "critical" if is_crash(finding) else _SEVERITIES[finding.severity],
        "location": {
            "path": path,
            "lines": {"begin": start.line, "end": end.line},
        },
    }


def _digest(path: str, key: str) -> str:
    return hashlib.sha256(f"{path}\0{key}".encode("utf-8", "backslashreplace")).hexdigest()[:32]
