"""The outcomes of a run by rule, and the lines of a summary that they result in."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.summary.model import Evidence, Line
from dotlint.text.english import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.deployment.unit import Unit
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Holds, Undecided
    from dotlint.engine.result import FileResult

STRATEGY = "declare a strategy with `--strategy`"


class Ledger:
    """The outcomes of a run for one graph. `reported` collects the codes of the rules whose lines were made."""

    def __init__(self, result: FileResult, context: GraphContext) -> None:
        self.result, self.context = result, context
        self.rules = context.file.rules
        index = context.graph.index
        self._found: dict[str, list[Finding]] = defaultdict(list)
        self._passed: dict[str, list[Holds]] = defaultdict(list)
        self._skipped: dict[str, list[Undecided]] = defaultdict(list)
        for finding in result.findings:
            if finding.graph == index:
                self._found[finding.code].append(finding)
        for passed in result.holds:
            if passed.graph == index:
                self._passed[passed.code].append(passed)
        for skipped in result.undecided:
            if skipped.graph == index:
                self._skipped[skipped.code].append(skipped)
        self.reported: set[str] = set()

    def codes(self, *lines: str) -> tuple[str, ...]:
        """Return the codes of the rules whose cards name any of these lines in `summary-lines`."""
        return tuple(code for code, card in self.rules.items() if not set(lines).isdisjoint(card.summary_lines))

    def findings(self, *lines: str, unit: Unit | None = None) -> list[Finding]:
        """Return the findings of the rules of these lines (all without lines), with `unit` only those on the unit."""
        codes = self.codes(*lines) if lines else self._found
        whole = [f for code in codes for f in self._found.get(code, ())]
        return sorted((f for f in whole if unit is None or f.about == unit), key=lambda f: (f.start, f.code))

    def silenced(self, section: str) -> int:
        """Count the findings of a section that comments in the file or the baseline remove."""
        removed = [*self.result.suppressed, *self.result.baselined]
        return sum(1 for f in removed if f.graph == self.context.graph.index and f.section == section)

    def passed_items(self, line: str) -> list[Holds]:
        """Return the passed items of a line's rules."""
        return [item for code in self.codes(line) for item in self._passed.get(code, ())]

    def passed(self, line: str) -> list[str]:
        """Return the texts of the passed items of a line's rules, without duplicates."""
        return list(dict.fromkeys(item.text for item in self.passed_items(line)))

    def has_outcome(self, line: str) -> bool:
        """Return whether a rule of the line passed or failed."""
        return any(self._passed.get(code) or self._found.get(code) for code in self.codes(line))

    @property
    def lost(self) -> str | None:
        """What is needed to parse the rest of an incomplete file; None if the file is complete."""
        return "; ".join(dict.fromkeys(one.needs for one in self._skipped.get("", ()))) or None

    def _needs(self, codes: Iterable[str]) -> str | None:
        """Return the information that the rules need, or None."""
        strategy = self.context.strategy
        known = strategy.model.to_dict() if strategy is not None else {}
        lacking = [fact for code in codes for fact in self.rules[code].model_facts if fact not in known]
        if lacking:
            return (
                f"declare {listed([f'`{fact}`' for fact in dict.fromkeys(lacking)])} under [model] in a strategy file"
            )
        needs = [one.needs for code in codes for one in self._skipped.get(code, ())]
        return "; ".join(dict.fromkeys(needs)) or None

    def if_decided(self, *lines: str) -> Iterator[Line]:
        """Yield the lines for which a rule has an outcome."""
        yield from (self.decided(line) for line in lines if self.has_outcome(line))

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
        """Return a line with the outcome of its rules; `subject` replaces the name of the line.

        A finding fails the line. Otherwise `counted`, whether counting confirmed `text`, decides; if it is None, the
        passed items of the rules do. If there are none, the line is skipped with `needs`, or what the rules need.
        The passed items replace an empty `text`; `quote` also appends them to another one.
        """
        codes = self.codes(line)
        self.reported.update(codes)
        found = self.findings(line) if findings is None else list(findings)
        grave = [f for f in found if f.severity != "info"]
        evidence = tuple(self._evidence(f) for f in grave or found)
        subject = subject or line
        if grave or (found and not text):  # without a text, the subject itself is the claim
            return Line("fails", subject, text, evidence=evidence)
        passed = self.passed(line)
        if passed and (quote or (quote is None and not text)):
            text = "; ".join([text, *passed] if text else passed)
        if counted or (counted is None and passed):
            return Line("holds", subject, text, evidence=evidence)
        needs = needs or self._needs(codes)
        if counted is None and needs is not None:
            return Line("undecided", subject, text, needs)
        if not text:
            return Line(
                "undecided",
                subject,
                f"draw something that {listed(codes)} can check (nothing in the file can be)",
            )
        return Line("fact", subject, text, evidence=evidence)

    def counted(self, subject: str, text: str, *, holds: bool | None = None, findings: Iterable[Finding] = ()) -> Line:
        """Return a line that was counted in the graph; `findings` contradict it."""
        return self.decided("", text, subject=subject, counted=holds, findings=findings)

    def _evidence(self, finding: Finding) -> Evidence:
        line = self.result.source.position(finding.start).line
        return Evidence(finding.code, finding.name, finding.severity, line, finding.message)


def fact(subject: str, text: str) -> Line:
    """Return a line with a number that no rule checks."""
    return Line("fact", subject, text)
