"""What the role of an operator states about the shapes in its label, and by what sizes may differ."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import combinations
from math import prod
from typing import TYPE_CHECKING

from dotlint.deployment.shards import SHARDED, groups
from dotlint.deployment.tensors.table import ShapeRule, operator_table
from dotlint.deployment.words import plain_words
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.strategy import Phase, Strategy
    from dotlint.strategy.degrees import Degrees

_NONE = ShapeRule()
_OPEN = {"io", "routing", "communication", "memory", "annotation"}
# What divides the features of a tensor; the other axes of the mesh divide tokens, experts or layers.
_OF_FEATURES = ("tp", "sp", "etp", "cp", "dcp")
_STATED_WAYS = regex(r"\b(?:(?-i:[A-Za-z])*tp|sp|cp)\W{0,3}(\d+)|(\d+)[ -]?way|[/÷](\d+)\b", re.IGNORECASE)
_LATENT = regex(
    r"latent|(?<!(?-i:[A-Za-z]))mla(?!(?-i:[A-Za-z]))|(?<!(?-i:[A-Za-z]))(?:kv|q)[ _-]?(?:a|b|down|up|lora|compress\w*)(?!(?-i:[A-Za-z]))",
    re.IGNORECASE,
)
_COMPOUND = regex(r"\s*(?:\+|&|/|,|;|\band\b|\bwith\b)\s*", re.IGNORECASE)
_ALSO = regex(r"\b(?:mlp|ffn|linear|proj\w*|attention|attn|qkv|head|split|gather|all-?reduce)\b", re.IGNORECASE)


def has_latent(deployment: Deployment) -> bool:
    """Return whether an attention of the graph projects a latent vector, so that its heads have several sizes."""
    return deployment.derived(_has_latent)


def _has_latent(deployment: Deployment) -> bool:
    return any(_LATENT.search(f"{r.evidence.title} {r.name}") for r in deployment.operators)


def shape_rule(deployment: Deployment, reading: Reading) -> ShapeRule:
    """Return the rule of the operator's role; one without statements if the role is unknown."""
    if reading.role is None:
        return _NONE
    found = operator_table(deployment.vocabulary).rules.get(reading.role.name)
    return found.shape if found else _NONE


def takes(deployment: Deployment, reading: Reading) -> str:
    """Return whether the operator states `all` of what its producer makes, or `part` of it, or `nothing`."""
    return _states(reading, shape_rule(deployment, reading).takes)


def makes(deployment: Deployment, reading: Reading) -> str:
    """Return whether the operator states `all` of what its consumer takes, or `part` of it, or `nothing`."""
    return _states(reading, shape_rule(deployment, reading).makes)


def _states(reading: Reading, stated: str | None) -> str:
    if reading.role is None:
        return "part"
    return stated or ("nothing" if reading.kind in _OPEN or reading.role.communicates else "all")


def has_one_role(deployment: Deployment, reading: Reading) -> bool:
    """Return whether the title names one role only: `LayerNorm + QKV` and `Norm & Linear` do not."""
    vocabulary = deployment.vocabulary
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


def phase_of(strategy: Strategy | None, reading: Reading) -> Phase | None:
    """Return the declared phase of an operator; None if it is not declared or not known."""
    return strategy.phase(reading.phase) if strategy is not None and reading.phase is not None else None


def declared_symbols(strategy: Strategy | None, reading: Reading) -> tuple[tuple[str, int], ...]:
    """Return the declared degrees of the operator's phase by the symbol that labels write for them."""
    phase = phase_of(strategy, reading)
    return tuple((axis, phase.degrees.get(axis)) for axis in ("tp", "sp", "cp", "ep", "dp")) if phase else ()


def ways(degrees: Degrees) -> set[int]:
    """Return by what the degrees of a phase may divide an axis."""
    return {
        degrees.tp,
        degrees.sp,
        degrees.cp,
        degrees.ep,
        degrees.dp,
        degrees.tp * degrees.sp,
        degrees.tp * degrees.dp,
    }


def feature_ways(deployment: Deployment, strategy: Strategy | None) -> frozenset[int]:
    """Return by what the features of a tensor may be divided, by the declared degrees or those that the graph shows."""
    if strategy is not None:
        return _products(frozenset(p.degrees.get(axis) for p in strategy.phases for axis in _OF_FEATURES))
    return deployment.derived(_visible_ways)


def _visible_ways(deployment: Deployment) -> frozenset[int]:
    """Return the numbers of shards that are drawn, and the degrees that labels name, with their products."""
    found = {n for group in groups(deployment, *SHARDED) for n in (len(group.members), *group.ranks())}
    texts = [
        str(deployment.graph.name),
        deployment.graph.label,
        *(s.own_attributes.get("label", "") for s in deployment.graph.subgraphs),
    ]
    texts += [line for reading in deployment.readings for line in reading.evidence.lines]
    for text in texts:
        for degree, *others in _STATED_WAYS.findall(text):
            found |= {int(n) for n in others if n and len(n) < 6}
            if degree and len(degree) < 6:  # `TP=8`, or the last of `TP0-TP7`
                found |= {int(degree), int(degree) + 1}
    return _products(frozenset(found))


@lru_cache(maxsize=64)
def _products(numbers: frozenset[int]) -> frozenset[int]:
    some = sorted(n for n in numbers if n > 1)[:16]
    return frozenset({1, *some, *(prod(two) for two in combinations(some, 2))})


def explained(
    deployment: Deployment, strategy: Strategy | None, ends: tuple[Reading, ...], large: int, small: int
) -> bool:
    """Return whether features may be divided on their way: among shards, consumers, producers or GPUs."""
    if large % small:
        return False
    ratio = large // small
    fans = {len(ends[0].node.out_edges), len(ends[-1].node.in_edges), *(len(end.gpus or ()) for end in ends)}
    return ratio in fans or ratio in feature_ways(deployment, strategy)
