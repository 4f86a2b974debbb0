"""P and T: whether the degrees divide the model, and whether labels agree with the declared model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.deployment import axes
from dotlint.deployment.shards import groups, one_layer_each
from dotlint.deployment.unit import Unit, phase_unit
from dotlint.engine.finding import Edit, Fix, Holds, Undecided
from dotlint.strategy.arithmetic import arithmetic
from dotlint.strategy.engines import engine_of
from dotlint.text.english import count, listed, the
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import FileContext, GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.strategy import Phase

_SUMS = {
    "heads": ("heads", "declare a TP that divides the number of heads"),
    "experts": ("experts per group", "declare an EP that divides the number of experts"),
    "expert-sequence": ("sequence parallelism with experts", ""),
    "sequence": ("tokens per sequence shard", "declare an SP that divides the sequence length"),
    "decode-context": ("decode context parallelism", "declare a DCP that divides the copies of key-value heads"),
    "layers": ("layers per stage", "declare at most as many stages as layers"),
    "widths": ("feed-forward widths", "declare a TP that divides the feed-forward width"),
    "batch": ("micro batches per replica", "declare a DP that divides the global batch"),
    "grid-mismatch": ("rank grids", "choose degrees and a number of GPUs that fit together"),
}


def sums(file: FileContext, card: Card) -> Iterator[Outcome]:
    """Report degrees of a phase that its engine refuses or warns of for the model, as the card selects.

    Without an engine, degrees must divide the heads, experts, tokens, layers and grids.
    """
    strategy = file.strategy
    if strategy is None or not file.is_deployment:
        return
    if card.check == "grid-mismatch" and not file.layout_certain:
        return
    subject, remedy = _SUMS[card.check]
    start, end = file.document.graphs[0].header
    decided = False
    for phase in strategy.phases:
        if phase.assumed:
            continue
        found = [one for one in arithmetic(phase, strategy.model) if one.check == card.check]
        decided = decided or bool(found)
        wrong = [one for one in found if not one.holds]
        prefix = f"{phase.name}: " if phase.name and len(strategy.phases) > 1 else ""
        if wrong:
            message = "; ".join(dict.fromkeys(one.message for one in wrong))
            help_ = "; ".join(filter(None, (remedy, *dict.fromkeys(one.advice for one in wrong))))
            yield card.finding(f"{prefix}{message}", start, end, about=phase_unit(phase.name), help=help_)
        elif found:
            yield Holds(card.section, subject, prefix + "; ".join(one.text for one in found))
    known = strategy.model.to_dict()
    asked = engine_of(strategy.layout.preset).asks.get(card.check, ())
    lacking = [fact for fact in (*card.model_facts, *asked) if fact not in known]
    if lacking and not decided:
        yield Undecided(
            card.section,
            subject,
            f"declare {listed([f'`{fact}`' for fact in lacking])} under [model] in a strategy file",
        )


# In the raw text of a label the `n` of an escaped line end may stand right before the word.
_TOP_K = regex(
    r"(?:(?<!(?-i:[A-Za-z0-9]))|(?<=\\[nlr]))top[\s_-]?k?[\s_]*[-=:]?\s*(?P<k>\d{1,3})(?![\d.]*\d|%|(?-i:[A-Za-z]))",
    re.IGNORECASE,
)
_ROUTED = ("gate", "route", "expert", "aggregate", "dispatch", "combine", "all-to-all", "mlp")


def _routes(reading: Reading) -> bool:
    """Return whether top-k in the label refers to experts rather than to the tokens that a sampler keeps."""
    words = " ".join((reading.name, *reading.evidence.lines)).lower()
    if reading.is_role("sampling", "head", "output", "softmax") or "sampl" in words or "vocab" in words:
        return False
    return reading.is_role(*_ROUTED) or any(word in words for word in ("expert", "gat", "rout", "moe"))


def top_k(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report labels whose top-k differs from the model's or exceeds its number of experts."""
    model = context.file.strategy.model if context.file.strategy else None
    if model is None or (model.top_k is None and model.experts is None):
        yield Undecided(card.section, "top-k", "declare `top_k` under [model] in a strategy file")
        return
    wrong: dict[int, int] = {}
    right = 0
    for reading in context.deployment.readings:
        stated = {int(m["k"]) for line in reading.evidence.lines for m in _TOP_K.finditer(line)}
        if len(stated) != 1 or not _routes(reading):
            continue
        k = stated.pop()
        if (model.top_k is not None and k != model.top_k) or (model.experts is not None and k > model.experts):
            wrong[reading.node.index] = k
        else:
            right += 1
    found = [r for r in context.deployment.readings if r.node.index in wrong]
    for unit, some in grouping.units(context.deployment, grouping.remaining_nodes(context, card, found)).items():
        stated = {wrong[r.node.index] for r in some}
        values = listed([f"top-{k}" for k in sorted(stated)])
        what = (
            f"the label of `{some[0].name}` states {values}"
            if len(some) == 1
            else f"{count(len(some), 'label')}{grouping.of_unit(unit)} state {values}"
        )
        over = model.top_k is None or stated == {model.top_k}
        fix = None if over else _top_k_fix(context, some, model.top_k or 0)
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            some,
            f"{what}, but the model has {f'only {model.experts} experts' if over else f'top-{model.top_k}'}",
            help="state a top-k of at most the number of experts"
            if over
            else f"write top-{model.top_k}, or declare the top-k that the graph shows",
            fix=fix,
            fixable=fix.applicability if fix else None,
        )
    if right and not wrong:
        usual = f"top-{model.top_k}" if model.top_k else "at most the number of experts"
        yield Holds(
            card.section,
            "top-k",
            f"{count(right, 'label states', 'labels state')} {usual}",
        )


def _top_k_fix(context: GraphContext, some: list[Reading], k: int) -> Fix | None:
    """Return a fix that writes the model's top-k into the nodes' own labels; None if a label is inherited."""
    text = context.file.document.text
    edits: list[Edit] = []
    for reading in some:
        span = reading.node.attribute_span("label")
        found = [m for m in _TOP_K.finditer(text, *span) if int(m["k"]) != k] if span else []
        if not found:
            return None
        edits += (Edit(*m.span("k"), str(k)) for m in found)
    unique = sorted(dict.fromkeys(edits), key=lambda edit: edit.start)
    return Fix("safe", tuple(unique), f"Write top-{k} in {the(len(some), 'label')}")


def token_flow(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report expert groups whose token count is neither batch · seq · k / EP nor one data or sequence rank's share."""
    model = context.file.strategy.model if context.file.strategy else None
    if model is None or None in (model.batch, model.seq, model.top_k):
        yield Undecided(
            card.section,
            "token flow",
            "declare `batch`, `seq` and `top_k` under [model] in a strategy file",
        )
        return
    assert model.batch is not None
    assert model.seq is not None
    assert model.top_k is not None
    fine = 0
    wrong: dict[Unit | None, tuple[Phase, int, list[Reading]]] = {}
    for group in groups(context.deployment, "expert"):
        phase = context.phase(group.phase)
        if phase is None or phase.degrees.ep < 2 or len(group.members) < 2:
            continue
        stated = _tokens(group.members)
        seq = 1 if group.phase == "decode" else model.seq
        if not stated or not one_layer_each(context.deployment, group):
            continue
        if stated <= _token_parts(phase, len(group.members), model.batch * seq * model.top_k):
            fine += 1
            continue
        unit = grouping.unit_of(context.deployment, group.members)
        wrong.setdefault(unit, (phase, seq, []))[2].extend(group.members)
    for unit, (phase, seq, members) in wrong.items():
        some = grouping.remaining_nodes(context, card, members)
        if not some:
            continue
        stated = _tokens(some)
        share = model.batch * seq * model.top_k / phase.degrees.ep
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            some,
            f"expert groups{grouping.of_unit(unit)} take {listed([str(n) for n in sorted(stated)])} tokens, "
            f"but batch · seq · k / EP is {model.batch} · {seq} · {model.top_k} / {phase.degrees.ep} = {share:g}",
            help=f"state {share:g} tokens, the share of each group if routing is even",
        )
    if fine and not wrong:
        text = count(fine, "set of expert groups takes an even share", "sets of expert groups take even shares")
        text += " of the routed tokens"
        yield Holds(card.section, "token flow", text)


def _tokens(readings: Iterable[Reading]) -> set[int]:
    """Return the numbers of tokens that labels state as input."""
    return {n for r in readings for d in r.evidence.tensors.inputs if (n := axes.tokens(d)) is not None}


def _token_parts(phase: Phase, drawn: int, total: int) -> set[int]:
    """Return every even share that a label may state: a group's or a drawn expert's, of all ranks or of one."""
    degrees = phase.degrees
    ranks = {1, degrees.dp, degrees.sp, degrees.cp, degrees.dp * degrees.sp, degrees.dp * degrees.cp}
    return {share for by in (degrees.ep, drawn) for rank in ranks if (share := round(total / (by * rank)))}


def heads_dims(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report labels whose head size is not the model's, or times the number of heads is not its hidden size."""
    model = context.file.strategy.model if context.file.strategy else None
    if model is None or model.heads is None or model.hidden is None:
        yield Undecided(card.section, "head size", "declare `heads` and `hidden` under [model] in a strategy file")
        return
    if model.is_latent:  # heads have a part with and one without positions, and values have a size of their own
        return
    whole = model.heads * model.head_dim if model.head_dim is not None else model.hidden
    width = f"{model.heads} · {model.head_dim} = {whole}" if model.head_dim is not None else f"the hidden size {whole}"
    wrong: dict[int, tuple[Reading, int]] = {}
    fine = 0
    for reading in context.deployment.operators:
        tensors = reading.evidence.tensors
        stated = [
            n for d in (*tensors.inputs, *tensors.outputs, *tensors.bare) if (n := axes.size(d, "head-dim")) is not None
        ]
        # Query, key and value may be fused (3·d_k), and the label may state the part of one tensor rank.
        phase = context.phase(reading.phase)
        shards = phase.degrees.tp if phase is not None else 1
        allowed = {whole, 3 * whole}
        odd = [n for n in stated if not {n * model.heads, n * model.heads * shards} & allowed]
        if odd:
            wrong[reading.node.index] = reading, odd[0]
        elif stated:
            fine += 1
    for unit, some in grouping.units(
        context.deployment, grouping.remaining_nodes(context, card, [r for r, _ in wrong.values()])
    ).items():
        size = wrong[some[0].node.index][1]
        sizes = listed([str(n) for n in sorted({wrong[r.node.index][1] for r in some})])
        one = len(some) == 1
        what = f"`{some[0].name}` states" if one else f"{count(len(some), 'label')}{grouping.of_unit(unit)} state"
        even = whole % model.heads == 0
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            some,
            f"{what} a head size of {sizes}, but {model.heads} heads · {size} is {model.heads * size}, not {width}",
            help=f"state a head size of {whole // model.heads}"
            if even
            else "declare heads and a hidden size that they divide",
        )
    if fine and not wrong:
        yield Holds(
            card.section,
            "head size",
            f"{count(fine, 'label states', 'labels state')} a head size that fits {width}",
        )
