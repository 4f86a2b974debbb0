"""Findings as an editor shows them: at each location, with what explains them and the address of the rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lsprotocol import types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.server.messages import Report, Spot, Told
    from dotlint.server.text import Text

_SEVERITIES: Final = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}
# What stands there without effect is shown faded, what Graphviz keeps for old files only is struck through.
_TAGS: Final = {
    "unnecessary": types.DiagnosticTag.Unnecessary,
    "deprecated": types.DiagnosticTag.Deprecated,
}
_MOST_RELATED: Final = 20


def range_of(text: Text, start: int, end: int) -> types.Range:
    """Give the range between two offsets."""
    return types.Range(types.Position(*text.place(start)), types.Position(*text.place(max(start, end))))


def shown_range(text: Text, start: int, end: int) -> types.Range:
    """Give the range that is underlined: no more than the first line, or a missing stage would colour half the file."""
    first, last = text.place(start), text.place(max(start, end))
    return types.Range(
        types.Position(*first), types.Position(*(last if last[0] == first[0] else text.line_end(first[0])))
    )


def diagnostics(uri: str, text: Text, report: Report) -> list[types.Diagnostic]:
    """Give all that is to be shown of a report."""
    problems = [
        types.Diagnostic(
            range=shown_range(text, 0, len(text.text)),
            message=problem,
            severity=types.DiagnosticSeverity.Error,
            source="dotlint",
            code="configuration",
        )
        for problem in report.problems
    ]
    return [
        *problems,
        *(diagnostic(uri, text, report, told, spot) for told in report.findings for spot in told.spots),
    ]


def diagnostic(uri: str, text: Text, report: Report, told: Told, spot: Spot) -> types.Diagnostic:
    """Return a finding at one of its locations."""
    rule = report.rules.get(told.code)
    tag = _TAGS.get(rule.tag) if rule and rule.tag else None
    return types.Diagnostic(
        range=shown_range(text, spot.start, spot.end),
        message=told.message if told.help is None else f"{told.message}\nhelp: {told.help}",
        severity=_SEVERITIES[told.severity],
        code=told.code,
        code_description=types.CodeDescription(href=rule.address) if rule and rule.address else None,
        source="dotlint",
        tags=[tag] if tag else None,
        related_information=list(_related(uri, text, report, told)) or None,
    )


def _related(uri: str, text: Text, report: Report, told: Told) -> Iterator[types.DiagnosticRelatedInformation]:
    for message, start, end in told.related[:_MOST_RELATED]:
        yield types.DiagnosticRelatedInformation(types.Location(uri, shown_range(text, start, end)), message)
    for index in told.caused_by[:_MOST_RELATED]:
        cause = report.findings[index]
        place = types.Location(uri, shown_range(text, cause.start, cause.end))
        yield types.DiagnosticRelatedInformation(place, f"follows from {cause.code}: {cause.message}")
