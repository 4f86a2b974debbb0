"""`junit`: JUnit XML with a test suite for each file and a test case for each finding."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from dotlint.engine.crash import is_crash
from dotlint.engine.finding import SEVERITIES
from dotlint.report.causes import fixed_by
from dotlint.report.location import in_repository
from dotlint.text.display import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.engine.finding import Finding, Severity
    from dotlint.engine.result import FileResult


def render(results: Sequence[FileResult], fail_on: Severity = "warning") -> str:
    """Return the XML, with a final newline.

    A finding of severity `fail_on` or higher is a failure; a lower one passes, with its text as output. A follow-on
    finding is skipped, since the exit status ignores it. A file that cannot be read and a rule that crashes are errors.
    A file without findings is one case that passes.
    """
    counted = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    suites = [_suite(result, counted) for result in results]
    top = ET.Element("testsuites", {"name": "dotlint", **_total_counts(suites)})
    top.extend(suites)
    ET.indent(top)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(top, encoding="unicode") + "\n"


def _total_counts(suites: Sequence[ET.Element]) -> dict[str, str]:
    return {
        key: str(sum(int(suite.attrib[key]) for suite in suites)) for key in ("tests", "failures", "errors", "skipped")
    }


def _suite(result: FileResult, counted: Sequence[Severity]) -> ET.Element:
    path = visible(in_repository(result.path))
    cases: list[ET.Element] = []
    if result.unreadable is not None:
        case = ET.Element("testcase", {"name": "dotlint", "classname": path, "file": path})
        ET.SubElement(case, "error", {"type": "unreadable", "message": visible(result.unreadable)})
        cases.append(case)
    cases += [_case(finding, result, path, counted) for finding in result.findings]
    if not cases:
        cases.append(ET.Element("testcase", {"name": "dotlint", "classname": path, "file": path}))
    counts = {
        "tests": len(cases),
        "failures": sum(1 for case in cases if case.find("failure") is not None),
        "errors": sum(1 for case in cases if case.find("error") is not None),
        "skipped": sum(1 for case in cases if case.find("skipped") is not None),
    }
    suite = ET.Element("testsuite", {"name": path, **{key: str(number) for key, number in counts.items()}})
    suite.extend(cases)
    return suite


def _case(finding: Finding, result: FileResult, path: str, counted: Sequence[Severity]) -> ET.Element:
    position = result.source.position(finding.start)
    message = visible(finding.message)
    attributes = {
        "name": f"{finding.code} {finding.name}, line {position.line}",
        "classname": path,
        "file": path,
        "line": str(position.line),
    }
    case = ET.Element("testcase", attributes)
    lines = [f"{path}:{position.line}:{position.column}: {finding.severity}: {finding.code} {message}"]
    lines += [f"{word}: {visible(text)}" for word, text in (("note", finding.note), ("help", finding.help)) if text]
    if is_crash(finding):
        outcome = ET.SubElement(case, "error", {"type": finding.severity, "message": message})
    elif finding.caused_by:
        outcome = ET.SubElement(case, "skipped", {"message": fixed_by(finding, result)})
    elif finding.severity in counted:
        outcome = ET.SubElement(case, "failure", {"type": finding.severity, "message": message})
    else:
        outcome = ET.SubElement(case, "system-out")
    outcome.text = "\n".join(lines)
    return case
