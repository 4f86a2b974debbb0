"""What a report states of the checks without findings: those that passed, and those that were skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.engine.sections import ORDER
from dotlint.report.sections import passed_heading
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from dotlint.engine.result import FileResult


def passed_items(result: FileResult) -> tuple[tuple[str, str], ...]:
    """Return the subjects that passed with their figures, in the order of the sections."""
    return tuple(dict.fromkeys((h.subject, h.text) for h in sorted(result.holds, key=lambda h: ORDER[h.section])))


def passed_line(result: FileResult) -> str:
    """Return what passed in one line: the sections without a finding by title, and the number of other checks.

    A section of which a part was skipped has no title here.
    """
    open_ = {f.section for f in result.findings} | {u.section for u in result.undecided}
    deployment = bool(result.facts.is_deployment)
    sections = sorted({h.section for h in result.holds} - open_, key=lambda section: ORDER[section])
    names = [passed_heading(section, deployment=deployment) for section in sections]
    number = len(passed_items(result))
    others = len({(h.subject, h.text) for h in result.holds if h.section in open_})
    if others and names:
        names.append("1 other" if others == 1 else f"{others} others")
    return f"{count(number, 'check')}{f': {listed(names, 20)}' if names else ''} (see --verbose)" if number else ""


def skipped_items(result: FileResult) -> tuple[tuple[str, str], ...]:
    """Return the subjects that were skipped for lack of the same information, and what they need."""
    return tuple((listed(subjects, 12), needs) for needs, subjects in _skipped(result).items())


def skipped_line(result: FileResult) -> str:
    """Return what was skipped in one line: the subjects by name if all need the same, and otherwise their numbers."""
    skipped = _skipped(result)
    if len(skipped) == 1:
        return "".join(f"{listed(subjects)}: {needs}" for needs, subjects in skipped.items())
    return "; ".join(f"{count(len(subjects), 'check')}: {needs}" for needs, subjects in skipped.items())


def _skipped(result: FileResult) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for one in result.undecided:
        grouped.setdefault(one.needs, []).append(one.subject)
    return grouped
