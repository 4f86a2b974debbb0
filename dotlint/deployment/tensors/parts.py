"""What a node does to tensors, by its role and by the parts of the same block beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.deployment.axes import axes
from dotlint.deployment.tensors.roles import Known, core_rule, rule_of
from dotlint.deployment.tensors.table import operator_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.tensors.table import OperatorRule

_PARTS = ("residual", "output-projection", "mlp-down", "mlp-up")


def node_rule(deployment: Deployment, reading: Reading, known: Known) -> OperatorRule | None:
    """Return the rule of a node. Beside parts of the same block, the word for the whole block means the rest of it.

    Attention between its projections is only the computation; an MLP before or behind an activation is one projection.
    """
    rule = rule_of(reading, deployment.vocabulary, known)
    rules = operator_table(deployment.vocabulary).rules
    if reading.is_role("output") and reading.node.out_edges:
        # The output of a part, whatever that does, unless it makes logits.
        logits = any("vocab" in axes(dims) for dims in reading.evidence.tensors.outputs)
        return rules.get("head") if logits else None
    if reading.role is None and not reading.summary:
        return rules.get(_part(deployment, reading))
    if rule is None or rule.role not in {"attention", "mlp"} or rule is not rules.get(rule.role):
        return rule
    before, behind = _roles(_before(deployment, reading)), _roles(_behind(deployment, reading))
    if rule.role == "attention":
        return core_rule(rule) if "output-projection" in behind else rule
    if behind & {"activation", "mlp-down", "mlp"}:
        return rules["mlp-up"]
    return rules["mlp-down"] if before & {"activation", "mlp-up", "mlp"} else rule


def _part(deployment: Deployment, reading: Reading) -> str:
    """Return the role of a node whose word alone means nothing, such as `Dense`, by its neighbors; "" if they show none."""
    words, rules = _words(deployment, reading), operator_table(deployment.vocabulary).rules
    meant = {role for role in _PARTS if not words.isdisjoint(rules[role].words)}
    if "residual" in meant and len(reading.node.in_edges) > 1:
        return "residual"
    before, behind = _before(deployment, reading), _behind(deployment, reading)
    if "output-projection" in meant and before and all(r.is_role("attention") for r in before):
        return "output-projection"
    up, down = rules["mlp-up"].words, rules["mlp-down"].words
    if "mlp-down" in meant and (_roles(before) & {"activation", "mlp-up"} or _have_words(deployment, before, up)):
        return "mlp-down"
    if "mlp-up" in meant and (_roles(behind) & {"activation", "mlp-down"} or _have_words(deployment, behind, down)):
        return "mlp-up"
    return ""


def _words(deployment: Deployment, reading: Reading) -> set[str]:
    return set(deployment.vocabulary.split(reading.evidence.title or reading.name))


def _have_words(deployment: Deployment, readings: Iterable[Reading], words: Iterable[str]) -> bool:
    return any(not _words(deployment, r).isdisjoint(words) for r in readings)


def _before(deployment: Deployment, reading: Reading) -> list[Reading]:
    return [deployment.readings[edge.tail.index] for edge in reading.node.in_edges]


def _behind(deployment: Deployment, reading: Reading) -> list[Reading]:
    return [deployment.readings[edge.head.index] for edge in reading.node.out_edges]


def _roles(readings: Iterable[Reading]) -> set[str]:
    return {r.role.name for r in readings if r.role is not None}
