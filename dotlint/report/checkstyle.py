"""`checkstyle`: the XML of Checkstyle, with a file element for each file and an error element for each location."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from dotlint.report.causes import fixed_by
from dotlint.report.location import in_repository
from dotlint.text.display import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.engine.result import FileResult


def render(results: Sequence[FileResult]) -> str:
    """Return the XML, with a final newline. The `source` of an error is `dotlint.` and the code of the rule."""
    top = ET.Element("checkstyle", {"version": "4.3"})
    for result in results:
        file = ET.SubElement(top, "file", {"name": visible(in_repository(result.path))})
        file.extend(ET.Element("error", attributes) for attributes in _errors(result))
    ET.indent(top)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(top, encoding="unicode") + "\n"


def _errors(result: FileResult) -> Iterator[dict[str, str]]:
    if result.unreadable is not None:
        text = visible(result.unreadable)
        yield {"line": "1", "column": "1", "severity": "error", "message": text, "source": "dotlint.unreadable"}
        return
    for finding in result.findings:
        message = f"{finding.code} {visible(finding.message)}"
        if finding.caused_by:
            message += f" ({fixed_by(finding, result)})"
        for location in finding.locations:
            at = result.source.position(location.start)
            yield {
                "line": str(at.line),
                "column": str(at.column),
                "severity": finding.severity,
                "message": message,
                "source": f"dotlint.{finding.code}",
            }
