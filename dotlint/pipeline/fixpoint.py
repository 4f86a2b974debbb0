"""Fixing until nothing is left to fix: passes of edits that lie apart, each judged before it is taken."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dotlint.pipeline.trials import Trials, apart, changed, divided

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult, Settings
    from dotlint.syntax.source import Source

MOST_PASSES = 200
_MOST_ROUNDS = 8
Key = tuple[object, ...]


class Refusal(Struct, frozen=True):
    """A fix that was not written, and why; the finding is as in the text that was given."""

    finding: Finding
    line: int
    reason: str


class Outcome(Struct):
    """What fixing came to: the text, the findings whose fixes are in it, those refused, and what is left."""

    source: Source
    result: FileResult
    applied: list[Finding] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


class _Loop(Exception):  # noqa: N818 - no error: a signal between two functions of this module
    """A text came back: the rules whose fixes led there."""

    def __init__(self, codes: frozenset[str]) -> None:
        super().__init__()
        self.codes = codes


class Fixer:
    """Fixes one file; a fixed point of it is a text that a second run leaves alone.

    `unsafe` takes unsafe fixes too; `passes` is the budget: where it is used up, nothing at all is written.
    """

    def __init__(self, settings: Settings, *, unsafe: bool, passes: int = MOST_PASSES) -> None:
        self.trials = Trials(settings)
        self.unsafe = unsafe
        self.passes = passes

    def run(self, source: Source) -> Outcome:
        """Fix a file. Nothing is raised for what stands in it."""
        start = Outcome(source, self.trials.lint(source))
        banned: dict[str, str] = {}
        for _ in range(_MOST_ROUNDS):
            try:
                return self._settled(start, banned)
            except _Loop as loop:
                banned.update(dict.fromkeys(loop.codes, "fixes of its kind undo each other here"))
        return self._given_up(start, "the fixes of this file lead in a circle")

    def _settled(self, start: Outcome, banned: dict[str, str]) -> Outcome:
        """Go round until a round changes nothing.

        Then a second run on what is written changes nothing either.
        """
        seen: dict[str, int] = {start.source.text: 0}
        codes: list[frozenset[str]] = []
        current, budget = start, self.passes
        while True:
            before = len(codes)
            current, budget = self._round(current, banned, budget, seen, codes)
            if budget < 0:
                return self._given_up(start, f"after {self.passes} passes there was still something to fix")
            if len(codes) == before:
                return current

    def _round(
        self,
        start: Outcome,
        banned: dict[str, str],
        budget: int,
        seen: dict[str, int],
        codes: list[frozenset[str]],
    ) -> tuple[Outcome, int]:
        """Apply what can be applied; every refusal is of this round.

        What is refused together is tried in parts, `doubtful`, from the last one on; suspects are tried alone once
        all else is in place, for a change of the text makes every refusal void. Raises `_Loop` where a text comes back.
        """
        current = Outcome(start.source, start.result, list(start.applied))
        refused: dict[Key, Refusal] = {}
        doubtful: list[set[Key]] = []
        suspects: set[Key] = set()
        while True:
            offered = _keyed(f for f in current.result.findings if self._wanted(f))
            for key, finding in offered.items():
                reason = banned.get(finding.code) or self._known(current, finding)
                if reason is not None and key not in refused:
                    refused[key] = self._refusal(current, finding, reason)
            left = {key: finding for key, finding in offered.items() if key not in refused}
            if not left:
                current.refused = list(refused.values())
                return current, budget
            part = doubtful.pop() if doubtful else left.keys() - suspects
            batch = _together([finding for key, finding in left.items() if key in part])
            if not batch and doubtful:
                continue
            likely = bool(batch)
            batch = batch or _together(list(left.values()))[:1]
            against = self.trials.objection(current.source, batch, keep=likely)
            if against is not None:  # the next time round it is known of a fix alone
                if len(batch) > 1:
                    keys = {id(finding): key for key, finding in left.items()}
                    alone, groups = divided(batch, against)
                    suspects.update(keys[id(f)] for f in alone)
                    doubtful += ({keys[id(f)] for f in some} for some in reversed(groups))
                continue
            budget -= 1
            if budget < 0:
                return current, budget
            source = changed(current.source, batch)
            codes.append(frozenset(finding.code for finding in batch))
            if source.text in seen:
                raise _Loop(frozenset().union(*codes[seen[source.text] :]))
            seen[source.text] = len(codes)
            current = Outcome(source, self.trials.lint(source), [*current.applied, *batch])

    def _known(self, current: Outcome, finding: Finding) -> str | None:
        against = self.trials.refused_alone(current.source, finding)
        return against.reason if against is not None else None

    def _wanted(self, finding: Finding) -> bool:
        return (
            finding.fix is not None and bool(finding.fix.edits) and (self.unsafe or finding.fix.applicability == "safe")
        )

    def _given_up(self, start: Outcome, reason: str) -> Outcome:
        offered = [f for f in start.result.findings if self._wanted(f)]
        return Outcome(start.source, start.result, [], [self._refusal(start, f, reason) for f in offered])

    def _refusal(self, current: Outcome, finding: Finding, reason: str) -> Refusal:
        return Refusal(finding, current.source.position(finding.start).line, reason)


def _keyed(findings: Iterable[Finding]) -> dict[Key, Finding]:
    """Tell what each fix is, wherever it stands by now; of several that are alike, which."""
    found: dict[Key, Finding] = {}
    alike: Counter[Key] = Counter()
    for finding in findings:
        edits = tuple(edit.text for edit in finding.fix.edits) if finding.fix else ()
        key = finding.code, finding.graph, finding.unit, finding.nodes, finding.message, edits
        alike[key] += 1
        found[*key, alike[key]] = finding
    return found


def _together(findings: list[Finding]) -> list[Finding]:
    """Give the fixes of one pass.

    Syntax goes first, for the rest is read anew once it is right; stages that are written as copies of others
    wait until those others are as they should be.
    """
    syntax = [f for f in findings if f.section == "syntax"]
    simple = [f for f in findings if not f.missing_nodes]
    return apart(syntax or simple or findings)[0]
