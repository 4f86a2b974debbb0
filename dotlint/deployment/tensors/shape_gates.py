"""What a gate gives: a score for each expert, or where it chooses too, the chosen ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.deployment import axes
from dotlint.deployment.tensors.shape_rules import phase_of
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.shapes import Dims
    from dotlint.strategy import ModelFacts, Strategy

_CHOOSES = regex(
    r"top[\s_-]?k|top[\s_-]?\d|choos|choice|select|rout(?:e|ing)|assign|dispatch|路由|选择",
    re.IGNORECASE,
    needs=("top", "choo", "choi", "select", "rout", "assign", "dispatch", "路由", "选择"),
)
_PICKS = regex(r"top[\s_-]?k|top[\s_-]?\d|choos|select|选择", re.IGNORECASE, needs=("top", "choo", "select", "选择"))
_TOP_K = regex(r"top[\s_-]?(?:k\s?[=:]?\s?)?(\d{1,3})(?!\d)", re.IGNORECASE, needs=("top",))
_COUNT = regex(r"(?<![\w.-])(?:of\s)?(\d{1,4})\s?(?:routed\s)?experts\b", re.IGNORECASE, needs=("experts",))
_DRAWN = "that are drawn"


def gate_error(
    deployment: Deployment,
    strategy: Strategy | None,
    model: ModelFacts | None,
    reading: Reading,
    pair: tuple[Dims, Dims],
) -> str | None:
    """Return what is wrong with the number of experts that a gate gives; None if it fits or cannot be decided."""
    before, after = pair
    stated = _scores(before, after)
    experts, source = _experts(deployment, model, reading)
    if stated is None or experts is None or stated == experts:
        return None
    phase = phase_of(strategy, reading)
    named = axes.size(after, "experts") is not None
    if phase is not None and stated * phase.degrees.ep == experts:
        return None
    lines = " ".join(reading.evidence.lines)
    chosen = {model.top_k} if model is not None else set()
    chosen |= {int(k) for line in reading.evidence.lines for k in _TOP_K.findall(line)}
    behind = [deployment.readings[e.head.index] for e in reading.node.out_edges]
    own = _PICKS.search(lines) is not None
    chooser = next(
        (r for r in behind if r.kind in {None, "routing"} and _PICKS.search(r.evidence.title) and not own), None
    )
    if chooser is not None:
        chosen |= {int(k) for line in chooser.evidence.lines for k in _TOP_K.findall(line)}
        if stated in chosen:
            return f"a gate scores each of the {experts} experts {source}, of which `{chooser.name}` chooses {stated}"
    elif stated in chosen or (_CHOOSES.search(lines) and not named):
        return None  # the gate may choose too
    if source == _DRAWN and (stated > experts or experts % stated == 0):
        return None  # one node may stand for several experts, and a rank may score its own
    if not named and stated == 1:
        return None  # the weight of a shared expert
    return f"a gate scores each of the {experts} experts {source}"


def _scores(before: Dims, after: Dims) -> int | None:
    """Return the number of scores for a token: the axis that names experts, or the last of an unnamed list."""
    stated = axes.size(after, "experts")
    if stated is not None or any(axes.axes(after)) or len(before.values) != len(after.values):
        return stated
    *kept, last = after.sizes
    *given, width = before.sizes
    return last if kept == given and last is not None and width is not None and last < width else None


def _experts(deployment: Deployment, model: ModelFacts | None, reading: Reading) -> tuple[int | None, str]:
    """Return the number of experts of a gate, with what states it: the model, its label, or the experts that are drawn."""
    if model is not None and model.experts is not None:
        return model.experts, "of the model"
    stated = {int(n) for line in reading.evidence.lines for n in _COUNT.findall(line) if "[" not in line}
    if stated:
        return (stated.pop() if len(stated) == 1 else None), "that its label states"
    drawn = deployment.derived(_drawn_experts).get((reading.phase, reading.layer))
    return drawn, _DRAWN


def _drawn_experts(deployment: Deployment) -> dict[tuple[str | None, int | None], int | None]:
    """Return the number of experts of each layer of a phase, if they are drawn from the first to the last."""
    found: dict[tuple[str | None, int | None], set[int]] = {}
    for reading in deployment.operators:
        connected = reading.node.in_edges and reading.node.out_edges
        if connected and reading.is_role("expert") and reading.experts is not None and not reading.summary:
            low, high = reading.experts
            found.setdefault((reading.phase, reading.layer), set()).update(range(low, min(high, low + 4096) + 1))
    return {
        key: len(numbers)
        if len(numbers) > 1 and max(numbers) - min(numbers) + 1 == len(numbers) and min(numbers) < 2
        else None
        for key, numbers in found.items()
    }
