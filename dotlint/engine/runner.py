"""Run the rules over one file and put together what they say."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from dotlint.checks import find_check
from dotlint.engine.card import Card, own_cards
from dotlint.engine.causes import assign_causes
from dotlint.engine.context import FileContext, StrategySource
from dotlint.engine.declared import declarations, strategy_of_file
from dotlint.engine.finding import SEVERITIES, Finding, Holds, Outcome, Severity, Undecided
from dotlint.engine.select import Selection, chosen
from dotlint.graph.build import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.graph.model import Document
    from dotlint.strategy import Strategy
    from dotlint.syntax.source import Source

Verdict = Literal["correct", "incorrect", "unreadable"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run: the declared strategy, where it was declared, and which rules."""

    strategy: Strategy | None = None
    strategy_source: StrategySource | None = None
    selection: Selection = field(default_factory=Selection)
    cards: tuple[Card, ...] = ()


@dataclass(slots=True)
class FileResult:
    """What a run says of one file. `unreadable` has the reason where it could not be read at all."""

    path: str
    context: FileContext | None
    findings: list[Finding]
    holds: list[Holds] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)
    unreadable: str | None = None

    @property
    def verdict(self) -> Verdict:
        """`correct` where there is no error."""
        if self.context is None:
            return "unreadable"
        return "incorrect" if any(f.severity == "error" for f in self.findings) else "correct"

    @property
    def document(self) -> Document:
        """The file as read; only of a file that could be read."""
        assert self.context is not None
        return self.context.document

    @property
    def crashed(self) -> bool:
        """Whether a check raised."""
        return any(f.code == "X001" for f in self.findings)

    def counts(self) -> dict[Severity, int]:
        """Findings that nothing else causes, by severity."""
        return {s: sum(1 for f in self.findings if f.severity == s and not f.caused_by) for s in SEVERITIES}


def lint(source: Source, settings: Settings | None = None) -> FileResult:
    """Read a file and run the chosen rules over it; never raises for what stands in the file."""
    settings = settings or Settings()
    cards = settings.cards or own_cards()
    document = read(source)
    file = FileContext(document, source.name)
    picked = chosen(cards, settings.selection)
    if any(card.code[0] not in "EX" for card in picked):
        file.declarations = declarations(document, source.name)
        file.strategy, file.strategy_source = settings.strategy, settings.strategy_source
        if file.strategy is None and (own := strategy_of_file(file.declarations)):
            (file.strategy, file.layout_certain), file.strategy_source = own, "file"
    result = FileResult(source.name, file, [])
    crash = next((card for card in cards if card.code == "X001"), None)
    for card in picked:
        if "strategy" in card.needs and file.strategy is None:
            if card.check in _NEEDS_TOLD:
                result.undecided.append(Undecided(card.section, card.summary, "declare a strategy with `--strategy`"))
            continue
        for outcome in _run(file, card, crash):
            _sort(outcome, result)
    result.findings = assign_causes(file, _in_order(result.findings), cards)
    return result


_NEEDS_TOLD = {"missing-stage", "shard-count", "stage-gpus"}


def _run(file: FileContext, card: Card, crash: Card | None) -> Iterable[Outcome]:
    check = find_check(card.check)
    function = check.load()
    targets: Sequence[object] = [file] if check.scope == "file" else file.graphs
    found: list[Outcome] = []
    for target in targets:
        try:
            if check.scope == "deployment" and not target.deployment.recognised:  # type: ignore[attr-defined]
                continue
            found.extend(function(target, card))
        except Exception as error:  # noqa: BLE001 - one rule's mistake must not hide the others' findings
            where = traceback.extract_tb(error.__traceback__)[-1]
            if crash is None:
                raise
            found.append(
                crash.finding(
                    f"{card.code} {card.name} could not be checked: {type(error).__name__}: {error}",
                    0,
                    0,
                    note=f"at {where.name}, line {where.lineno}",
                    help="this is a mistake in the rule, not in the file; please report it",
                )
            )
    return found


def _sort(outcome: Outcome, result: FileResult) -> None:
    if isinstance(outcome, Finding):
        result.findings.append(outcome)
    elif isinstance(outcome, Holds):
        result.holds.append(outcome)
    else:
        result.undecided.append(outcome)


def _in_order(findings: list[Finding]) -> list[Finding]:
    """Sort by place in the text, then by code, so that output is the same on every run."""
    return [replace(f) for f in sorted(findings, key=lambda f: (f.graph, f.start, f.code, f.end))]
