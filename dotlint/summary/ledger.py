"""What a run found out, by the rule that found it; lines are made from it and from what was counted."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks.grouping import listed
from dotlint.summary.model import Evidence, Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.deployment.unit import Unit
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Holds, Undecided
    from dotlint.engine.result import FileResult

STRATEGY = "a strategy: declare one with `--strategy`"


class Ledger:
    """The outcomes of a run that concern one graph."""

    def __init__(self, result: FileResult, context: GraphContext) -> None:
        self.result, self.context = result, context
        self.rules = context.file.rules
        index = context.graph.index
        self._found: dict[str, list[Finding]] = defaultdict(list)
        self._held: dict[str, list[Holds]] = defaultdict(list)
        self._open: dict[str, list[Undecided]] = defaultdict(list)
        for finding in result.findings:
            if finding.graph == index:
                self._found[finding.code].append(finding)
        for held in result.holds:
            if held.graph == index:
                self._held[held.code].append(held)
        for undecided in result.undecided:
            if undecided.graph == index:
                self._open[undecided.code].append(undecided)
        self.told: set[str] = set()

    def codes(self, *lines: str) -> tuple[str, ...]:
        """Give the codes of the rules that decide any of these lines, as their cards say."""
        return tuple(code for code, card in self.rules.items() if not set(lines).isdisjoint(card.summary_lines))

    def findings(self, *lines: str, unit: Unit | None = None) -> list[Finding]:
        """Give the findings of the rules that decide these lines, all without any; with `unit` those on that unit."""
        codes = self.codes(*lines) if lines else self._found
        whole = [f for code in codes for f in self._found.get(code, ())]
        return sorted((f for f in whole if unit is None or f.about == unit), key=lambda f: (f.start, f.code))

    def silenced(self, section: str) -> int:
        """Count the findings of a section that a comment of the file or the baseline takes away."""
        gone = [*self.result.suppressed, *self.result.baselined]
        return sum(1 for f in gone if f.graph == self.context.graph.index and f.section == section)

    def held(self, line: str) -> list[str]:
        """Give what the rules of a line say of what holds, each text once."""
        return list(dict.fromkeys(h.text for code in self.codes(line) for h in self._held.get(code, ())))

    def asked(self, line: str) -> bool:
        """Whether a rule that decides the line holds or is violated."""
        return any(self._held.get(code) or self._found.get(code) for code in self.codes(line))

    @property
    def lost(self) -> str | None:
        """What it would take to read the rest of the file; None where it was read whole."""
        return "; ".join(dict.fromkeys(one.needs for one in self._open.get("", ()))) or None

    def _needs(self, codes: Iterable[str]) -> str | None:
        """Say what the rules lack to decide; None where they lack nothing."""
        strategy = self.context.strategy
        known = strategy.model.to_dict() if strategy is not None else {}
        lacking = [fact for code in codes for fact in self.rules[code].model_facts if fact not in known]
        if lacking:
            return f"[model] {', '.join(dict.fromkeys(lacking))} in a strategy file"
        said = [one.needs for code in codes for one in self._open.get(code, ())]
        return "; ".join(dict.fromkeys(said)) or None

    def if_asked(self, *lines: str) -> Iterator[Line]:
        """Make those of the lines of which a rule says something."""
        yield from (self.decided(line) for line in lines if self.asked(line))

    def decided(
        self,
        line: str,
        text: str = "",
        *,
        subject: str | None = None,
        counted: bool | None = None,
        findings: Iterable[Finding] | None = None,
        needs: str | None = None,
        quote: bool | None = None,
    ) -> Line:
        """Make a line that rules decide: those whose cards name it. `subject` is what it is called here.

        What a finding of the rules says goes first, then what was counted or what a rule holds. `counted` is whether
        the sentence was counted to be true; None leaves it to the rules. `needs` is what it would take where neither
        says anything. With `quote` what the rules hold is added to the text, as it is where there is none.
        """
        codes = self.codes(line)
        self.told.update(codes)
        found = self.findings(line) if findings is None else list(findings)
        grave = [f for f in found if f.severity != "info"]
        evidence = tuple(self._evidence(f) for f in grave or found)
        subject = subject or line
        if grave or (found and not text):  # without a figure the subject itself is what is claimed
            return Line("fails", subject, text, evidence=evidence)
        held = self.held(line)
        if held and (quote or (quote is None and not text)):
            text = "; ".join([text, *held] if text else held)
        if counted or (counted is None and held):
            return Line("holds", subject, text, evidence=evidence)
        wanted = needs or self._needs(codes)
        if counted is None and wanted is not None:
            return Line("undecided", subject, text, wanted)
        if not text:
            return Line("undecided", subject, f"nothing in the file that {listed(codes)} could tell it by")
        return Line("fact", subject, text, evidence=evidence)

    def counted(self, subject: str, text: str, *, holds: bool | None = None, findings: Iterable[Finding] = ()) -> Line:
        """Make a line that was counted in the graph; `findings` speak against it."""
        return self.decided("", text, subject=subject, counted=holds, findings=findings)

    def _evidence(self, finding: Finding) -> Evidence:
        line = self.result.positions.position(finding.start).line
        return Evidence(finding.code, finding.name, finding.severity, line, finding.message)


def fact(subject: str, text: str) -> Line:
    """Make a line that is a mere figure."""
    return Line("fact", subject, text)
