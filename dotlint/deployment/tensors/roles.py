"""What a node does to tensors: by its role, or by the roles that its title lists one after the other."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.deployment.tensors.placements import ANY, BITS, HEADS, HIDDEN, PARTIAL, SEQ
from dotlint.deployment.tensors.table import OperatorRule, operator_table
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.deployment.model import Reading
    from dotlint.deployment.vocabulary import Vocabulary

_IN_TURN = regex(r"\s*(?:\+|&|→|->|=>|\band\b|\bthen\b|\bwith\b|/(?=\s)|,)\s*", re.IGNORECASE)
_ASIDE = regex(r"\([^()]*\)|\[[^\[\]]*\]")
_WEIGHTED = regex(
    r"linear|gemm|matmul|dense|conv|proj", re.IGNORECASE, needs=("linear", "gemm", "matmul", "dense", "conv", "proj")
)


Known = dict[tuple[str, str, tuple[str, ...]], OperatorRule | None]
"""The rules of roles with titles, and with the lines below them that list several operators."""


def rule_of(reading: Reading, vocabulary: Vocabulary, known: Known) -> OperatorRule | None:
    """Return the rule of a node; None if what it does is not known. `known` keeps those of titles."""
    if reading.role is None or reading.summary:
        return None
    title, *lines = [line for line in reading.evidence.lines if "[" not in line] or [""]
    key = reading.role.name, title, tuple(line for line in lines if len(_listed(line)) > 1)
    if key not in known:
        known[key] = _rule(*key, vocabulary)
    return known[key]


@lru_cache(maxsize=4096)
def _listed(line: str) -> tuple[str, ...]:
    return tuple(_IN_TURN.split(line))


@lru_cache(maxsize=4096)
def _listed_in_title(title: str) -> tuple[str, ...]:
    return tuple(part for part in _IN_TURN.split(_ASIDE.sub(" ", title)) if part)


def listed_roles(title: str, vocabulary: Vocabulary) -> list[str]:
    """Return the roles that a title lists one after the other: `Gate + Dispatch`."""
    return [role.name for part in _listed_in_title(title) if (role := vocabulary.role(part)) is not None]


def _rule(role: str, title: str, lines: tuple[str, ...], vocabulary: Vocabulary) -> OperatorRule | None:
    rules = operator_table(vocabulary).rules
    parts = _listed_in_title(title)
    for line in lines:
        if all(vocabulary.role(part) for part in _listed(line)):
            parts = _listed(line)  # `QKV Proj + Attn + Output` below the title
    listed = [found.name for part in parts if (found := vocabulary.role(part)) is not None]
    if len(parts) > 1 and listed and any(not vocabulary.role(part) and _WEIGHTED.search(part) for part in parts):
        return OperatorRule(role)  # a product with weights of an unknown kind decides what it gives
    if len(set(listed)) < 2:
        aside = any(found.communicates for text in _ASIDE.findall(title) for found in vocabulary.roles_of(text))
        own = rules.get(role)
        if aside and listed and (own is None or own.collective is None or listed[0] != role):
            return OperatorRule(role, gives=dict.fromkeys(BITS.values(), ANY & ~PARTIAL))  # it communicates inside
        return own
    if "attention" in listed:
        listed = ["output-projection" if name == "output" else name for name in listed]
    chain = [rules.get(name) for name in dict.fromkeys(listed)]
    if any(rule is None or rule.collective is not None or rule.gives is None for rule in chain) or any(
        rule is not None and rule.joins == "alike" for rule in chain[1:]
    ):
        return None if None in chain else OperatorRule(role)
    whole, *rest = [rule for rule in chain if rule is not None]
    for rule in rest:
        whole = _in_turn(whole, rule)
    return whole if whole.gives else OperatorRule(role)


def _in_turn(first: OperatorRule, second: OperatorRule) -> OperatorRule:
    """Return the rule of two operators in one node, the first feeding the second."""
    assert first.gives is not None
    assert second.gives is not None
    gives: dict[int, int] = {}
    for bit, made in first.gives.items():
        given = 0
        for inner, outer in second.gives.items():
            if made & inner:
                given |= outer
        if given:
            gives[bit] = given
    return replace(first, gives=gives, weights=first.weights or second.weights)


def core_rule(rule: OperatorRule) -> OperatorRule:
    """Return the rule of an attention whose projections are nodes of their own: it gives what its query is, and no sum."""
    assert rule.gives is not None
    return replace(
        rule,
        gives={bit: given if bit == SEQ else HEADS if bit == HIDDEN else bit for bit, given in rule.gives.items()},
        weights=False,
    )
