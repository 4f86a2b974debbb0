"""The sections on communication, on sequences that are split, and on the graph itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.checks.grouping import count, listed, quoted
from dotlint.deployment.terminals import may_be_output
from dotlint.summary.ledger import STRATEGY, fact
from dotlint.summary.model import Line, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.summary.ledger import Ledger


def communication_section(ledger: Ledger) -> Section:
    """How often each kind of communication is drawn, and whether each parallel axis has the one that it needs."""
    return Section("Communication patterns", tuple(_communication(ledger)))


def _communication(ledger: Ledger) -> Iterator[Line]:
    context, deployment = ledger.context, ledger.context.deployment
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for reading in deployment.operators:
        if reading.role is not None and reading.role.communicates:
            kinds[reading.role.communicates][reading.phase or ""] += 1
    for kind, phases in sorted(kinds.items(), key=lambda item: (-sum(item[1].values()), item[0])):
        several = len(deployment.phases) > 1
        where = [f"{number} in {phase or 'no one phase'}" for phase, number in phases.items()] if several else []
        yield fact(kind, count(sum(phases.values()), "node") + (f": {listed(where, 4)}" if where else ""))
    if not kinds:
        yield fact("nodes", "no communication is drawn")
    strategy = context.strategy
    for axis, code, subject in (
        ("tp", "C001", "tensor shards meet in a collective"),
        ("sp", "C002", "sequences are split and gathered, or exchanged"),
        ("ep", "C003", "experts' tokens are exchanged"),
    ):
        if strategy is None:
            yield Line("undecided", subject, "", STRATEGY)
        elif any(phase.degrees.get(axis) > 1 for phase in strategy.phases):
            yield ledger.line(subject, "", code, quote=True)
    for code, subject in (
        ("C005", "collectives name the GPUs of what they join"),
        ("C006", "transfers between GPUs are drawn"),
        ("H002", "the KV cache is handed over"),
        ("H001", "nothing else passes from phase to phase"),
        ("H005", "decode has what prefill has"),
    ):
        if ledger.held(code) or ledger.findings(code):
            yield ledger.line(subject, "", code, quote=True)


def sequence_section(ledger: Ledger) -> Section | None:
    """Sequence splits and gathers, stage by stage."""
    deployment = ledger.context.deployment
    splits = [r for r in deployment.operators if r.is_role("sequence-split")]
    gathers = [r for r in deployment.operators if r.is_role("sequence-gather")]
    if not splits and not gathers:
        return None
    others = sum(1 for r in deployment.operators if r.is_role("gather"))
    text = f"{count(len(splits), 'split')}, {count(len(gathers), 'gather')} of sequences"
    text += f", {count(others, 'gather')} of other or unnamed things" if others else ""
    lines = [ledger.line("nodes", text, counted=len(splits) == len(gathers))]
    lines.append(ledger.line("every split leads to its gather", "", "S009", quote=True))
    if ledger.held("H003") or ledger.findings("H003"):
        lines.append(ledger.line("none in decode", "", "H003", quote=True))
    return Section("Sequence split and gather", tuple(lines))


def validation_section(ledger: Ledger) -> Section:
    """What is true of the graph as a graph: cycles, ends, reachability, syntax."""
    return Section("Validation", tuple(_validation(ledger)))


def _validation(ledger: Ledger) -> Iterator[Line]:
    context = ledger.context
    graph, deployment, wiring = context.graph, context.deployment, context.wiring
    broken = len(context.file.document.problems)
    text = count(broken, "mistake") if broken else "no mistake"
    yield ledger.line("DOT syntax", text, findings=ledger.findings("E"), counted=not broken)
    if graph.directed and not graph.expansion_limited:
        cyclic = wiring.cyclic()
        yield ledger.line("cycles", "there are some" if cyclic else "none", "G001", counted=not cyclic)
    if deployment.recognized:
        alone = [r.name for r in deployment.operators if not wiring.ins[r.name] and not wiring.outs[r.name]]
        text = f"{len(alone)} of {count(len(deployment.operators), 'operator')} connected to nothing"
        yield ledger.line("isolated operators", text, "G003", counted=not alone)
        sources = [r.name for r in deployment.operators if not wiring.ins[r.name] and wiring.outs[r.name]]
        sinks = [r.name for r in deployment.operators if wiring.ins[r.name] and not wiring.outs[r.name]]
        yield ledger.line("fed by nothing", _listed(sources), "G005", "G007", quote=True)
        named = all(_is_output(ledger, deployment.by_name[name]) for name in sinks)
        yield ledger.line("feeding nothing", _listed(sinks), "G004", "G008", quote=True, counted=named or None)
        if ledger.held("G006") or ledger.findings("G006"):
            yield ledger.line("outputs are reached from inputs", "", "G006", quote=True)
    for subject, letter in (("names and statements", "N"), ("Graphviz attributes", "A")):
        found, number = ledger.findings(letter), ledger.silenced(letter)
        said = [count(len(found), "finding")] if found else ["no finding"]
        said += [f"{number} taken away by a comment or the baseline"] if number else []
        yield ledger.line(subject, ", ".join(said), findings=found, counted=not found and not number)


def _is_output(ledger: Ledger, reading: Reading) -> bool:
    phase = ledger.context.phase(reading.phase)
    return may_be_output(ledger.context.deployment, reading, phase.stage_count if phase is not None else None)


def _listed(names: list[str]) -> str:
    return f"{count(len(names), 'operator')}: {quoted(names)}" if names else "none"


def completeness_section(ledger: Ledger) -> Section:
    """What is missing by the graph's own patterns and by the strategy."""
    lines: list[Line] = []
    edges = [f for f in ledger.findings("S", "G") if f.missing_edges]
    number = len({pair for f in edges for pair in f.missing_edges})
    text = f"{count(number, 'edge')} that siblings have missing"
    text = text if number else "no unit lacks an edge that its siblings have"
    decided = bool(ledger.held("S001")) and not number
    loose = ledger.findings("G003", "G004", "G005") if decided else []
    if loose:  # what is joined to nothing lacks an edge, whether or not a sibling shows which
        text, edges, decided = "operators lack edges that no sibling shows", loose, False
    text = text if number or decided or loose else ""
    lines.append(ledger.line("edges", text, "S001", findings=edges, counted=decided or None))
    lines.append(ledger.line("operators", "", "S003", "S011", "S014", quote=True))
    strategy = ledger.context.strategy
    if strategy is not None and any(phase.stage_count > 1 for phase in strategy.phases):
        lines.append(ledger.line("stages", "", "S002", quote=True))
    kept = [line for line in lines if line.text or line.evidence or line.needs]
    loss = [line for line in (ledger.needs(""),) if line]
    kept += [Line("undecided", "what is not there", "", need) for need in loss]
    return Section("Completeness", tuple(kept))
