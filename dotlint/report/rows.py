"""The rows of an entry: each finding, or several with a common message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.engine.second_look import in_units
from dotlint.report.frame import frame_of
from dotlint.report.merge import MOST_FINDINGS, alike, left_over, names_its_nodes, one_for_all
from dotlint.report.model import Row
from dotlint.report.ranges import ranged, shortened, without_numbers
from dotlint.text.english import count

if TYPE_CHECKING:
    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult
    from dotlint.report.frame import Frame

_MOST_NAMES = 40
_EDGE = 2  # a statement about more nodes than an edge has shows nothing of them
_POINTED, _SHORT = 40, 60  # the longest part of a statement, and the longest statement, that a frame shows


def entry_rows(result: FileResult, indices: list[int], without: str | None) -> tuple[Row, ...]:
    """Return the rows of the findings with these indices, without the note that the entry has already."""
    findings = [result.findings[index] for index in indices]
    at = {id(finding): index for index, finding in zip(indices, findings, strict=True)}
    groups = _by_unit(findings) or alike(findings)
    over = left_over(groups)
    rows = [
        _merged_row(result, some, tuple(sorted(at[id(f)] for f in some)), without, over=over and some is groups[-1])
        for some in groups
    ]
    if over:
        number = len({name for finding in findings for name in finding.nodes})
        about = f" about {count(number, 'node')}" if number else ""
        rows.insert(0, Row(f"{count(len(findings), 'finding')}{about}; the first of them:", (), (), None))
    return tuple(rows)


def folded_nodes(findings: list[Finding]) -> tuple[str, ...]:
    """Return the names of all nodes of several findings, folded to ranges and cut if they are too many."""
    folded, left = shortened(list(dict.fromkeys(name for finding in findings for name in finding.nodes)), _MOST_NAMES)
    return (*folded, f"and {left} more") if left else tuple(folded)


def _merged_row(
    result: FileResult, findings: list[Finding], indices: tuple[int, ...], without: str | None, *, over: bool
) -> Row:
    names: list[str] = []
    for finding in findings:
        listed_nodes = over or (len(finding.nodes) > 1 and not names_its_nodes(finding))
        if listed_nodes and not finding.missing_edges and not finding.path:
            names += finding.nodes
    folded, left = shortened(list(dict.fromkeys(names)), _MOST_NAMES)
    notes = list(dict.fromkeys(f.note for f in findings if f.note and f.note != without))
    note = ranged(notes) if notes and len({without_numbers(one) for one in notes}) == 1 else None
    starts = sorted({location.start for finding in findings for location in finding.locations})
    positions = tuple(dict.fromkeys(map(result.source.position, starts)))
    frame = _frame(result, findings[0]) if len(findings) == len(positions) == 1 else None
    return Row(_message(findings, over=over), positions, tuple(folded), note, left, indices, frame)


def _by_unit(findings: list[Finding]) -> list[list[Finding]]:
    """Group a few findings whose messages differ only in the unit; empty if there are many findings."""
    if len(findings) > MOST_FINDINGS:
        return []
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        of_unit = finding.about is not None and finding.about.family is None
        groups.setdefault(finding.pattern if of_unit else id(finding), []).append(finding)
    return list(groups.values())


def _message(findings: list[Finding], *, over: bool) -> str:
    others = in_units([finding.about for finding in findings[1:]])
    if 1 < len(findings) <= MOST_FINDINGS and others and len({finding.pattern for finding in findings}) == 1:
        return f"{findings[0].message}; the same {others}"
    return one_for_all(findings, over=over)


def _frame(result: FileResult, finding: Finding) -> Frame | None:
    """Return the source line of a finding if it shows the mistake: a part of a line, or a short statement."""
    there = finding.missing_edges or finding.planned_edges or finding.missing_nodes or finding.caused_by
    start, end = result.source.position(finding.start), result.source.position(finding.end)
    if there or finding.start == finding.end or start.line != end.line:
        return None
    frame = frame_of(result.source, finding.start, finding.end)
    if frame.whole and len(finding.nodes) > _EDGE:
        return None
    return frame if frame.last - frame.first <= (_SHORT if frame.whole else _POINTED) else None
