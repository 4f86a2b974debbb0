"""The sections of a report and their entries: what belongs together, in which order, under which title."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dotlint.engine.finding import SEVERITIES
from dotlint.engine.sections import ORDER, SECTIONS
from dotlint.report.links import page
from dotlint.report.merge import MOST_FINDINGS, hoisted, shorter, titles
from dotlint.report.model import ReportEntry, Section
from dotlint.report.ranges import ranged, without_numbers
from dotlint.report.rows import entry_rows, folded_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dotlint.engine.finding import Finding, Listing, Severity
    from dotlint.engine.result import FileResult

_NUMBERED = {"connections": 1, "stages": 2, "coverage": 3, "attention": 4, "connectivity": 5, "cycles": 6}
"""The sections of the error-analysis document that this report follows, with its numbers."""
_TITLES = {"connectivity": "Node connectivity check", "cycles": "Cycle detection"}
_PASSED = {**_TITLES, "connections": "Pipeline stage connections", "stages": "Pipeline stages"}
_FOLDED_NAMES = 8  # in a line of a listing; more are folded to ranges

_EntryKey = tuple[str, str, "Severity", str | None, str | None, tuple[int, ...]]


def passed_titles(keys: Iterable[str], *, deployment: bool) -> dict[str, str]:
    """Return the titles of sections without findings, in order; of a deployment, of those that have a number."""
    if not deployment:
        return {key: SECTIONS[key] for key in sorted(keys, key=lambda key: ORDER[key])}
    found = set(keys)
    return {key: _PASSED.get(key, SECTIONS[key]) for key in _NUMBERED if key in found}


def sections_of(result: FileResult, *, links: bool) -> tuple[Section, ...]:
    """Return the sections with findings. With `links`, entries have the addresses of their rules' pages.

    Errors in the syntax come first, because the graph may be incomplete; then the sections with a number, in the order
    of the error-analysis document, and the others by severity. The report of a graph that is no deployment has no
    numbers. In a section come errors, warnings and infos, and then what other findings cause.
    """
    grouped = _entry_groups(result.findings)
    deployment = bool(result.facts.is_deployment)
    per_section: dict[str, list[list[int]]] = {}
    for key, indices in grouped.items():
        per_section.setdefault(key[0], []).append(indices)
    ordered = sorted(per_section, key=lambda key: _rank(key, per_section[key], result.findings, deployment=deployment))
    numbers = dict(_entry_numbers(per_section, result.findings)) if deployment else {}
    references = {index: numbers.get(index, result.findings[index].code) for some in grouped.values() for index in some}
    return tuple(
        Section(
            _NUMBERED.get(key) if deployment else None,
            _title(key, [result.findings[i] for some in per_section[key] for i in some], deployment=deployment),
            tuple(_entry(result, some, numbers, references, links=links) for some in per_section[key]),
        )
        for key in ordered
    )


def _rank(key: str, entries: list[list[int]], findings: list[Finding], *, deployment: bool) -> tuple[int, int, int]:
    first = findings[entries[0][0]]
    severity = len(SEVERITIES) if first.caused_by else SEVERITIES.index(first.severity)
    if key == "syntax" and severity == 0:
        return 0, 0, 0
    number = _NUMBERED.get(key) if deployment else None
    return (1, number, 0) if number else (2, severity, ORDER[key])


def _title(key: str, findings: list[Finding], *, deployment: bool) -> str:
    if not deployment:
        return SECTIONS[key]
    if key == "connections":
        units = [finding.about for finding in findings if finding.about is not None]
        of_stages = not units or any(unit.stage is not None or unit.whole_phase for unit in units)
        return "Missing pipeline stage connections" if of_stages else "Missing connections"
    if key == "stages":
        phases = {_phase_without_stages(finding) for finding in findings}
        phase = phases.pop() if len(phases) == 1 else None
        return (
            SECTIONS[key] if phase is None else f"Missing {phase} phase stages" if phase else "Missing pipeline stages"
        )
    return _TITLES.get(key, SECTIONS[key])


def _phase_without_stages(finding: Finding) -> str | None:
    """Return the name of the phase that lacks stages, "" if it has none; None if the finding is about something else."""
    if not finding.planned_edges:
        return None
    return "" if finding.about is None else finding.about.whole_phase


def _entry_key(finding: Finding) -> _EntryKey:
    fix = finding.fix.applicability if finding.fix else None
    shared_help = None if finding.missing_edges else finding.help
    return finding.section, finding.code, finding.severity, fix, shared_help, finding.caused_by


def _entry_groups(findings: list[Finding]) -> dict[_EntryKey, list[int]]:
    groups: dict[_EntryKey, list[int]] = {}
    often = Counter(finding.code for finding in findings)
    for index, finding in sorted(
        enumerate(findings), key=lambda p: (bool(p[1].caused_by), SEVERITIES.index(p[1].severity), p[1].code)
    ):
        key = _entry_key(finding)
        if often[finding.code] > MOST_FINDINGS and key[4] is not None:  # helps that differ only in numbers
            key = (*key[:4], without_numbers(key[4]), key[5])
        if finding.caused_by:  # one entry for all follow-on findings of a rule, whatever their causes
            key = (key[0], key[1], "error", None, None, (-1,))
        groups.setdefault(key, []).append(index)
    return groups


def _entry_numbers(per_section: Mapping[str, list[list[int]]], findings: list[Finding]) -> Iterable[tuple[int, str]]:
    """Yield the number of the entry of each finding: its section's, and a second one if the section has several.

    Follow-on findings have none.
    """
    for section, groups in per_section.items():
        if section in _NUMBERED:
            own = [indices for indices in groups if not findings[indices[0]].caused_by]
            for position, indices in enumerate(own, 1):
                number = f"{_NUMBERED[section]}" if len(own) == 1 else f"{_NUMBERED[section]}.{position}"
                yield from ((index, number) for index in indices)


def _entry(
    result: FileResult, indices: list[int], numbers: Mapping[int, str], references: Mapping[int, str], *, links: bool
) -> ReportEntry:
    findings = [result.findings[i] for i in indices]
    first = findings[0]
    causes = dict.fromkeys(references[c] for f in findings for c in f.caused_by)
    notes = {f.note for f in findings}
    shared = first.note if len(findings) > 1 and len(notes) == 1 else None
    listings = [listing for f in findings for listing in f.listings if listing.paste or not _names_lines(f, listing)]
    return ReportEntry(
        number=numbers.get(indices[0], ""),
        code=first.code,
        name=first.name,
        severity=first.severity,
        fix=first.fix.applicability if first.fix else None,
        fixes=tuple(dict.fromkeys(f.fix.title for f in findings if f.fix)),
        fixed_by=tuple(causes),
        rows=entry_rows(result, indices, without=shared),
        listings=hoisted(shorter(listings, most_names=_FOLDED_NAMES)),
        help=None if causes else _common([finding.remedy for finding in findings]),
        suggestion=_common([finding.suggestion for finding in findings]),
        no_fix=None if causes else _common([finding.no_fix for finding in findings]),
        note=shared,
        page=page(first.code, first.name) if links else None,
        edges=sum(len(listing.lines) for listing in listings if listing.paste),
        units=tuple(titles(listings)),
        planned=any(f.planned_edges for f in findings),
        nodes=folded_nodes(findings) if causes else (),
    )


def _names_lines(finding: Finding, listing: Listing) -> bool:
    """Return whether the message has all lines of a listing, so that the listing repeats it."""
    return bool(listing.lines) and all(f"`{line}`" in finding.message for line in listing.lines)


def _common(texts: list[str | None]) -> str | None:
    """Return the text of all findings, merged if they differ only in numbers, or else that of the first."""
    some = [text for text in texts if text]
    return ranged(some) if len(set(map(without_numbers, some))) == 1 else texts[0]
