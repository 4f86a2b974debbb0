"""Fix a file to its fixed point: passes of edits that do not conflict, each tried before it is applied."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dotlint.pipeline.trials import Trials, apart, changed, split_refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult, Settings
    from dotlint.syntax.source import Source

MOST_PASSES = 200
_MOST_ROUNDS = 8
Key = tuple[object, ...]


class Refusal(Struct, frozen=True):
    """A refused fix and the reason; `line` is where the finding is in the text of that pass."""

    finding: Finding
    line: int
    reason: str


class FixState(Struct):
    """The state of fixing: the text and its result, the findings whose fixes it contains, and the refused fixes."""

    source: Source
    result: FileResult
    applied: list[Finding] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


class _Loop(Exception):  # noqa: N818 - no error: a signal between two functions of this module
    """Raised if a text occurs again; `codes` are the rules whose fixes led there."""

    def __init__(self, codes: frozenset[str]) -> None:
        super().__init__()
        self.codes = codes


class Fixer:
    """Fixes one file to a text that a second run does not change.

    `unsafe` also applies unsafe fixes. If more than `passes` passes would be needed, nothing is applied.
    """

    def __init__(self, settings: Settings, *, unsafe: bool, passes: int = MOST_PASSES) -> None:
        self.trials = Trials(settings)
        self.unsafe = unsafe
        self.passes = passes

    def run(self, source: Source) -> FixState:
        """Return the fixed file; no content of a file raises an exception."""
        start = FixState(source, self.trials.lint(source))
        banned: dict[str, str] = {}
        for _ in range(_MOST_ROUNDS):
            try:
                return self._to_fixed_point(start, banned)
            except _Loop as loop:
                banned.update(dict.fromkeys(loop.codes, "fixes of this rule undo each other in this file"))
        return self._gave_up(start, "the fixes of this file undo each other")

    def _to_fixed_point(self, start: FixState, banned: dict[str, str]) -> FixState:
        """Repeat rounds until one changes nothing, so that a second run would not either."""
        seen: dict[str, int] = {start.source.text: 0}
        codes: list[frozenset[str]] = []
        current, budget = start, self.passes
        while True:
            before = len(codes)
            current, budget = self._round(current, banned, budget, seen, codes)
            if budget < 0:
                return self._gave_up(start, f"there were still fixes to apply after {self.passes} passes")
            if len(codes) == before:
                return current

    def _round(
        self,
        start: FixState,
        banned: dict[str, str],
        budget: int,
        seen: dict[str, int],
        codes: list[frozenset[str]],
    ) -> tuple[FixState, int]:
        """Apply all acceptable fixes; refusals are those of this round.

        A batch that is refused is split into `doubtful` parts, tried from the last one on. Suspects are tried alone
        after everything else, because a change of the text invalidates refusals. What was refused in an earlier round
        takes part again, so that a round is the same whatever was tried before. Raises `_Loop` if a text recurs.
        """
        current = FixState(start.source, start.result, list(start.applied))
        refused: dict[Key, Refusal] = {}
        doubtful: list[set[Key]] = []
        suspects: set[Key] = set()
        alone: set[Key] = set()
        while True:
            offered = _by_key(f for f in current.result.findings if self._is_selected(f))
            for key, finding in offered.items():
                reason = banned.get(finding.code) or (self._known_reason(current, finding) if key in alone else None)
                if reason is not None and key not in refused:
                    refused[key] = self._refusal(current, finding, reason)
            left = {key: finding for key, finding in offered.items() if key not in refused}
            if not left:
                current.refused = list(refused.values())
                return current, budget
            part = doubtful.pop() if doubtful else left.keys() - suspects
            batch = _next_batch([finding for key, finding in left.items() if key in part])
            if not batch and doubtful:
                continue
            likely = bool(batch)
            batch = batch or _next_batch(list(left.values()))[:1]
            against = self.trials.objection(current.source, batch, keep=likely)
            keys = {id(finding): key for key, finding in left.items()}
            if len(batch) == 1:
                alone.add(keys[id(batch[0])])
            if against is not None:  # a fix that was tried alone is refused in the next iteration
                if len(batch) > 1:
                    suspected, groups = split_refused(batch, against)
                    suspects.update(keys[id(f)] for f in suspected)
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
            current = FixState(source, self.trials.lint(source), [*current.applied, *batch])

    def _known_reason(self, current: FixState, finding: Finding) -> str | None:
        against = self.trials.refused_alone(current.source, finding)
        return against.reason if against is not None else None

    def _is_selected(self, finding: Finding) -> bool:
        return (
            finding.fix is not None and bool(finding.fix.edits) and (self.unsafe or finding.fix.applicability == "safe")
        )

    def _gave_up(self, start: FixState, reason: str) -> FixState:
        offered = [f for f in start.result.findings if self._is_selected(f)]
        return FixState(start.source, start.result, [], [self._refusal(start, f, reason) for f in offered])

    def _refusal(self, current: FixState, finding: Finding, reason: str) -> Refusal:
        return Refusal(finding, current.source.position(finding.start).line, reason)


def _by_key(findings: Iterable[Finding]) -> dict[Key, Finding]:
    """Return findings by a key without offsets, numbered if several have the same key."""
    found: dict[Key, Finding] = {}
    alike: Counter[Key] = Counter()
    for finding in findings:
        edits = tuple(edit.text for edit in finding.fix.edits) if finding.fix else ()
        key = finding.code, finding.graph, finding.unit, finding.nodes, finding.message, edits
        alike[key] += 1
        found[*key, alike[key]] = finding
    return found


def _next_batch(findings: list[Finding]) -> list[Finding]:
    """Return the fixes of one pass.

    Syntax errors come first, because the rest is then parsed again; planned nodes come last, because their exemplars
    may still change.
    """
    syntax = [f for f in findings if f.section == "syntax"]
    simple = [f for f in findings if not f.missing_nodes]
    return apart(syntax or simple or findings)[0]
