"""Draw one phase: its input, its stages, its output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.drawing import boxes, feed_forward
from dotlint.drawing.attention import attention, gathered, reduced
from dotlint.drawing.builder import Builder
from dotlint.drawing.model import Holder, PhaseDrawing, Section
from dotlint.drawing.parallelism import parallelism_of
from dotlint.drawing.plan import Layers, chunks
from dotlint.drawing.ranks import ranks_of, replica_count
from dotlint.drawing.sizes import Size, Sizes
from dotlint.drawing.wording import layer_name, phase_lines, replica_lines, section_name, stage_lines

if TYPE_CHECKING:
    from dotlint.drawing.builder import State
    from dotlint.drawing.model import Detail
    from dotlint.drawing.parallelism import Parallelism
    from dotlint.strategy.phase import Phase


def draw_phase(
    phase: Phase, detail: Detail, *, moe: bool, expert_groups: bool, grouped: bool
) -> tuple[PhaseDrawing, list[Holder]]:
    """Draw a phase.

    `moe` is whether the model has experts, `expert_groups` whether any phase divides them into groups, `grouped` whether
    equal layers of a stage are drawn once.
    """
    ranks = ranks_of(phase, experts=moe)
    how = parallelism_of(ranks, detail, expert_groups=expert_groups)
    alone = frozenset({"operator": ("tp", "ep", "etp"), "rank": ("tp", "ep", "etp", "sp", "cp")}.get(detail, ()))
    sizes = _sizes(phase, how)
    b = Builder(phase.name, ranks, sizes, alone)
    drawing = PhaseDrawing(phase.name, phase_lines(phase), [], replica_lines(phase, alone=ranks.replica))
    kept: list[Holder] = []

    start = Section("", (), [], [])
    b.begin(start, None)
    drawing.sections.append(start)
    ids = sizes.tokens(whole=True)
    state = b.put("input", [], ids, ids)
    everything = tuple(chunks(phase, moe=moe, grouped=grouped))
    numbered = all(layers.count == 1 for chunk in everything for layers in chunk.layers)
    for place, chunk in enumerate(everything):
        name = section_name(chunk.stage, chunk.chunk, phase.degrees.vpp)
        lines = () if detail == "stage" else stage_lines(phase, chunk, ranks.gpus(chunk.stage, {}))
        section = Section(name, lines, [], [])
        drawing.sections.append(section)
        b.begin(section, chunk.stage)
        last = place == len(everything) - 1
        if detail == "stage":
            state = boxes.stage(b, how, chunk, state, first=place == 0, last=last)
            kept.append(Holder(Layers(chunk.numbers, moe), name, tuple(state)))
            continue
        state = _enter(b, how, state, first=place == 0)
        for layers in chunk.layers:
            b.layer = layer_name(layers, chunk, numbered=numbered)
            before = len(section.operators)
            if detail == "layer":
                state, holders = boxes.layer(b, how, layers, state)
            else:
                state, holders = attention(b, how, state)
                state = (feed_forward.experts if layers.moe else feed_forward.dense)(b, how, state)
            section.repeated += (len(section.operators) - before) * (layers.count - 1)
            kept.append(Holder(layers, "_".join(filter(None, (name, b.layer))), tuple(holders)))
        b.layer = ""
        state = _leave(b, how, state)
        if last:
            state = _finish(b, how, state)
    end = Section("", (), [], [])
    b.begin(end, None)
    drawing.sections.append(end)
    made = (ids[0], ("seq", "1"))
    b.put("output", state, made, made)
    return drawing, kept


def _sizes(phase: Phase, how: Parallelism) -> Sizes:
    facts = phase.facts
    batch = Size.of(facts.batch, "B") / replica_count(phase)
    whole = Size.of(1, "S") if how.decode else Size.of(facts.seq, "S")
    return Sizes(facts, batch, whole, whole / how.parts)


def _enter(b: Builder, how: Parallelism, state: State, *, first: bool) -> State:
    """Add what a stage begins with: the embedding of the first one, a receive, the split of the sequence."""
    sizes = b.sizes
    if first:
        if how.stays_split:
            state = b.put("split", state, sizes.tokens(whole=True), sizes.tokens(), notes=how.split_lines)
        shape = how.outside(sizes)
        over = how.shards if how.stays_split else ("tp",)
        state = b.put("embed", state, shape[:2], shape, over=over, notes=how.tp_lines)
        state = reduced(b, how, state, "embed", whole=not how.stays_split)
    elif how.parts == 1 or how.stays_split:
        state = b.put("receive", state, how.stream(sizes), how.stream(sizes), over=how.each)
    if how.parts > 1 and not how.stays_split:
        state = b.put("split", state, sizes.states(whole=True), sizes.states(), over=how.whole, notes=how.split_lines)
    return state


def _leave(b: Builder, how: Parallelism, state: State) -> State:
    """Gather the sequence at the end of a stage, if it is split in each."""
    if how.parts == 1 or how.stays_split:
        return state
    return b.put("gather", state, b.sizes.states(), b.sizes.states(whole=True), over=how.whole, notes=how.split_lines)


def _finish(b: Builder, how: Parallelism, state: State) -> State:
    """Add what the last stage ends with: norm, LM head, sampling."""
    sizes, tp = b.sizes, how.tp
    full = sizes.states(whole=True)
    if how.megatron:
        state = b.put("final_norm", state, how.stream(sizes), how.stream(sizes), over=how.each)
        state = gathered(b, how, state, "head_all_gather")
        if how.stays_split:
            state = b.put("gather", state, sizes.states(), full, notes=how.split_lines)
    else:
        state = b.put("final_norm", state, full, full, over=how.whole)
    part = (*sizes.tokens(whole=True), ("vocab", str(sizes.vocab / tp)))
    logits = (*sizes.tokens(whole=True), ("vocab", str(sizes.vocab)))
    state = b.put("head", state, full, part, over=("tp",), notes=how.tp_lines)
    if tp > 1:
        state = b.put("logits_all_gather", state, part, logits, notes=how.tp_lines)
    return b.put("sampling", state, logits, (part[0], ("seq", "1")))
