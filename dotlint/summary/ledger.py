"""What a run found out, by the rule that found it; lines are made from it and from what was counted."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks.grouping import listed
from dotlint.summary.model import Evidence, Line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.deployment.unit import Unit
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Holds, Undecided
    from dotlint.engine.result import FileResult

# What a rule asks of [model] in the strategy file.
MODEL_NEEDS: dict[str, tuple[str, ...]] = {
    "P002": ("heads",),
    "P003": ("experts",),
    "P004": ("seq",),
    "P005": ("layers",),
    "P010": ("top_k",),
    "S007": ("layers",),
    "T006": ("batch", "seq", "top_k"),
    "T008": ("heads", "hidden"),
}
STRATEGY = "a strategy: declare one with `--strategy`"


class Ledger:
    """The outcomes of a run that concern one graph."""

    def __init__(self, result: FileResult, context: GraphContext) -> None:
        self.result, self.context = result, context
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

    def findings(self, *codes: str, unit: Unit | None = None) -> list[Finding]:
        """Give the findings of rules, or of rules whose code starts so; with `unit` those on that unit alone."""
        whole = [f for code, some in self._found.items() if code.startswith(codes) for f in some]
        return sorted((f for f in whole if unit is None or f.about == unit), key=lambda f: (f.start, f.code))

    def silenced(self, *codes: str) -> int:
        """Count the findings of rules that a comment of the file or the baseline takes away."""
        gone = [*self.result.suppressed, *self.result.baselined]
        return sum(1 for f in gone if f.graph == self.context.graph.index and f.code.startswith(codes))

    def held(self, *codes: str) -> list[str]:
        """Give what rules say of what holds, each text once."""
        return list(dict.fromkeys(h.text for code in codes for h in self._held.get(code, ())))

    def needs(self, *codes: str) -> str | None:
        """Say what the rules lack to decide; None where they lack nothing."""
        strategy = self.context.strategy
        known = strategy.model.to_dict() if strategy is not None else {}
        lacking = [fact for code in codes for fact in MODEL_NEEDS.get(code, ()) if fact not in known]
        if lacking:
            return f"[model] {', '.join(dict.fromkeys(lacking))} in a strategy file"
        said = [one.needs for code in codes for one in self._open.get(code, ())]
        return "; ".join(dict.fromkeys(said)) or None

    def line(
        self,
        subject: str,
        text: str,
        *codes: str,
        counted: bool | None = None,
        findings: Iterable[Finding] | None = None,
        needs: str | None = None,
        quote: bool = False,
    ) -> Line:
        """Make one line: what a finding of the rules says goes first, then what was counted or what a rule holds.

        `counted` is whether the sentence was counted to be true; None leaves it to the rules. `needs` is what it
        would take where neither says anything. With `quote` what the rules hold is added to the text.
        """
        self.told.update(codes)
        found = self.findings(*codes) if findings is None and codes else list(findings or ())
        grave = [f for f in found if f.severity != "info"]
        evidence = tuple(self._evidence(f) for f in grave or found)
        if grave or (found and not text):  # without a figure the subject itself is what is claimed
            return Line("fails", subject, text, evidence=evidence)
        held = self.held(*codes)
        if quote and held:
            text = "; ".join([text, *held] if text else held)
        if counted or (counted is None and held):
            return Line("holds", subject, text, evidence=evidence)
        wanted = needs or self.needs(*codes)
        if counted is None and wanted is not None:
            return Line("undecided", subject, text, wanted)
        if not text:
            return Line("undecided", subject, f"nothing in the file that {listed(codes)} could tell it by")
        return Line("fact", subject, text, evidence=evidence)

    def _evidence(self, finding: Finding) -> Evidence:
        line = self.result.places.position(finding.start).line
        return Evidence(finding.code, finding.name, finding.severity, line, finding.message)


def fact(subject: str, text: str) -> Line:
    """Make a line that is a mere figure."""
    return Line("fact", subject, text)
