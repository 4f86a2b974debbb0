"""P001: degrees and totals that the file states, against those that are declared."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks.grouping import count
from dotlint.deployment.unit import phase_unit
from dotlint.edits.fix_context import fixed_by
from dotlint.edits.labels import block_label
from dotlint.engine.finding import Edit, Fix, Holds
from dotlint.strategy.declarations import rank_axes, read_declarations

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
    """What one text of the file declares, at least one of it other than the strategy."""

    declarations: tuple[Declaration, ...]


def correct_header(fix: FixContext, finding: Finding) -> Fix | str:
    """Write the declared degrees and total into the text that states others."""
    context = fix.context
    ranks = rank_axes([fix.text[: 1 << 20]])
    found: dict[Span, int] = {}
    data = finding.data
    assert isinstance(data, HeaderMismatch)
    for declaration in data.declarations:
        if declaration.where in {"the file's name", "the graph's name"}:
            return f"{declaration.where} says it: rename it"
        phase = context.phase(declaration.phase or context.deployment.phases[0])
        place = _place(fix, declaration.where, (declaration.start, declaration.end))
        if phase is None or place is None:
            continue
        start, end = place
        for said in read_declarations(fix.text[start:end], ranks=ranks):
            if {m.axis: m.value for m in said.terms} != declaration.degrees or said.phase != declaration.phase:
                continue
            for m in said.terms:
                if m.value != phase.degrees.get(m.axis):
                    found[start + m.number_start, start + m.number_end] = phase.degrees.get(m.axis)
            totals = {phase.total, phase.total // max(1, phase.degrees.dp)}
            if said.total is not None and said.total.value not in totals:
                found[start + said.total.number_start, start + said.total.number_end] = phase.total
    if not found:
        return "where it says so is not certain"
    return Fix("unsafe", tuple(_numbers(found)), f"Write the declared degrees into {data.declarations[0].where}")


def _numbers(found: Mapping[Span, int]) -> Iterator[Edit]:
    for (start, end), number in sorted(found.items()):
        yield Edit(start, end, str(number))


def _place(fix: FixContext, where: str, span: Span) -> Span | None:
    """Give the place of the text that declares something: a comment or a node's label as they stand, else a label."""
    graph = fix.context.graph
    if where == "the comment" or where.startswith("header "):
        return span
    subgraph = next((s for s in graph.subgraphs if s.start == span[0]), None)
    blocks = [graph.statement] if where == "the graph's label" else subgraph.statements if subgraph else []
    attribute = block_label(blocks)
    return (attribute.value.start, attribute.value.end) if attribute else None


@fixed_by(correct_header)
def header_mismatches(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Degrees and GPU totals that the file states for a phase and that differ from the declared ones."""
    if context.file.strategy_source == "file":
        return
    right: dict[str, list[str]] = {}
    for declaration in context.file.declarations:
        if declaration.graph not in (None, context.graph.index):
            continue
        phases = context.deployment.phases
        phase = context.phase(declaration.phase or phases[0])
        if phase is None or phase.assumed:
            continue
        wrong = [
            f"{axis.upper()}={value}, declared is {phase.degrees.get(axis)}"
            for axis, value in declaration.degrees.items()
            if value != phase.degrees.get(axis)
        ]
        if declaration.gpus is not None and declaration.gpus not in (
            phase.total,
            phase.total // max(1, phase.degrees.dp),
        ):
            wrong.append(f"{declaration.gpus} GPUs, declared are {phase.total}")
        said = ", ".join(f"{axis.upper()}={value}" for axis, value in declaration.degrees.items())
        if wrong:
            yield card.finding(
                f"{declaration.where} says {'; '.join(wrong)}",
                declaration.start,
                declaration.end,
                about=phase_unit(phase.name),
                graph=context.graph.index,
                help=f"correct it, or declare what it says with `--strategy {declaration.spec}`",
                data=HeaderMismatch(_beside(context, declaration)),
            )
        elif declaration.degrees:
            total = f", {declaration.gpus} GPUs" if declaration.gpus else ""
            right.setdefault(product(phase), []).append(f"{declaration.where} says {said}{total}")
    for arithmetic, sayings in right.items():
        told = list(dict.fromkeys(sayings))
        more = [f"and {count(len(told) - 6, 'place')} more say so"] if len(told) > 6 else []
        yield Holds("coverage", "strategy", "; ".join([arithmetic, *told[:6], *more]))


def _beside(context: GraphContext, declaration: Declaration) -> tuple[Declaration, ...]:
    """Give all that the same text declares."""
    span = declaration.start, declaration.end
    return tuple(other for other in context.file.declarations if (other.start, other.end) == span)


def product(phase: Phase) -> str:
    """The arithmetic of a phase's GPUs: `prefill 4 · 4 · 2 · 2 = 64 GPUs`."""
    degrees: Degrees = phase.degrees
    factors = [value for axis, value in degrees.to_dict().items() if axis not in {"vpp", "edp", "dcp"}]
    name = f"{phase.name} " if phase.name else ""
    if prod(factors) == phase.total and len(factors) > 1:
        return f"{name}{' · '.join(map(str, factors))} = {phase.total} GPUs"
    return f"{name}{phase.total} GPUs"
