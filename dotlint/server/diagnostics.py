"""Diagnostics: one for each location of a finding, with related information and the address of the rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lsprotocol import types

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dotlint.server.messages import FindingInfo, Report, RuleInfo
    from dotlint.server.text import Text

_SEVERITIES: Final = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}
# Editors fade code that has no effect, and strike through deprecated attributes.
_TAGS: Final = {
    "unnecessary": types.DiagnosticTag.Unnecessary,
    "deprecated": types.DiagnosticTag.Deprecated,
}
_MOST_RELATED: Final = 20


def range_of(text: Text, start: int, end: int) -> types.Range:
    """Return the range between two offsets."""
    return types.Range(types.Position(*text.position(start)), types.Position(*text.position(max(start, end))))


def underlined_range(text: Text, start: int, end: int) -> types.Range:
    """Return the range to underline. It ends with the first line; a missing stage would underline half the file."""
    first, last = text.position(start), text.position(max(start, end))
    return types.Range(
        types.Position(*first), types.Position(*(last if last[0] == first[0] else text.line_end(first[0])))
    )


def diagnostics(uri: str, text: Text, report: Report, rules: Mapping[str, RuleInfo]) -> list[types.Diagnostic]:
    """Return the diagnostics of a report: problems of the configuration, then findings."""
    problems = [
        types.Diagnostic(
            range=underlined_range(text, 0, len(text.text)),
            message=problem,
            severity=types.DiagnosticSeverity.Error,
            source="dotlint",
            code="configuration",
        )
        for problem in report.problems
    ]
    return [
        *problems,
        *(
            diagnostic(uri, text, report, finding, location, rules)
            for finding in report.findings
            for location in finding.locations
        ),
    ]


def diagnostic(
    uri: str,
    text: Text,
    report: Report,
    finding: FindingInfo,
    location: tuple[int, int],
    rules: Mapping[str, RuleInfo],
) -> types.Diagnostic:
    """Return a finding at one of its locations."""
    rule = rules.get(finding.code)
    tag = _TAGS.get(rule.tag) if rule and rule.tag else None
    return types.Diagnostic(
        range=underlined_range(text, *location),
        message=finding.message if finding.help is None else f"{finding.message}\nhelp: {finding.help}",
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        code_description=types.CodeDescription(href=rule.address) if rule and rule.address else None,
        source="dotlint",
        tags=[tag] if tag else None,
        related_information=list(_related(uri, text, report, finding)) or None,
    )


def _related(
    uri: str, text: Text, report: Report, finding: FindingInfo
) -> Iterator[types.DiagnosticRelatedInformation]:
    for message, start, end in finding.related[:_MOST_RELATED]:
        yield types.DiagnosticRelatedInformation(types.Location(uri, underlined_range(text, start, end)), message)
    for index in finding.caused_by[:_MOST_RELATED]:
        cause = report.findings[index]
        location = types.Location(uri, underlined_range(text, cause.start, cause.end))
        yield types.DiagnosticRelatedInformation(location, f"fixed by {cause.code}: {cause.message}")
