"""`rdjson`: the Diagnostic Format of reviewdog.

The format: https://github.com/reviewdog/reviewdog/tree/master/proto/rdf. Its columns count the bytes of UTF-8.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dotlint.report.causes import fixed_by
from dotlint.report.links import page, site
from dotlint.report.location import in_repository
from dotlint.text.display import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.engine.facts import SourceLines
    from dotlint.engine.finding import Finding, Location
    from dotlint.engine.result import FileResult


def render(results: Sequence[FileResult]) -> str:
    """Return a JSON object in ASCII, with a final newline and a diagnostic for each location.

    The suggestions are the edits of safe fixes, with the first location.
    """
    diagnostics = [entry for result in results for entry in _diagnostics(result)]
    source = {"name": "dotlint", **({"url": address} if (address := site()) else {})}
    found = {"source": source, "severity": "WARNING", "diagnostics": diagnostics}
    return json.dumps(found, ensure_ascii=True, indent=2) + "\n"


def _diagnostics(result: FileResult) -> list[dict[str, Any]]:
    path = visible(in_repository(result.path))
    if result.unreadable is not None:
        return [{"message": visible(result.unreadable), "location": {"path": path}, "severity": "ERROR"}]
    return [_diagnostic(f, location, result, path) for f in result.findings for location in f.locations]


def _diagnostic(finding: Finding, location: Location, result: FileResult, path: str) -> dict[str, Any]:
    positions = result.source
    message = visible(finding.message)
    if finding.caused_by:
        message += f" ({fixed_by(finding, result)})"
    address = page(finding.code, finding.name)
    entry: dict[str, Any] = {
        "message": message,
        "location": {"path": path, "range": _range(positions, location.start, location.end)},
        "severity": finding.severity.upper(),
        "code": {"value": finding.code, **({"url": address} if address else {})},
    }
    if location is not finding.locations[0]:
        return entry
    if finding.fix is not None and finding.fix.applicability == "safe":
        entry["suggestions"] = [
            {"range": _range(positions, edit.start, edit.end), "text": edit.text} for edit in finding.fix.edits
        ]
    if finding.related:
        entry["related_locations"] = [
            {
                "message": visible(one.message),
                "location": {"path": path, "range": _range(positions, one.start, one.end)},
            }
            for one in finding.related
        ]
    return entry


def _range(positions: SourceLines, start: int, end: int) -> dict[str, Any]:
    return {
        word: {"line": positions.position(at).line, "column": positions.byte_column(at)}
        for word, at in (("start", start), ("end", end))
    }
