"""Run the rules over one file and collect their outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.engine.causes.assign import assign_causes
from dotlint.engine.context import FileContext
from dotlint.engine.crash import crash
from dotlint.engine.finding import Finding, Holds, Outcome, Undecided
from dotlint.engine.fingerprint import with_fingerprints
from dotlint.engine.header_strategy import declarations, strategy_of_file
from dotlint.engine.launch_origins import with_origins
from dotlint.engine.narrow import narrowed
from dotlint.engine.own_cards import own_cards
from dotlint.engine.result import FileResult, Settings, Verdict
from dotlint.engine.second_look import second_look, undecided_axis
from dotlint.engine.sections import NOT_OF_THE_GRAPH
from dotlint.engine.select import chosen
from dotlint.engine.timing import READING, timed
from dotlint.graph.builder import EDGE_LIMIT, read
from dotlint.registry.checks import find_check
from dotlint.suppressions.apply import suppress
from dotlint.suppressions.directives import read_suppressions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.finding import LocationKey
    from dotlint.graph.document import Document
    from dotlint.syntax.source import Source

    Hiding = frozenset[LocationKey]

__all__ = ["FileResult", "Settings", "Verdict", "lint", "read_document"]


def lint(
    source: Source,
    settings: Settings | None = None,
    *,
    on_read: Callable[[Document], None] | None = None,
    document: Document | None = None,
    fingerprints: bool = True,
) -> FileResult:
    """Parse a file and run the selected rules over it; no content of a file raises an exception.

    `on_read` is called with the document before any rule runs, so that an editor does not wait for the rules. A caller
    may give the `document` if the source is parsed already, and do without `fingerprints`.
    """
    settings = settings or Settings()
    cards = settings.cards or own_cards()
    if document is None:
        with timed(READING):
            document = read_document(source, settings)
    if on_read is not None:
        on_read(document)
    file = FileContext(document, source.name, cards=cards, vocabularies=settings.vocabularies)
    picked = chosen(cards, settings.selection)
    comments, baseline = read_suppressions(document, cards), settings.baseline
    if settings.ignore_suppressions:
        comments = replace(comments, directives=[])
    if any(card.section not in NOT_OF_THE_GRAPH for card in picked):
        if comments.strategy is not None and settings.strategy_source != "option":
            file.strategy, file.strategy_source = comments.strategy, "file"
        else:
            _set_strategy(file, settings)
        names = [phase.name for phase in file.strategy.phases] if file.strategy is not None else []
        file.declarations = declarations(document, source.name, names)
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
                    Undecided(
                        card.section, subject, "declare the model: `--model` or [model] in a strategy file", card.code
                    )
                )
            continue
        ran.append(card)
        with timed(card.code):
            outcomes = _outcomes(file, card)
        for outcome in outcomes:
            _add_outcome(outcome, result)
    findings, undecided = _readable(file, result.findings)
    result.undecided += undecided
    findings, suppressed = _narrow(file, findings, ran, comments.take)
    known: list[Finding] = []
    if baseline is not None:
        whole = [f for f in findings if not comments.take(f)]
        keys = dict(zip(map(id, whole), baseline.known(document, source.name, whole), strict=True))
        findings, known = _narrow(file, findings, ran, lambda f: keys.get(id(f), frozenset()))
    if file.loss is not None:
        # A rule that was not applied does not make a suppression unused.
        ran = [card for card in ran if card.claims_absence in {None, "label"}]
    findings = with_origins(file, findings)
    findings = assign_causes(file, findings, lambda card: find_check(card.check).load())
    left, taken = suppress(document, findings, comments, ran, whole=settings.selection.select is None)
    result.findings, result.suppressed = left, [*taken, *suppressed]
    if fingerprints or baseline is not None:  # the baseline compares them
        result.findings = with_fingerprints(left, document)
        result.suppressed = with_fingerprints(result.suppressed, document)
    if baseline is not None:
        parted = baseline.part(document, source.name, result.findings, file.rules, known)
        result.findings, result.baselined, result.outlived = parted
    return result


def read_document(source: Source, settings: Settings) -> Document:
    """Parse a file, with the limit on expanded edges from the settings."""
    cards = settings.cards or own_cards()
    limits = next((card.parameters for card in cards if card.check == "expansion-limit"), {})
    return read(source, edge_limit=limits.get("limit", EDGE_LIMIT))


def _readable(file: FileContext, findings: list[Finding]) -> tuple[list[Finding], list[Undecided]]:
    """Return the findings in order, without those that the unparsed part of a file may refute, and skipped items."""
    if file.loss is None:
        return _in_order(findings), []
    from dotlint.engine.incomplete import without_unsupported  # noqa: PLC0415 - most files are complete

    findings, undecided = without_unsupported(file.document, file.rules, file.loss, findings)
    return _in_order(_with_notes(findings)), undecided


def _narrow(
    file: FileContext, findings: list[Finding], ran: Sequence[Card], hides: Callable[[Finding], Hiding]
) -> tuple[list[Finding], list[Finding]]:
    """Remove hidden locations from findings that have others; return the findings and the removed parts.

    The rules of these findings run again without the hidden locations, so that their messages match the rest.
    """
    taken: list[Finding] = []
    hidden: dict[str, Hiding] = {}
    for finding in findings:
        keys, every = hides(finding), {location.key for location in finding.locations}
        if keys and every - keys:
            hidden[finding.code] = hidden.get(finding.code, frozenset()) | keys
            taken += filter(None, [narrowed(finding, every - keys)])
    if not hidden:
        return findings, []
    file.hidden = {
        code: file.hidden.get(code, frozenset()) | hidden.get(code, frozenset()) for code in {*file.hidden, *hidden}
    }
    again = [f for card in ran if card.code in hidden for f in _outcomes(file, card) if isinstance(f, Finding)]
    left = [narrowed(finding, file.hidden[finding.code]) for finding in _readable(file, again)[0]]
    return _in_order([*(f for f in findings if f.code not in hidden), *filter(None, left)]), taken


def _set_strategy(file: FileContext, settings: Settings) -> None:
    """Set the declared strategy of a file; if the strategy lists files, only the phases of this one."""
    file.strategy, file.strategy_source = settings.strategy, settings.strategy_source
    if settings.strategy is not None and settings.strategy.has_files:
        from dotlint.strategy.phase_files import phases_of_file  # noqa: PLC0415 - most strategies name no files

        file.whole, file.part = settings.strategy, phases_of_file(settings.strategy, file.name)
        file.strategy = file.carried
        file.strategy_source = settings.strategy_source if file.strategy else None


_INCOMPLETE = "part of the file could not be parsed and may contain what seems to be missing"


def _with_notes(findings: list[Finding]) -> list[Finding]:
    """Return the findings of an incomplete file with a note."""
    return [f if f.section in NOT_OF_THE_GRAPH or f.note else replace(f, note=_INCOMPLETE) for f in findings]


def _outcomes(file: FileContext, card: Card) -> Iterable[Outcome]:
    check = find_check(card.check)
    function = check.load()
    targets: Sequence[object] = [file] if check.scope == "file" else file.graphs
    found: list[Outcome] = []
    for target in targets:
        try:
            if check.scope != "file" and file.is_program:
                continue  # the graph is what the program writes, not what its text happens to parse as
            if check.scope == "deployment" and not target.deployment.recognized:  # type: ignore[attr-defined]
                continue
            index = 0 if check.scope == "file" else target.graph.index  # type: ignore[attr-defined]
            skipped = undecided_axis(card, target) if card.axes else None  # type: ignore[arg-type]
            outcomes = [
                one if isinstance(one, Finding) else replace(one, code=card.code, graph=index)
                for one in ([skipped] if skipped else function(target, card))
            ]
            # The generic DOT rules must not cause the graph to be read as a deployment.
            found += second_look(card, outcomes, vars(target).get("deployment"))
        except Exception as error:  # noqa: BLE001 - it becomes a finding, and the other rules run
            found.append(crash(card, error, file.rules))
    if "graphviz" not in card.presets and any("deployment" in vars(graph) for graph in file.graphs):
        file.read_as_deployment = True
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
