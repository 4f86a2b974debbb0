"""T: how the role of an operator determines its dimensions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.deployment import axes
from dotlint.deployment.stated_dims import one_in_one_out
from dotlint.deployment.words import plain_words
from dotlint.engine.finding import Holds, Undecided
from dotlint.text.english import count
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.deployment.shapes import Dims
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome

_COMPOUND = regex(r"\s*(?:\+|&|/|,|;|\band\b|\bwith\b)\s*", re.IGNORECASE)


_ALSO = regex(r"\b(?:mlp|ffn|linear|proj\w*|attention|attn|qkv|head|split|gather|all-?reduce)\b", re.IGNORECASE)


def _has_one_role(context: GraphContext, reading: Reading) -> bool:
    """Return whether the title names one role only: `LayerNorm + QKV` and `Norm & Linear` do not."""
    vocabulary = context.deployment.vocabulary
    allowed = (
        {"norm", "residual"} if reading.is_role("norm", "residual") else {reading.role.name} if reading.role else set()
    )
    title = reading.evidence.title
    if reading.is_role("norm") and re.search(r"[+&/,]|\band\b", title) is None:
        # In `Post-Attention LayerNorm` the words before the norm are its position; words after it are other operators.
        return (
            _ALSO.search(re.split(r"norm|\bln", title, maxsplit=1, flags=re.IGNORECASE)[-1].partition("(")[0]) is None
        )
    for part in _COMPOUND.split(title):
        role = vocabulary.role(part)
        if role is not None and role.name not in allowed:
            return False
        if role is None and not set(plain_words(part).split()) <= vocabulary.annotation_words:
            return False
    return True


def _broken_rule(context: GraphContext, reading: Reading) -> str | None:
    """Return the rule of the role that the operator breaks; None if it breaks none or that cannot be decided."""
    role = reading.role.name if reading.role else ""
    tensors = reading.evidence.tensors
    if role in {"norm", "residual"}:
        return _preservation_error(reading)
    pair = one_in_one_out(reading)
    if pair is None:
        return None
    before, after = pair
    if role in {"sequence-split", "sequence-gather"}:
        return _sequence_error(context, reading, before, after)
    if role in {"all-gather", "reduce-scatter"} and len(tensors.inputs) == 1:
        return _axis_error(before, after, grows=role == "all-gather")
    if role == "qkv":
        return _feature_error(context, reading, before, after)
    if role == "gate":
        return _expert_error(context, reading, after)
    return None


def _preservation_error(reading: Reading) -> str | None:
    tensors = reading.evidence.tensors
    if len(tensors.outputs) != 1 or not tensors.inputs:
        return None
    changes = [axes.change(before, tensors.outputs[0]) for before in tensors.inputs]
    if any(found is None or not found.parts for found in changes):
        return None
    kind = "a norm" if reading.is_role("norm") else "a residual add"
    return f"{kind} preserves its dimensions"


def _sequence_error(context: GraphContext, reading: Reading, before: Dims, after: Dims) -> str | None:
    own, found = context.phase(reading.phase), axes.change(before, after)
    every = context.strategy.phases if context.strategy else ()
    # Whatever phase it is of, it divides by a degree of one of them.
    phases = [phase for phase in ([own] if own else every) if not phase.assumed]
    if found is None or not (found.parts or found.whole):
        return None
    split = reading.is_role("sequence-split")
    ways = {n for p in phases for n in (p.degrees.sp, p.degrees.cp, p.degrees.sp * p.degrees.cp)} - {1}
    ways |= {p.degrees.tp for p in phases if p.layout.sp == "megatron" or p.layout.preset is not None}
    if not ways:
        return None
    parts = [p for p in found.parts if p[0] == "seq"]
    fine = (
        len(found.parts) == 1
        and parts
        and any((a == b * n) if split else (b == a * n) for _, a, b in parts for n in ways)
    )
    if fine or (found.parts and not parts):
        return None
    sp = max(ways)
    return (
        f"a sequence split divides the sequence by SP={sp}"
        if split
        else f"a sequence gather multiplies the sequence by SP={sp}"
    )


def _axis_error(before: Dims, after: Dims, *, grows: bool) -> str | None:
    found = axes.change(before, after)
    if found is None or (not found.parts and (grows or not found.whole)):
        return None  # another rule reports an all-gather that changes nothing
    if len(found.parts) == 1:
        _, a, b = found.parts[0]
        small, large = (a, b) if grows else (b, a)
        if large > small and large % small == 0:
            return None
    return "an all-gather multiplies one axis" if grows else "a reduce-scatter divides one axis"


def _feature_error(context: GraphContext, reading: Reading, before: Dims, after: Dims) -> str | None:
    """Check that a QKV projection of H features outputs f·H/TP of them, where f is 1 (fewer KV heads) to 3.

    It is checked only if TP is declared and both sides state one hidden size: the heads need not add up to H.
    """
    phase = context.phase(reading.phase)
    taken, made = axes.size(before, "hidden"), axes.size(after, "hidden")
    if (
        phase is None
        or phase.assumed
        or "tp" not in phase.degrees.named
        or not taken
        or not made
        or {"heads", "head-dim"} & {*axes.axes(before), *axes.axes(after)}
    ):
        return None
    tp = phase.degrees.tp * (phase.degrees.sp if phase.layout.sp == "megatron" else 1)
    if taken <= made * tp and made <= 3 * taken * tp:
        return None
    return f"a QKV projection of {taken} features outputs {taken} to {3 * taken}" + (
        f", or 1/{tp} of them on each rank of TP={tp}" if tp > 1 else ""
    )


def _expert_error(context: GraphContext, reading: Reading, after: Dims) -> str | None:
    model = context.file.strategy.model if context.file.strategy else None
    stated, phase = axes.size(after, "experts"), context.phase(reading.phase)
    if model is None or model.experts is None or stated is None or phase is None:
        return None
    if stated in {model.experts, model.top_k, model.experts // phase.degrees.ep}:
        return None
    return f"a gate scores each of the model's {model.experts} experts"


def operators_with_wrong_dims(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report operators that change dimensions in a way that contradicts their role."""
    deployment = context.deployment
    wrong: dict[int, str] = {}
    known = (
        "norm",
        "residual",
        "sequence-split",
        "sequence-gather",
        "all-gather",
        "reduce-scatter",
        "qkv",
        "gate",
    )
    checked = 0
    for reading in deployment.operators:
        if not reading.is_role(*known) or reading.summary or not _has_one_role(context, reading):
            continue
        checked += bool(reading.evidence.tensors.inputs and reading.evidence.tensors.outputs)
        problem = _broken_rule(context, reading)
        if problem:
            wrong[reading.node.index] = problem
    for unit, some in grouping.units(
        deployment, grouping.remaining_nodes(context, card, [r for r in deployment.operators if r.node.index in wrong])
    ).items():
        first, problems = some[0].evidence.tensors, list(dict.fromkeys(wrong[r.node.index] for r in some))
        how = f"[{first.inputs[0].text}] to [{first.outputs[0].text}]"
        more = "" if len(some) == 1 else f"; also {count(len(some) - 1, 'more operator')}{grouping.of_unit(unit)}"
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            some,
            f"`{some[0].name}` changes dimensions from {how}, but {problems[0]}{more}",
            help="correct the dimensions: " + "; ".join(problems),
        )
    if checked and not wrong:
        text = count(
            checked,
            "operator transforms shapes as its role requires",
            "operators transform shapes as their roles require",
        )
        yield Holds(card.section, "dimensions by role", text)
    if context.strategy is None and any(r.is_role("sequence-split", "sequence-gather") for r in deployment.operators):
        yield Undecided(card.section, "sequence splits and gathers", "declare a strategy with `--strategy`")
