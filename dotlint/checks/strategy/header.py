"""P001: degrees and GPU totals that the file states and the strategy contradicts."""

from __future__ import annotations

from collections import defaultdict
from math import prod
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.unit import phase_unit
from dotlint.edits.fix_context import fixed_by
from dotlint.edits.labels import block_label
from dotlint.engine.finding import Edit, Fix, Holds
from dotlint.strategy.declarations import rank_axes, read_declarations
from dotlint.strategy.gpus import union
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome
    from dotlint.engine.header_strategy import Declaration
    from dotlint.strategy import Degrees, Phase

Span = tuple[int, int]


class HeaderMismatch(Struct, frozen=True):
    """The declarations of one text of the file, of which at least one differs from the strategy."""

    declarations: tuple[Declaration, ...]


def correct_header(fix: FixContext, finding: Finding) -> Fix | str:
    """Write the degrees and total of the strategy into the text that states others."""
    context = fix.context
    ranks = rank_axes([fix.text[: 1 << 20]])
    phases = context.deployment.phases
    numbers: dict[Span, int] = {}
    data = finding.data
    assert isinstance(data, HeaderMismatch)
    for declaration in data.declarations:
        if declaration.where in {"the file's name", "the graph's name"}:
            return f"{declaration.where} states them and has to be renamed by hand"
        phase = context.phase(declaration.phase or phases[0])
        span = _text_span(fix, declaration.where, (declaration.start, declaration.end))
        if phase is None or span is None:
            continue
        start, end = span
        for found in read_declarations(fix.text[start:end], ranks=ranks, names=phases):
            if {m.axis: m.value for m in found.terms} != declaration.degrees or found.phase != declaration.phase:
                continue
            for m in found.terms:
                if m.value != phase.degrees.get(m.axis):
                    numbers[start + m.number_start, start + m.number_end] = phase.degrees.get(m.axis)
            totals = {phase.total, phase.total // max(1, phase.degrees.dp)}
            if found.total is not None and found.total.value not in totals:
                numbers[start + found.total.number_start, start + found.total.number_end] = phase.total
    if not numbers:
        return "the position of the number in the text is uncertain"
    return Fix(
        "unsafe", tuple(_number_edits(numbers)), f"Write the degrees of the strategy into {data.declarations[0].where}"
    )


def _number_edits(numbers: Mapping[Span, int]) -> Iterator[Edit]:
    for (start, end), number in sorted(numbers.items()):
        yield Edit(start, end, str(number))


def _text_span(fix: FixContext, where: str, span: Span) -> Span | None:
    """Return the span of the text that `where` names: a comment or node label as it is, else the value of a label."""
    graph = fix.context.graph
    if where == "the comment" or where.startswith("header "):
        return span
    subgraph = next((s for s in graph.subgraphs if s.start == span[0]), None)
    blocks = [graph.statement] if where == "the graph's label" else subgraph.statements if subgraph else []
    attribute = block_label(blocks)
    return (attribute.value.start, attribute.value.end) if attribute else None


@fixed_by(correct_header)
def header_mismatches(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report degrees and GPU totals in the file that differ from those of the strategy."""
    if context.file.strategy_source == "file":
        return
    right: dict[str, list[str]] = defaultdict(list)
    arithmetic: dict[str, str] = {}
    for declaration in context.file.declarations:
        if declaration.graph not in (None, context.graph.index):
            continue
        phases = context.deployment.phases
        phase = context.phase(declaration.phase or phases[0])
        if phase is None or phase.assumed:
            continue
        wrong = [
            (f"{axis.upper()}={value}", f"{axis.upper()}={phase.degrees.get(axis)}")
            for axis, value in declaration.degrees.items()
            if value != phase.degrees.get(axis)
        ]
        totals = _totals(context, declaration, phase)
        if declaration.gpus is not None and declaration.gpus not in totals:
            wrong.append((count(declaration.gpus, "GPU"), f"{listed([str(n) for n in totals], 3)} GPUs"))
        stated = ", ".join(f"{axis.upper()}={value}" for axis, value in declaration.degrees.items())
        if wrong:
            yield card.finding(
                f"{declaration.where} states {listed([one for one, _ in wrong], 20)}, "
                f"but the strategy has {listed([one for _, one in wrong], 20)}",
                declaration.start,
                declaration.end,
                about=phase_unit(phase.name),
                graph=context.graph.index,
                help=f"correct it, or declare it with `--strategy {declaration.spec}`",
                data=HeaderMismatch(_beside(context, declaration)),
            )
        elif declaration.degrees:
            total = f", {declaration.gpus} GPUs" if declaration.gpus else ""
            right[phase.name].append(f"{declaration.where} states {stated}{total}")
            arithmetic[phase.name] = product(phase)
    for name, statements in right.items():
        agreeing = list(dict.fromkeys(statements))
        more = [f"{count(len(agreeing) - 6, 'other text agrees', 'other texts agree')}"] if len(agreeing) > 6 else []
        details = (*agreeing[:6], *more)
        text = "; ".join((arithmetic[name], *details))
        yield Holds("coverage", "strategy", text, about=phase_unit(name), details=details)


def _totals(context: GraphContext, declaration: Declaration, phase: Phase) -> list[int]:
    """Return the numbers of GPUs that a text may state: those of all phases, of the phase, or of one replica of it."""
    strategy = context.file.whole or context.strategy
    phases = [] if strategy is None or declaration.phase else [p for p in strategy.phases if not p.assumed]
    whole = len(union(p.gpus for p in phases)) if phases else phase.total
    return list(dict.fromkeys((whole, phase.total, phase.total // max(1, phase.degrees.dp))))


def _beside(context: GraphContext, declaration: Declaration) -> tuple[Declaration, ...]:
    """Return all declarations of the same text."""
    span = declaration.start, declaration.end
    return tuple(other for other in context.file.declarations if (other.start, other.end) == span)


def product(phase: Phase) -> str:
    """Return the product of the degrees of a phase: `prefill 4 · 4 · 2 · 2 = 64 GPUs`."""
    degrees: Degrees = phase.degrees
    factors = [value for axis, value in degrees.to_dict().items() if axis not in {"vpp", "edp", "dcp"} and value > 1]
    name = f"{phase.name} " if phase.name else ""
    if prod(factors) == phase.total and len(factors) > 1:
        return f"{name}{' · '.join(map(str, factors))} = {phase.total} GPUs"
    return f"{name}{phase.total} GPUs"
