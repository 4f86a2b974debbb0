"""Fixing until nothing is left to fix: passes of edits that lie apart, each judged before it is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from dotlint.edits.apply import apply_edits, touching
from dotlint.engine.context import FileContext
from dotlint.engine.own_cards import own_cards
from dotlint.engine.result import FileResult
from dotlint.engine.select import Selection, chosen
from dotlint.graph.builder import read
from dotlint.pipeline.acceptance import objection
from dotlint.pipeline.compute import attach_fixes
from dotlint.pipeline.lint import lint

if TYPE_CHECKING:
    from dotlint.engine.card import Card
    from dotlint.engine.finding import Edit, Finding
    from dotlint.engine.result import Settings
    from dotlint.syntax.source import Source

MOST_PASSES = 200
_MOST_ROUNDS = 8
_MOST_KEPT = 6  # results in memory: the texts that are looked at again are recent ones
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
        self.settings = settings
        self.unsafe = unsafe
        self.passes = passes
        self._judging = replace(settings, selection=_all_of(settings.selection))
        self._results: dict[tuple[str, bool], FileResult] = {}
        self._verdicts: dict[tuple[str, frozenset[Key]], str | None] = {}

    def run(self, source: Source) -> Outcome:
        """Fix a file. Nothing is raised for what stands in it."""
        start = Outcome(source, self._lint(source))
        banned: dict[str, str] = {}
        for _ in range(_MOST_ROUNDS):
            try:
                return self._settled(start, banned)
            except _Loop as loop:
                banned.update(dict.fromkeys(loop.codes, "fixes of its kind undo each other here"))
        return self._given_up(start, "the fixes of this file lead in a circle")

    def first(self, source: Source) -> FileResult:
        """Tell what the rules say of a text, fixes included; once a text."""
        return self._lint(source)

    @property
    def asks_all(self) -> bool:
        """Whether the run asks every rule that judges, so that its findings are all there are."""
        return self._judging.selection == self.settings.selection

    def know(self, result: FileResult) -> None:
        """Take over what the rules say of a text, so that they need not be asked again."""
        self._results[result.document.text, False] = result

    def refusal(self, source: Source, batch: list[Finding]) -> str | None:
        """Say why the fixes of some findings must not be written into a text; None where they may be."""
        text = apply_edits(source.text, _edits(batch))
        if text == source.text:
            return "it changes nothing"
        after = source.with_text(text)
        if all(finding.code.startswith("E") for finding in batch):
            read_only = FileResult(source.name, FileContext(read(after), source.name), [])
            return objection(self._cached(source, judging=False), read_only, batch)
        return objection(self._judged(source), lint(after, self._grave()), batch)

    def _grave(self) -> Settings:
        """Give settings that ask only the rules whose findings speak against a fix."""
        cards = self.settings.cards or own_cards()
        codes = {c.code for c in chosen(cards, self._judging.selection) if c.code[0] in "EGS" or _may_be_error(c)}
        return replace(self._judging, selection=Selection(select=tuple(sorted(codes))))

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

        Raises `_Loop` where a text comes back.
        """
        current = Outcome(start.source, start.result, list(start.applied))
        refused: dict[Key, Refusal] = {}
        most: int | None = None
        while True:
            offered = [f for f in current.result.findings if self._wanted(f) and _key(f) not in refused]
            for finding in [f for f in offered if f.code in banned]:
                refused[_key(finding)] = self._refusal(current, finding, banned[finding.code])
            batch = _together([f for f in offered if f.code not in banned], most)
            if not batch:
                current.refused = list(refused.values())
                return current, budget
            budget -= 1
            if budget < 0:
                return current, budget
            following, reason = self._try(current, batch)
            if following is None and len(batch) == 1:
                refused[_key(batch[0])] = self._refusal(current, batch[0], reason or "it changes nothing")
                most = None
                continue
            if following is None:
                most = len(batch) // 2
                continue
            most = None
            codes.append(frozenset(finding.code for finding in batch))
            if following.source.text in seen:
                raise _Loop(frozenset().union(*codes[seen[following.source.text] :]))
            seen[following.source.text] = len(codes)
            following.applied = [*current.applied, *batch]
            current = following

    def _try(self, current: Outcome, batch: list[Finding]) -> tuple[Outcome | None, str | None]:
        """Give the text with the fixes in place, or why it must not be."""
        key = current.source.text, frozenset(_key(f) for f in batch)
        if key in self._verdicts:
            return None, self._verdicts[key]
        text = apply_edits(current.source.text, _edits(batch))
        reason: str | None = None
        if text == current.source.text:
            reason = "it changes nothing"
        else:
            source = current.source.with_text(text)
            reason = objection(self._judged(current.source), self._judged(source), batch)
            if reason is None:
                return Outcome(source, self._lint(source)), None
        self._verdicts[key] = reason
        return None, reason

    def _wanted(self, finding: Finding) -> bool:
        return (
            finding.fix is not None and bool(finding.fix.edits) and (self.unsafe or finding.fix.applicability == "safe")
        )

    def _lint(self, source: Source) -> FileResult:
        return self._cached(source, judging=False)

    def _judged(self, source: Source) -> FileResult:
        return self._cached(source, judging=True)

    def _cached(self, source: Source, *, judging: bool) -> FileResult:
        judging = judging and not self.asks_all
        key = source.text, judging
        if key not in self._results:
            while len(self._results) > _MOST_KEPT:
                del self._results[next(iter(self._results))]
            result = lint(source, self._judging if judging else self.settings)
            self._results[key] = result if judging else attach_fixes(result)
        return self._results[key]

    def _given_up(self, start: Outcome, reason: str) -> Outcome:
        offered = [f for f in start.result.findings if self._wanted(f)]
        return Outcome(start.source, start.result, [], [self._refusal(start, f, reason) for f in offered])

    def _refusal(self, current: Outcome, finding: Finding, reason: str) -> Refusal:
        return Refusal(finding, current.source.position(finding.start).line, reason)


def _may_be_error(card: Card) -> bool:
    return card.severity == "error" or any(variant.severity == "error" for variant in card.outcomes.values())


def _all_of(selection: Selection) -> Selection:
    """Give the rules that judge: those of the preset and all that were asked for, whatever was left out."""
    if selection == Selection(preset=selection.preset):
        return selection
    return Selection(extend_select=("E", "G", "S", *(selection.select or ()), *selection.extend_select))


def _edits(batch: list[Finding]) -> list[Edit]:
    return [edit for finding in batch if finding.fix for edit in finding.fix.edits]


def _key(finding: Finding) -> Key:
    """Tell what a fix is, wherever it stands by now."""
    edits = tuple(edit.text for edit in finding.fix.edits) if finding.fix else ()
    return finding.code, finding.graph, finding.unit, finding.nodes, finding.message, edits


def _together(findings: list[Finding], most: int | None) -> list[Finding]:
    """Give the fixes of one pass: in their order, none touching one before it.

    Syntax goes first, for the rest is read anew once it is right; stages that are written as copies of others
    wait until those others are as they should be.
    """
    syntax = [f for f in findings if f.code.startswith("E")]
    simple = [f for f in findings if not f.missing_nodes]
    taken: list[Edit] = []
    batch: list[Finding] = []
    for finding in syntax or simple or findings:
        if most is not None and len(batch) == most:
            break
        assert finding.fix is not None
        if not touching(finding.fix.edits, taken):
            batch.append(finding)
            taken += finding.fix.edits
    return batch
