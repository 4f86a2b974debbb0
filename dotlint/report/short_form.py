"""The short form of a result for language models, as data.

Causes come first, in the order of their importance, with the edges to add as DOT statements. Follow-on findings are
only counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from dotlint.engine.finding import SEVERITIES, Applicability, Severity
from dotlint.engine.sections import ORDER
from dotlint.report.edge_statements import folded_edges
from dotlint.report.merge import alike, left_over, names_its_nodes, one_for_all
from dotlint.report.ranges import shortened
from dotlint.report.verdict import verdict_caveat, verdict_words
from dotlint.text.display import one_line
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult

Detail = Literal["summary", "normal", "full"]
NextStep = Literal["fix", "unsafe", "edit", "done"]

MOST_FINDINGS: Final = 40
_MOST_EDGES = 120  # lines of edges in all findings of a file
_MOST_NAMES, _ROOM = 12, 320
_MOST_LINES = 4  # of further locations
_MOST_CHARACTERS = 600  # of a message


@dataclass(frozen=True)
class ShortFinding:
    """A cause, or several of one rule whose messages differ only in numbers, at the first location.

    `fix` is its fix, if it has one. `edges` are DOT statements that add the missing edges, `nodes` the nodes that are
    missing or that it is about, and `units` the stages that are missing as a whole. `also` counts further locations, and
    `also_at` has their lines if they are few.
    """

    code: str
    severity: Severity
    line: int
    column: int
    message: str
    fix: Applicability | None = None
    edges: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    help: str | None = None
    note: str | None = None
    units: tuple[str, ...] = ()
    also: int = 0
    also_at: tuple[int, ...] = ()


@dataclass(frozen=True)
class ShortReport:
    """The short form of the result of one file. `next` is what to do next; `done` if nothing has to change.

    `not_listed` counts causes that are left out. `follow_on` counts findings that the fixes of others also fix, by the
    code of their rule. `skipped` are the checks that need more information, and what they need.
    """

    path: str
    verdict: str
    summary: str
    errors: int
    warnings: int
    infos: int
    next: NextStep
    findings: tuple[ShortFinding, ...] = ()
    not_listed: int = 0
    follow_on: dict[str, int] | None = None
    skipped: tuple[str, ...] = ()


class _Row(Struct, frozen=True):
    """Causes that are listed as one: their findings, the number of follow-on findings, and whether messages differ."""

    findings: tuple[Finding, ...]
    fixes: int
    mixed: bool

    @property
    def importance(self) -> tuple[int, int, int, int]:
        """The most important row has the lowest value."""
        first = self.findings[0]
        return SEVERITIES.index(first.severity), -self.fixes, ORDER[first.section], first.start


def short_report(
    result: FileResult, *, limit: int = MOST_FINDINGS, severity: Severity = "info", detail: Detail = "normal"
) -> ShortReport:
    """Return the short form of a result, with at most `limit` causes of at least this severity."""
    if result.unreadable is not None:
        return ShortReport(result.path, "unreadable", one_line(result.unreadable), 0, 0, 0, "done")
    counts = result.counts()
    rows = _rows(result, SEVERITIES[: SEVERITIES.index(severity) + 1])[:limit]
    found: list[ShortFinding] = []
    room = _MOST_EDGES
    for row in rows:
        found.append(_short(row, result, detail, room))
        room -= len(found[-1].edges)
    follow_on = Counter(finding.code for finding in result.findings if finding.caused_by)
    return ShortReport(
        path=result.path,
        verdict=result.verdict,
        summary=_summary(result),
        errors=counts["error"],
        warnings=counts["warning"],
        infos=counts["info"],
        findings=tuple(found),
        next=_next_step(result),
        not_listed=sum(counts.values()) - sum(len(row.findings) for row in rows),
        follow_on=dict(follow_on) or None,
        skipped=() if detail == "summary" else tuple(_skipped(result)),
    )


def _rows(result: FileResult, severities: Sequence[Severity]) -> list[_Row]:
    """Return the causes in the order of their importance; very many of one rule share rows."""
    follows = Counter(cause for finding in result.findings for cause in finding.caused_by)
    by_rule: dict[tuple[str, Severity], list[Finding]] = {}
    fixes: dict[int, int] = {}
    for index, finding in enumerate(result.findings):
        if not finding.caused_by and finding.severity in severities:
            by_rule.setdefault((finding.code, finding.severity), []).append(finding)
            fixes[id(finding)] = follows[index]
    rows = []
    for findings in by_rule.values():
        groups = alike(findings)
        over = left_over(groups)
        rows += [
            _Row(tuple(some), sum(fixes[id(one)] for one in some), mixed=over and some is groups[-1]) for some in groups
        ]
    return sorted(rows, key=lambda row: row.importance)


def _short(row: _Row, result: FileResult, detail: Detail, room: int) -> ShortFinding:
    first = min(row.findings, key=lambda finding: finding.start)
    position = result.source.position(first.start)
    starts = sorted({location.start for finding in row.findings for location in finding.locations} - {first.start})
    lines = dict.fromkeys(result.source.position(start).line for start in starts)
    fixable = {finding.fix.applicability if finding.fix else None for finding in row.findings}
    short = ShortFinding(
        code=first.code,
        severity=first.severity,
        line=position.line,
        column=position.column,
        message=one_line(one_for_all(row.findings, over=row.mixed), _MOST_CHARACTERS),
        fix=fixable.pop() if len(fixable) == 1 else None,
        also=len(starts),
        also_at=tuple(lines) if len(lines) <= _MOST_LINES else (),
    )
    if detail == "summary":
        return short
    listings = [listing for finding in row.findings for listing in finding.listings]
    edges = folded_edges([line for listing in listings if listing.paste for line in listing.lines])
    units = [f"{listing.title} ({listing.note})" if listing.note else listing.title for listing in listings]
    return replace(
        short,
        edges=_bounded(edges, max(room, 0)),
        nodes=_nodes(row.findings),
        units=tuple(units[:_MOST_NAMES]) if any(finding.missing_nodes for finding in row.findings) else (),
        help=one_line(first.help, _MOST_CHARACTERS) if first.help and not edges else None,
        note=one_line(first.note, _MOST_CHARACTERS) if first.note and detail == "full" else None,
    )


def _bounded(lines: list[str], most: int) -> tuple[str, ...]:
    """Return at most `most` statements; a comment counts the others."""
    if len(lines) <= most:
        return tuple(lines)
    return (*lines[:most], f"// and {count(len(lines) - most, 'more statement')}")


def _nodes(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return the folded names of the nodes to add, or else of those that the messages do not name."""
    names = [name for finding in findings for name in finding.missing_nodes]
    if not names:
        silent = (f for f in findings if len(f.nodes) > 1 and not f.missing_edges and not names_its_nodes(f))
        names = [name for finding in silent if not finding.path for name in finding.nodes]
    folded, left = shortened(list(dict.fromkeys(names)), _MOST_NAMES, _ROOM)
    return (*folded, f"and {left} more") if left else tuple(folded)


def _summary(result: FileResult) -> str:
    """Return the verdict in words, what the file has, and what was left out of the findings."""
    facts, counts = result.facts, result.counts()
    words = verdict_words(result)
    tally = [
        count(counts[severity], severity)
        for severity in SEVERITIES
        if counts[severity] and not (severity == "warning" and "warning" in words)
    ]
    edges = "too many edges to count" if facts.edges is None else count(facts.edges, "edge")
    parts = [
        ", ".join((words, *tally)),
        verdict_caveat(result),
        f"{count(facts.nodes, 'node')}, {edges}",
        f"strategy {facts.strategy.source}" if facts.strategy else "",
        "" if facts.is_deployment is not False else "no deployment recognized, so only the generic DOT rules ran",
        f"{len(result.suppressed)} suppressed by comments" if result.suppressed else "",
        f"{len(result.baselined)} in the baseline" if result.baselined else "",
    ]
    return one_line("; ".join(filter(None, parts)), _MOST_CHARACTERS)


def _skipped(result: FileResult) -> Iterable[str]:
    needs: dict[str, list[str]] = {}
    for one in result.undecided:
        needs.setdefault(one.needs, []).append(one.subject)
    return (
        one_line(f"{listed(list(dict.fromkeys(some)), 12)}: {need}", _MOST_CHARACTERS) for need, some in needs.items()
    )


def _next_step(result: FileResult) -> NextStep:
    causes = [finding for finding in result.findings if not finding.caused_by]
    kinds = {finding.fix.applicability for finding in causes if finding.fix}
    if kinds:
        return "fix" if "safe" in kinds else "unsafe"
    return "edit" if any(finding.severity != "info" for finding in causes) else "done"
