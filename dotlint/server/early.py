"""What is shown until all rules have run: the findings of the fast rules, and the earlier ones of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.server.moves import moved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.server.messages import EarlyReport, FindingInfo, Report
    from dotlint.server.moves import Change


def combined(early: EarlyReport, last: Report, changes: Sequence[Change]) -> Report:
    """Return the early findings, and those of the last report that they do not replace, moved by the changes since."""
    kept = [number for number, finding in enumerate(last.findings) if finding.code not in early.codes]
    number_of = {number: len(early.report.findings) + index for index, number in enumerate(kept)}
    moved_findings = [_moved(last.findings[number], number_of, changes) for number in kept]
    return replace(early.report, findings=(*early.report.findings, *moved_findings))


def _moved(finding: FindingInfo, number_of: dict[int, int], changes: Sequence[Change]) -> FindingInfo:
    start, end = moved(changes, finding.start, finding.end)
    return replace(
        finding,
        start=start,
        end=end,
        locations=tuple(moved(changes, *span) for span in finding.locations),
        related=tuple((message, *moved(changes, first, stop)) for message, first, stop in finding.related),
        caused_by=tuple(number_of[one] for one in finding.caused_by if one in number_of),
        fix=None,
    )
