"""Fixes put into a text, and what speaks against them: the one place that says when a fix may be written.

Fixes are tried together, for a trial is a run of the rules. What holds then is what `--fix` goes by:

- Fixes that are accepted together are written together, and a report offers every one of them.
- A fix is refused only where it was tried alone, and its reason is the one that speaks against it alone. Fixes that
  are refused together, each of them accepted alone, are all offered: the one that is written first counts.
- A fix that is accepted in company is accepted alone too as far as the text goes: fixes that are tried together lie
  apart, none of a kind (`alike`) takes back what another does, so a cycle that one closes or a node that one loses
  shows in the company as well. What the rules find is not so sure: a finding that one fix causes and another one
  of its kind removes goes unseen. Then the company is what is written, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.edits.apply import apply_edits, touching
from dotlint.engine.own_cards import own_cards
from dotlint.engine.select import Selection, chosen
from dotlint.pipeline.acceptance import Objection, objection_to_findings, objection_to_text
from dotlint.pipeline.compute import attach_fixes
from dotlint.pipeline.lint import lint, read_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.finding import Edit, Finding
    from dotlint.engine.result import FileResult, Settings
    from dotlint.syntax.source import Source

_MOST_KEPT = 6  # results in memory: the texts that are looked at again are recent ones
_NOTHING = Objection("it changes nothing")


class Trials:
    """Texts of one file and what the rules find in them; each text, and each set of fixes in it, is asked for once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._judging = replace(settings, selection=_all_of(settings))
        self._results: dict[tuple[str, bool], FileResult] = {}
        self._verdicts: dict[tuple[str, frozenset[tuple[str, tuple[Edit, ...]]]], Objection | None] = {}

    @property
    def asks_all(self) -> bool:
        """Whether the run asks every rule that judges, so that its findings are all there are."""
        return self._judging.selection == self.settings.selection

    def know(self, result: FileResult) -> None:
        """Take over what the rules find in a text, so that they need not be asked again."""
        self._results.setdefault((result.document.text, False), result)

    def lint(self, source: Source) -> FileResult:
        """Give what the chosen rules find in a text, with the fixes computed and none of them tried."""
        return self._cached(source, judging=False)

    def objection(self, source: Source, batch: Sequence[Finding], *, keep: bool = False) -> Objection | None:
        """Say why the fixes of some findings must not be written into a text; None where they may be.

        With `keep` every rule is asked about the changed text at once: it is worth it where that is likely to be
        the text that is gone on with.
        """
        key = source.text, frozenset((f.code, f.fix.edits) for f in batch if f.fix)
        if key not in self._verdicts:
            self._verdicts[key] = self._objection(source, batch, keep=keep)
        return self._verdicts[key]

    def refused_alone(self, source: Source, finding: Finding) -> Objection | None:
        """Give what was found to speak against a fix, without a trial."""
        assert finding.fix is not None
        return self._verdicts.get((source.text, frozenset({(finding.code, finding.fix.edits)})))

    def _objection(self, source: Source, batch: Sequence[Finding], *, keep: bool) -> Objection | None:
        after = changed(source, batch)
        if after.text == source.text:
            return _NOTHING
        syntax = all(finding.section == "syntax" for finding in batch)
        before = self._cached(source, judging=not syntax)
        found = objection_to_text(before, read_document(after, self.settings), batch)
        if found is not None or syntax:
            return found
        judged = self._cached(after, judging=True) if keep else lint(after, self._grave())
        return objection_to_findings(before, judged, batch)

    def _cached(self, source: Source, *, judging: bool) -> FileResult:
        judging = judging and not self.asks_all
        key = source.text, judging
        if key in self._results:
            self._results[key] = self._results.pop(key)  # the one that was not asked for in the longest time goes
        else:
            while len(self._results) > _MOST_KEPT:
                del self._results[next(iter(self._results))]
            result = lint(source, self._judging if judging else self.settings)
            self._results[key] = result if judging else attach_fixes(result)
        return self._results[key]

    def _grave(self) -> Settings:
        """Give settings that ask only the rules whose findings speak against a fix."""
        cards = self.settings.cards or own_cards()
        codes = {c.code for c in chosen(cards, self._judging.selection) if _judges(c) or _may_be_error(c)}
        return replace(self._judging, selection=Selection(select=tuple(sorted(codes))))


def changed(source: Source, batch: Iterable[Finding]) -> Source:
    """Give the text with the fixes in place."""
    return source.with_text(apply_edits(source.text, [e for f in batch if f.fix for e in f.fix.edits]))


def apart(findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Give the fixes that can be written in one go, in their order, and those that touch one of them."""
    taken: list[Edit] = []
    batch: list[Finding] = []
    rest: list[Finding] = []
    for finding in findings:
        assert finding.fix is not None
        if touching(finding.fix.edits, taken):
            rest.append(finding)
        else:
            batch.append(finding)
            taken += finding.fix.edits
    return batch, rest


def divided(batch: Sequence[Finding], against: Objection) -> tuple[list[Finding], list[list[Finding]]]:
    """Give what to try next of fixes that were refused together: suspects, each of them alone, and parts of the others.

    A fix is suspect where something names nodes of that one and of no other. Where none is, the fixes of which some
    node is named are parted from the others, else those of one rule from those of the next, else a half from a half.
    """
    about = [_about(finding) for finding in batch]
    hits = [[i for i, names in enumerate(about) if names & named] for named in against.named]
    suspects = {hit[0] for hit in hits if len(hit) == 1}
    if suspects:
        others = [finding for i, finding in enumerate(batch) if i not in suspects]
        return [batch[i] for i in sorted(suspects)], [others] if others else []
    named = {i for hit in hits for i in hit}
    groups: dict[object, list[Finding]] = {}
    for i, finding in enumerate(batch):
        groups.setdefault(i in named if 0 < len(named) < len(batch) else finding.code, []).append(finding)
    if len(groups) > 1:
        return [], list(groups.values())
    half = len(batch) // 2
    return [], [list(batch[:half]), list(batch[half:])]


def _about(finding: Finding) -> set[str]:
    pairs = (*finding.missing_edges, *finding.planned_edges)
    return {*finding.nodes, *finding.missing_nodes, *(name for pair in pairs for name in pair)}


def _may_be_error(card: Card) -> bool:
    return card.severity == "error" or any(variant.severity == "error" for variant in card.outcomes.values())


def _judges(card: Card) -> bool:
    """Whether a new finding of the rule speaks against a fix, however grave it is."""
    return card.section == "syntax" or card.guards_fixes


def _all_of(settings: Settings) -> Selection:
    """Give the rules that judge: those of the preset and all that were asked for, whatever was left out."""
    selection = settings.selection
    if selection == Selection(preset=selection.preset):
        return selection
    judging = [card.code for card in settings.cards or own_cards() if _judges(card)]
    return Selection(extend_select=(*judging, *(selection.select or ()), *selection.extend_select))
