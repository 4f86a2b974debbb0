"""Which launch options state what a finding holds the graph against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.strategy.calculations.subjects import subjects
from dotlint.strategy.degrees import AXES

if TYPE_CHECKING:
    from dotlint.engine.context import FileContext
    from dotlint.engine.finding import Finding


def with_origins(file: FileContext, findings: list[Finding]) -> list[Finding]:
    """Return the findings; those of rules that need a strategy get a note with the launch options that state it.

    So a finding names both what disagrees: its own location in the graph, and the location of each option.
    """
    strategy = file.strategy
    if strategy is None or not any(phase.origins for phase in strategy.phases):
        return findings
    return [
        replace(finding, note=note)
        if "strategy" in file.rules[finding.code].needs and not finding.note and (note := _note(file, finding))
        else finding
        for finding in findings
    ]


def _note(file: FileContext, finding: Finding) -> str:
    assert file.strategy is not None
    phase = finding.about.phase if finding.about is not None else None
    checked = subjects(file.rules[finding.code].check)
    stated = [
        f"{f'{name.upper()}={each.degrees.get(name)}' if name in AXES else name} ({origin})"
        for each in file.strategy.phases
        if phase is None or each.name in {phase, None}
        for name, origin in each.origins
        if name in checked
    ]
    return f"the launch options state {', '.join(dict.fromkeys(stated))}" if stated else ""
