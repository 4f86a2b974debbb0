"""What a report states of the checks without findings: those that passed, and those that were skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.engine.sections import ORDER
from dotlint.report.sections import passed_titles
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from dotlint.engine.result import FileResult


def passed_items(result: FileResult) -> tuple[tuple[str, str], ...]:
    """Return the subjects that passed with their figures, in the order of the sections."""
    return tuple(dict.fromkeys((h.subject, h.text) for h in sorted(result.holds, key=lambda h: ORDER[h.section])))


def passed_lines(result: FileResult) -> tuple[str, ...]:
    """Return what passed, each time shorter: sections without a finding by title, and the number of the other checks.

    The first line has all titles, the last one has none, so that a report can take the longest that fits. Of a
    deployment, these are the sections of the error-analysis document. A section of which a part was skipped is not
    among them.
    """
    incomplete = {f.section for f in result.findings} | {u.section for u in result.undecided}
    titles = passed_titles({h.section for h in result.holds} - incomplete, deployment=bool(result.facts.is_deployment))
    lines = []
    for kept in range(len(titles), -1, -1):
        named = list(titles)[:kept]
        others = len({(h.subject, h.text) for h in result.holds if h.section not in named})
        parts = [titles[key] for key in named]
        if others:
            parts.append(count(others, "other check" if named else "check"))
        lines += [f"{listed(parts, 20)} (see --verbose)"] if parts else []
    return tuple(lines)


def skipped_items(result: FileResult) -> tuple[tuple[str, str], ...]:
    """Return the subjects that were skipped for lack of the same information, and what they need."""
    return tuple((listed(subjects, 12), needs) for needs, subjects in _skipped(result).items())


def skipped_line(result: FileResult) -> str:
    """Return in one line how many checks were skipped, and what they need."""
    return "; ".join(f"{count(len(subjects), 'check')}: {needs}" for needs, subjects in _skipped(result).items())


def _skipped(result: FileResult) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for one in result.undecided:
        grouped.setdefault(one.needs, []).append(one.subject)
    return grouped
