"""Draw one phase: its input, its stages, its output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.drawing import boxes, feed_forward
from dotlint.drawing.attention import attention, reduced
from dotlint.drawing.builder import Builder
from dotlint.drawing.model import Holder, PhaseDrawing, Section
from dotlint.drawing.parallelism import parallelism_of
from dotlint.drawing.plan import chunks, has_experts
from dotlint.drawing.ranks import ranks_of
from dotlint.drawing.sizes import Size, Sizes
from dotlint.drawing.wording import degrees_line, layer_name, phase_lines, section_name, stage_lines

if TYPE_CHECKING:
    from dotlint.drawing.builder import State
    from dotlint.drawing.model import Detail
    from dotlint.drawing.parallelism import Parallelism
    from dotlint.strategy.model import ModelFacts
    from dotlint.strategy.phases import Phase

def draw_phase(phase: Phase, facts: ModelFacts, detail: Detail, *, grouped: bool) -> tuple[PhaseDrawing, list[Holder]]:
    """Draw a phase; `grouped` is whether equal layers of a stage are drawn once."""
    ranks = ranks_of(phase, experts=has_experts(phase, facts))
    how = parallelism_of(ranks, detail)
    alone = frozenset({"operator": ("tp", "ep"), "rank": ("tp", "ep", "sp", "cp", "etp")}.get(detail, ()))
    sizes = _sizes(phase, facts, how)
    b = Builder(phase.name, ranks, sizes, alone)
    drawing = PhaseDrawing(phase.name, phase_lines(phase, replica=ranks.replica), [])
    kept: list[Holder] = []

    start = Section("", (), [], [])
    b.begin(start, None)
    drawing.sections.append(start)
    ids = sizes.tokens(whole=True)
    state = b.put("input", [], ids, ids)
    everything = list(chunks(phase, facts, grouped=grouped))
    for place, chunk in enumerate(everything):
        name = section_name(chunk.stage, chunk.chunk, phase.degrees.vpp)
        section = Section(name, stage_lines(phase, chunk, ranks.gpus(chunk.stage, {})), [], [])
        drawing.sections.append(section)
        b.begin(section, chunk.stage)
        last = place == len(everything) - 1
        if detail == "stage":
            state = boxes.stage(b, how, chunk, state, first=place == 0, last=last)
            kept += [Holder(layers, name, tuple(state)) for layers in chunk.layers]
            continue
        state = _enter(b, how, state, first=place == 0)
        for layers in chunk.layers:
            b.layer = layer_name(layers, chunk)
            if detail == "layer":
                state, holders = boxes.layer(b, how, layers, state)
            else:
                state, holders = attention(b, how, state)
                state = (feed_forward.experts if layers.moe else feed_forward.dense)(b, how, state)
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


def _sizes(phase: Phase, facts: ModelFacts, how: Parallelism) -> Sizes:
    batch = Size.of(facts.batch, "B") / phase.degrees.dp
    whole = Size.of(1, "S") if how.decode else Size.of(facts.seq, "S")
    return Sizes(facts, batch, whole, whole / how.parts)


def _enter(b: Builder, how: Parallelism, state: State, *, first: bool) -> State:
    """Add what a stage begins with: the embedding of the first one, a receive, the split of the sequence."""
    sizes = b.sizes
    full = sizes.states(whole=True)
    if first:
        notes = [degrees_line(tp=how.tp)] if how.tp > 1 else []
        state = b.put("embed", state, sizes.tokens(whole=True), full, over=("tp",), notes=notes)
        state = reduced(b, how, state, "embed", whole=True)
    elif how.parts == 1:
        state = b.put("receive", state, how.stream(sizes), how.stream(sizes), over=how.each)
    if how.parts > 1:
        line = degrees_line(**{axis: b.ranks.length(axis) for axis in how.sequence})
        state = b.put("split", state, how.before_split(sizes), how.stream(sizes), over=how.whole, notes=[line])
    return state


def _leave(b: Builder, how: Parallelism, state: State) -> State:
    """Gather the sequence at the end of a stage, if it is split."""
    if how.parts == 1:
        return state
    line = degrees_line(**{axis: b.ranks.length(axis) for axis in how.sequence})
    return b.put("gather", state, how.stream(b.sizes), how.before_split(b.sizes), over=how.whole, notes=[line])


def _finish(b: Builder, how: Parallelism, state: State) -> State:
    """Add what the last stage ends with: norm, LM head, sampling."""
    sizes, tp = b.sizes, how.tp
    state = b.put("final_norm", state, how.before_split(sizes), how.before_split(sizes), over=how.whole)
    full = sizes.states(whole=True)
    if how.megatron:
        state = b.put("head_all_gather", state, how.before_split(sizes), full, notes=[degrees_line(sp=tp)])
    notes = [degrees_line(tp=tp)] if tp > 1 else []
    part = (*sizes.tokens(whole=True), ("vocab", str(sizes.vocab / tp)))
    logits = (*sizes.tokens(whole=True), ("vocab", str(sizes.vocab)))
    state = b.put("head", state, full, part, over=("tp",), notes=notes)
    if tp > 1:
        state = b.put("logits_all_gather", state, part, logits, notes=notes)
    return b.put("sampling", state, logits, (part[0], ("seq", "1")))
