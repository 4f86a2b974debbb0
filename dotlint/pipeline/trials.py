"""Trials: apply fixes to a text without writing it, and decide whether they are acceptable.

Fixes are tried in batches, because a trial runs the rules. `--fix` and reports follow the same decisions:

- Fixes that are accepted as a batch are written together, and reports offer each of them.
- A fix is refused only after it was tried alone, with the objection to it alone. Fixes that are refused as a batch but
  accepted alone are all offered; `--fix` writes the first.
- An objection from the text, such as a new cycle or a lost node, shows in a batch too, because its fixes do not
  conflict and do not undo each other. A finding that one fix causes and another one removes is missed in a batch, but
  the batch is also what is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.edits.apply import Taken, apply_edits
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

_MOST_KEPT = 6  # results in memory; recent texts are the ones that are needed again
_NO_CHANGE = Objection("it would change nothing")


class Trials:
    """Results and objections for versions of one file, cached by text and by batch of fixes."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._all_rules = replace(settings, selection=_without_exclusions(settings))
        self._results: dict[tuple[str, bool], FileResult] = {}
        self._verdicts: dict[tuple[str, frozenset[tuple[str, tuple[Edit, ...]]]], Objection | None] = {}

    @property
    def runs_all_rules(self) -> bool:
        """Return whether the settings select every rule that can object to a fix."""
        return self._all_rules.selection == self.settings.selection

    def remember(self, result: FileResult) -> None:
        """Add a result to the cache, so that its text is not linted again."""
        self._results.setdefault((result.document.text, False), result)

    def lint(self, source: Source) -> FileResult:
        """Return the result of the selected rules, with fixes that are computed but not tried."""
        return self._cached(source, all_rules=False)

    def objection(self, source: Source, batch: Sequence[Finding], *, keep: bool = False) -> Objection | None:
        """Return the objection to applying the fixes of a batch of findings, or None.

        With `keep`, all rules run over the new text and the result is cached, for a batch that is likely to be applied.
        """
        key = source.text, frozenset((f.code, f.fix.edits) for f in batch if f.fix)
        if key not in self._verdicts:
            self._verdicts[key] = self._objection(source, batch, keep=keep)
        return self._verdicts[key]

    def refused_alone(self, source: Source, finding: Finding) -> Objection | None:
        """Return the known objection to a single fix, without a trial."""
        assert finding.fix is not None
        return self._verdicts.get((source.text, frozenset({(finding.code, finding.fix.edits)})))

    def _objection(self, source: Source, batch: Sequence[Finding], *, keep: bool) -> Objection | None:
        after = changed(source, batch)
        if after.text == source.text:
            return _NO_CHANGE
        syntax = all(finding.section == "syntax" for finding in batch)
        before = self._cached(source, all_rules=not syntax)
        document = read_document(after, self.settings)
        found = objection_to_text(before, document, batch)
        if found is not None or syntax:
            return found
        result = (
            self._cached(after, all_rules=True)
            if keep
            else lint(after, self._objecting_rules(), document=document, fingerprints=False)
        )
        return objection_to_findings(before, result, batch)

    def _cached(self, source: Source, *, all_rules: bool) -> FileResult:
        all_rules = all_rules and not self.runs_all_rules
        key = source.text, all_rules
        if key in self._results:
            self._results[key] = self._results.pop(key)  # the least recently used result is dropped first
        else:
            while len(self._results) > _MOST_KEPT:
                del self._results[next(iter(self._results))]
            result = lint(source, self._all_rules if all_rules else self.settings)
            self._results[key] = result if all_rules else attach_fixes(result)
        return self._results[key]

    def _objecting_rules(self) -> Settings:
        """Return settings that select only the rules whose findings can be objections."""
        cards = self.settings.cards or own_cards()
        selection = self._all_rules.selection
        # To select a rule by its code may ask more of it than the settings do, so the others are ignored instead.
        silent = tuple(c.code for c in cards if not (_can_object(c) or _may_be_error(c)))
        return replace(self._all_rules, selection=replace(selection, ignore=(*selection.ignore, *silent)))


def changed(source: Source, batch: Iterable[Finding]) -> Source:
    """Return the text with the fixes applied."""
    return source.with_text(apply_edits(source.text, [e for f in batch if f.fix for e in f.fix.edits]))


def apart(findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Split fixes into a batch without conflicts, in their order, and the rest."""
    taken = Taken()
    batch: list[Finding] = []
    rest: list[Finding] = []
    for finding in findings:
        assert finding.fix is not None
        if taken.touches(finding.fix.edits):
            rest.append(finding)
        else:
            batch.append(finding)
            taken.add(finding.fix.edits)
    return batch, rest


def split_refused(batch: Sequence[Finding], against: Objection) -> tuple[list[Finding], list[list[Finding]]]:
    """Split a refused batch into suspects, to be tried alone, and groups of the others.

    A fix is a suspect if a reason involves its nodes and those of no other fix. If there is none, the fixes whose nodes
    are involved are separated from the others; else fixes are grouped by rule; else the batch is halved.
    """
    about = [_nodes_of(finding) for finding in batch]
    matches = [[i for i, names in enumerate(about) if names & named] for named in against.named]
    suspects = {match[0] for match in matches if len(match) == 1}
    if suspects:
        others = [finding for i, finding in enumerate(batch) if i not in suspects]
        return [batch[i] for i in sorted(suspects)], [others] if others else []
    named = {i for match in matches for i in match}
    groups: dict[object, list[Finding]] = {}
    for i, finding in enumerate(batch):
        groups.setdefault(i in named if 0 < len(named) < len(batch) else finding.code, []).append(finding)
    if len(groups) > 1:
        return [], list(groups.values())
    half = len(batch) // 2
    return [], [list(batch[:half]), list(batch[half:])]


def _nodes_of(finding: Finding) -> set[str]:
    pairs = (*finding.missing_edges, *finding.planned_edges)
    return {*finding.nodes, *finding.missing_nodes, *(name for pair in pairs for name in pair)}


def _may_be_error(card: Card) -> bool:
    return card.severity == "error" or any(variant.severity == "error" for variant in card.outcomes.values())


def _can_object(card: Card) -> bool:
    """Return whether a new finding of the rule is an objection, whatever its severity."""
    return card.section == "syntax" or card.guards_fixes


def _without_exclusions(settings: Settings) -> Selection:
    """Return a selection of all rules that can object: those of the preset and those selected, without exclusions."""
    selection = settings.selection
    if selection == Selection(preset=selection.preset):
        return selection
    cards = settings.cards or own_cards()
    words = (*(selection.select or ()), *selection.extend_select)
    usual = {card.code for card in chosen(cards, Selection(extend_select=words))}
    others = tuple(card.code for card in cards if not _can_object(card) and card.code not in usual)
    return Selection(select=("ALL",), extend_select=words, ignore=others)
