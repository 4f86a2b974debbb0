"""Run the rules over one file and collect their outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.engine.card import own_cards
from dotlint.engine.causes.assign import assign_causes
from dotlint.engine.context import FileContext
from dotlint.engine.crash import crash
from dotlint.engine.finding import Finding, Holds, Outcome, Undecided
from dotlint.engine.fingerprint import with_fingerprints
from dotlint.engine.header_strategy import declarations, strategy_of_file
from dotlint.engine.result import FileResult, Settings, Verdict
from dotlint.engine.sections import NOT_OF_THE_GRAPH
from dotlint.engine.select import chosen
from dotlint.graph.builder import EDGE_LIMIT, read
from dotlint.registry.checks import find_check
from dotlint.suppressions.apply import suppress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dotlint.engine.card import Card
    from dotlint.graph.document import Document
    from dotlint.syntax.source import Source

__all__ = ["FileResult", "Settings", "Verdict", "lint", "read_document"]


def lint(
    source: Source, settings: Settings | None = None, *, on_read: Callable[[Document], None] | None = None
) -> FileResult:
    """Parse a file and run the selected rules over it; no content of a file raises an exception.

    `on_read` is called with the document before any rule runs, so that an editor does not wait for the rules.
    """
    settings = settings or Settings()
    cards = settings.cards or own_cards()
    document = read_document(source, settings)
    if on_read is not None:
        on_read(document)
    file = FileContext(document, source.name, cards=cards, vocabularies=settings.vocabularies)
    picked = chosen(cards, settings.selection)
    if any(card.section not in NOT_OF_THE_GRAPH for card in picked):
        file.declarations = declarations(document, source.name)
        _set_strategy(file, settings)
        if file.strategy is None and (own := strategy_of_file(file.declarations)):
            (file.strategy, file.layout_certain), file.strategy_source = own, "file"
    result = FileResult(source.name, file, [])
    ran: list[Card] = []
    for card in picked:
        if "strategy" in card.needs and file.strategy is None:
            if card.report_skip and file.is_deployment:
                subject = card.name.replace("-", " ")
                result.undecided.append(
                    Undecided(card.section, subject, "declare a strategy with `--strategy`", card.code)
                )
            continue
        if "model" in card.needs and not (file.strategy is not None and file.strategy.model.to_dict()):
            if file.is_deployment:
                subject = card.name.replace("-", " ")
                result.undecided.append(
                    Undecided(card.section, subject, "declare [model] in a strategy file", card.code)
                )
            continue
        ran.append(card)
        for outcome in _outcomes(file, card):
            _add_outcome(outcome, result)
    if file.loss is not None:
        from dotlint.engine.incomplete import without_absent  # noqa: PLC0415 - most files are complete

        result.findings, undecided = without_absent(file, file.loss, result.findings)
        result.undecided += undecided
        # A rule that was not applied does not make a suppression unused.
        ran = [card for card in ran if card.claims_absence in {None, "label"}]
    findings = assign_causes(
        file, _in_order(_with_notes(file, result.findings)), lambda card: find_check(card.check).load()
    )
    left, taken = suppress(document, findings, cards, ran, whole=settings.selection.select is None)
    result.findings, result.suppressed = with_fingerprints(left, document), with_fingerprints(taken, document)
    if settings.baseline is not None:
        parted = settings.baseline.part(document, source.name, result.findings, file.rules)
        result.findings, result.baselined, result.outlived = parted
    return result


def read_document(source: Source, settings: Settings) -> Document:
    """Parse a file, with the limit on expanded edges from the settings."""
    cards = settings.cards or own_cards()
    limits = next((card.parameters for card in cards if card.check == "expansion-limit"), {})
    return read(source, edge_limit=limits.get("limit", EDGE_LIMIT))


def _set_strategy(file: FileContext, settings: Settings) -> None:
    """Set the declared strategy of a file; if the strategy lists files, only the phases of this one."""
    file.strategy, file.strategy_source = settings.strategy, settings.strategy_source
    if settings.strategy is not None and settings.strategy.has_files:
        from dotlint.strategy.phase_files import phases_of_file  # noqa: PLC0415 - most strategies name no files

        file.whole, file.part = settings.strategy, phases_of_file(settings.strategy, file.name)
        file.strategy = file.carried
        file.strategy_source = settings.strategy_source if file.strategy else None


_INCOMPLETE = "part of the file could not be parsed and may contain what seems to be missing"


def _with_notes(file: FileContext, findings: list[Finding]) -> list[Finding]:
    """Return the findings with a note if the file was parsed only in part."""
    # Some syntax errors, such as a missing quote, lose nothing.
    if file.loss is None:
        return findings
    return [f if f.section in NOT_OF_THE_GRAPH or f.note else replace(f, note=_INCOMPLETE) for f in findings]


def _outcomes(file: FileContext, card: Card) -> Iterable[Outcome]:
    check = find_check(card.check)
    function = check.load()
    targets: Sequence[object] = [file] if check.scope == "file" else file.graphs
    found: list[Outcome] = []
    for target in targets:
        try:
            if check.scope == "deployment" and (file.is_program or not target.deployment.recognized):  # type: ignore[attr-defined]
                continue
            index = 0 if check.scope == "file" else target.graph.index  # type: ignore[attr-defined]
            found.extend(
                one if isinstance(one, Finding) else replace(one, code=card.code, graph=index)
                for one in function(target, card)
            )
        except Exception as error:  # noqa: BLE001 - it becomes a finding, and the other rules run
            found.append(crash(card, error, file.rules))
    return found


def _add_outcome(outcome: Outcome, result: FileResult) -> None:
    if isinstance(outcome, Finding):
        result.findings.append(outcome)
    elif isinstance(outcome, Holds):
        result.holds.append(outcome)
    else:
        result.undecided.append(outcome)


def _in_order(findings: list[Finding]) -> list[Finding]:
    """Sort by position, then by code, so that output is reproducible."""
    return sorted(findings, key=lambda f: (f.graph, f.start, f.code, f.end))
