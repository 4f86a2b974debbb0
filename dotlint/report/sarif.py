"""`sarif`: SARIF 2.1.0 for code scanning (OASIS standard of 27 March 2020)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dotlint._version import __version__
from dotlint.engine.finding import SEVERITIES
from dotlint.report.links import site
from dotlint.report.location import uri
from dotlint.report.sarif_rules import LEVELS, rule_descriptor, sarif_message
from dotlint.text.display import visible
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.facts import SourceLines
    from dotlint.engine.finding import Edit, Finding, Location
    from dotlint.engine.result import FileResult

# GitHub rejects a run with more results as a whole.
# https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
MOST_RESULTS = 25_000
_BASE = "%SRCROOT%"
_SURROGATE = regex(r"[\ud800-\udfff]")


def render(results: Sequence[FileResult], cards: Sequence[Card]) -> str:
    """Return a SARIF log with one run in ASCII, with a final newline; `cards` describe the rules of the findings.

    Columns count code points. Each location of a finding is a separate result, as GitHub shows only the first location
    of a result (https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/
    sarif-support-for-code-scanning#result-object). Its fingerprints do not depend on the line: GitHub reads
    `primaryLocationLineHash`. The result of the first location also has the fix and the related locations. `properties`
    of the run has the numbers of findings and of safe fixes. Of more than `MOST_RESULTS` results the most important ones
    are kept, errors first, and a notification counts the others.
    """
    kept, left_out = _kept(results)
    found = {finding.code for result in results for finding in result.findings}
    rules = [card for card in cards if card.code in found]
    index = {card.code: number for number, card in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "dotlint",
                "version": __version__,
                "semanticVersion": __version__,
                **({"informationUri": address} if (address := site()) else {}),
                "rules": [rule_descriptor(card) for card in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_BASE: {"description": {"text": "the root of the repository"}}},
        "invocations": [_invocation(results, left_out)],
        "artifacts": [{"location": _artifact(r.path), "roles": ["analysisTarget"]} for r in results],
        "results": [
            entry
            for number, result in enumerate(results)
            for entry in _sarif_results(result, number, index, kept[number])
        ],
        "properties": _counts(results),
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=True, indent=2) + "\n"


def _kept(results: Sequence[FileResult]) -> tuple[list[list[tuple[Finding, Location]]], int]:
    """Return the findings of each file with the locations that are written, and how many locations are left out."""
    found = [[(one, location) for one in result.findings for location in one.locations] for result in results]
    left_out = sum(map(len, found)) - MOST_RESULTS
    if left_out <= 0:
        return found, 0

    def rank(pair: tuple[int, int]) -> tuple[int, bool, bool]:
        finding, location = found[pair[0]][pair[1]]
        return SEVERITIES.index(finding.severity), bool(finding.caused_by), location is not finding.locations[0]

    ranked = sorted(((file, at) for file, pairs in enumerate(found) for at in range(len(pairs))), key=rank)
    first = set(ranked[:MOST_RESULTS])
    return [
        [pair for at, pair in enumerate(pairs) if (file, at) in first] for file, pairs in enumerate(found)
    ], left_out


def _counts(results: Iterable[FileResult]) -> dict[str, int]:
    findings = [finding for result in results for finding in result.findings if not finding.caused_by]
    return {"findings": len(findings), "fixable": sum(finding.fixable == "safe" for finding in findings)}


def _artifact(path: str) -> dict[str, str]:
    text, relative = uri(path)
    return {"uri": text, "uriBaseId": _BASE} if relative else {"uri": text}


def _invocation(results: Iterable[FileResult], left_out: int) -> dict[str, Any]:
    unreadable = [
        {
            "level": "error",
            "message": sarif_message(result.unreadable),
            "locations": [{"physicalLocation": {"artifactLocation": _artifact(result.path)}}],
        }
        for result in results
        if result.unreadable is not None
    ]
    crashed = any(result.crashed for result in results)
    notifications = unreadable
    if left_out:
        text = f"{left_out:,} results are left out: GitHub rejects more than {MOST_RESULTS:,}"
        notifications = [*unreadable, {"level": "warning", "message": sarif_message(text)}]
    return {
        "executionSuccessful": not unreadable and not crashed,
        **({"toolExecutionNotifications": notifications} if notifications else {}),
    }


def _region(positions: SourceLines, start: int, end: int) -> dict[str, int]:
    first, last = positions.position(start), positions.position(end)
    return {
        "startLine": first.line,
        "startColumn": first.column,
        "endLine": last.line,
        "endColumn": last.column,
    }


def _sarif_results(
    result: FileResult, artifact_index: int, index: dict[str, int], kept: Sequence[tuple[Finding, Location]]
) -> Iterator[dict[str, Any]]:
    if not kept:
        return
    positions = result.source
    hashes = positions.line_hashes({positions.position(location.start).line for _, location in kept})
    for finding, location in kept:
        entry = _sarif_result(finding, location, result, artifact_index, index)
        line = hashes.get(positions.position(location.start).line)
        if line is not None:
            entry.setdefault("partialFingerprints", {})["primaryLocationLineHash"] = line
        yield entry


def _sarif_result(
    finding: Finding, location: Location, result: FileResult, artifact_index: int, index: dict[str, int]
) -> dict[str, Any]:
    positions = result.source
    artifact = {**_artifact(result.path), "index": artifact_index}
    entry: dict[str, Any] = {
        "ruleId": finding.code,
        **({"ruleIndex": index[finding.code]} if finding.code in index else {}),
        "level": LEVELS[finding.severity],
        "message": sarif_message(finding.message, *([f"help: {finding.help}"] if finding.help else [])),
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": artifact,
                    "region": _region(positions, location.start, location.end),
                },
                **_logical_locations(finding, location),
            }
        ],
    }
    first = location is finding.locations[0]
    if first and finding.related:
        entry["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": {"artifactLocation": artifact, "region": _region(positions, r.start, r.end)},
                "message": sarif_message(r.message),
            }
            for number, r in enumerate(finding.related, 1)
        ]
    if location.fingerprint:
        entry["partialFingerprints"] = {"dotlintStatement/v1": location.fingerprint}
    if first and finding.fix and finding.fix.edits and not any(_SURROGATE.search(e.text) for e in finding.fix.edits):
        entry["fixes"] = [_sarif_fix(finding, finding.fix.edits, artifact, positions)]
    if finding.caused_by:
        entry["properties"] = {"causedBy": [result.findings[i].fingerprint for i in finding.caused_by]}
    return entry


def _logical_locations(finding: Finding, location: Location) -> dict[str, Any]:
    nodes = finding.nodes if location.node is None or len(finding.locations) == 1 else (location.node,)
    if not nodes:
        return {}
    names = dict.fromkeys(visible(name) for name in nodes)
    return {"logicalLocations": [{"name": name, "kind": "element"} for name in names]}


def _sarif_fix(
    finding: Finding, edits: Sequence[Edit], artifact: dict[str, Any], positions: SourceLines
) -> dict[str, Any]:
    assert finding.fix is not None
    return {
        "description": sarif_message(finding.fix.title),
        "artifactChanges": [
            {
                "artifactLocation": artifact,
                "replacements": [
                    {
                        "deletedRegion": _region(positions, edit.start, edit.end),
                        **({"insertedContent": {"text": edit.text}} if edit.text else {}),
                    }
                    for edit in edits
                ],
            }
        ],
    }
