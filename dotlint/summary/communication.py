"""The sections on communication, sequence splits, the graph itself, and completeness."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.deployment.terminals import may_be_output
from dotlint.summary.ledger import STRATEGY, fact
from dotlint.summary.model import Line, SummarySection
from dotlint.text.english import count, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.engine.finding import Finding
    from dotlint.summary.ledger import Ledger

SEQUENCES = "sequences are split and gathered, or exchanged"
# One line counts all findings of each of these sections.
WHOLE_SECTIONS = frozenset({"syntax", "names", "graphviz"})


def communication_section(ledger: Ledger) -> SummarySection:
    """Count each kind of communication, and check whether each parallel axis has the kind that it needs."""
    return SummarySection("Communication patterns", tuple(_communication(ledger)))


def _communication(ledger: Ledger) -> Iterator[Line]:
    context, deployment = ledger.context, ledger.context.deployment
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for reading in deployment.operators:
        if reading.role is not None and reading.role.communicates:
            kinds[reading.role.communicates][reading.phase or ""] += 1
    for kind, phases in sorted(kinds.items(), key=lambda item: (-sum(item[1].values()), item[0])):
        several = len(deployment.phases) > 1
        where = [f"{number} in {phase or 'no phase'}" for phase, number in phases.items()] if several else []
        yield fact(kind, count(sum(phases.values()), "node") + (f": {listed(where, 4)}" if where else ""))
    if not kinds:
        yield fact("nodes", "no communication node is drawn")
    strategy = context.strategy
    for axis, line in (
        ("tp", "tensor shards meet in a collective"),
        ("sp", SEQUENCES),
        ("ep", "experts' tokens are exchanged"),
    ):
        if strategy is None:
            yield Line("undecided", line, "", STRATEGY)
        elif any(phase.degrees.get(axis) > 1 for phase in strategy.phases):
            yield ledger.decided(line)
    yield from ledger.if_decided(
        "collectives name the GPUs of what they join",
        "transfers between GPUs are drawn",
        "the KV cache is handed over",
        "nothing else passes from phase to phase",
        "decode has what prefill has",
    )


def sequence_section(ledger: Ledger) -> SummarySection | None:
    """Count the sequence splits and gathers, and check whether they are connected."""
    deployment = ledger.context.deployment
    splits = [r for r in deployment.operators if r.is_role("sequence-split")]
    gathers = [r for r in deployment.operators if r.is_role("sequence-gather")]
    if not splits and not gathers:
        return None
    others = sum(1 for r in deployment.operators if r.is_role("gather"))
    text = f"{count(len(splits), 'split')}, {count(len(gathers), 'gather')} of sequences"
    text += f", {count(others, 'gather')} of other or unnamed data" if others else ""
    lines = [ledger.counted("nodes", text, holds=len(splits) == len(gathers))]
    lines.append(ledger.decided("every split leads to its gather"))
    lines += ledger.if_decided("none in decode")
    return SummarySection("Sequence split and gather", tuple(lines))


def validation_section(ledger: Ledger) -> SummarySection:
    """Check syntax, cycles, isolated operators, dead ends and reachability."""
    return SummarySection("Validation", tuple(_validation(ledger)))


def _validation(ledger: Ledger) -> Iterator[Line]:
    context = ledger.context
    graph, deployment, wiring = context.graph, context.deployment, context.wiring
    broken = len(context.file.document.problems)
    text = count(broken, "error") if broken else "no errors"
    yield ledger.counted("DOT syntax", text, findings=_of_section(ledger, "syntax"), holds=not broken)
    if deployment.recognized and graph.directed and not graph.expansion_limited:
        cyclic = context.forward.cyclic()
        yield ledger.decided("cycles", "the graph has cycles" if cyclic else "none", counted=not cyclic)
    if deployment.recognized:
        alone = [r.name for r in deployment.operators if not wiring.ins[r.name] and not wiring.outs[r.name]]
        text = f"{len(alone)} of {count(len(deployment.operators), 'operator')} without an edge"
        yield ledger.decided("isolated operators", text, counted=not alone)
        sources = [r.name for r in deployment.operators if not wiring.ins[r.name] and wiring.outs[r.name]]
        sinks = [r.name for r in deployment.operators if wiring.ins[r.name] and not wiring.outs[r.name]]
        yield ledger.decided("fed by nothing", _listed(sources), quote=True)
        named = all(_is_output(ledger, deployment.by_name[name]) for name in sinks)
        yield ledger.decided("feeding nothing", _listed(sinks), quote=True, counted=named or None)
        yield from ledger.if_decided("outputs are reached from inputs")
    for subject, section in (("names and statements", "names"), ("Graphviz attributes", "graphviz")):
        found, number = _of_section(ledger, section), ledger.silenced(section)
        parts = [count(len(found), "finding")] if found else ["no findings"]
        parts += [f"{number} suppressed by a comment or the baseline"] if number else []
        yield ledger.counted(subject, ", ".join(parts), findings=found, holds=not found and not number)


def _of_section(ledger: Ledger, section: str) -> list[Finding]:
    return [finding for finding in ledger.findings() if finding.section == section]


def _is_output(ledger: Ledger, reading: Reading) -> bool:
    phase = ledger.context.phase(reading.phase)
    return may_be_output(ledger.context.deployment, reading, phase.stage_count if phase is not None else None)


def _listed(names: list[str]) -> str:
    return f"{count(len(names), 'operator')}: {quoted(names)}" if names else "none"


def completeness_section(ledger: Ledger) -> SummarySection:
    """Report what is missing, compared with the patterns of the graph and with the strategy."""
    lines: list[Line] = []
    edges = [f for f in ledger.findings() if f.missing_edges]
    number = len({pair for f in edges for pair in f.missing_edges})
    text = f"{count(number, 'edge')} missing that siblings have"
    text = text if number else "each unit has the edges that its siblings have"
    decided = bool(ledger.passed("edges")) and not number
    loose = [f for f in ledger.findings() if ledger.rules[f.code].node_state not in {None, "cycle"}] if decided else []
    if loose:  # an isolated node or dead end lacks an edge, even if no sibling is an exemplar for it
        text, edges, decided = "operators lack edges for which there is no exemplar", loose, False
    text = text if number or decided or loose else ""
    lines.append(ledger.decided("edges", text, findings=edges, counted=decided or None))
    lines.append(ledger.decided("operators"))
    strategy = ledger.context.strategy
    if strategy is not None and any(phase.stage_count > 1 for phase in strategy.phases):
        lines.append(ledger.decided("stages"))
    kept = [line for line in lines if line.text or line.evidence or line.needs]
    kept += [Line("undecided", "missing statements", "", ledger.lost)] if ledger.lost else []
    return SummarySection("Completeness", tuple(kept))
