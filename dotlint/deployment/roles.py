"""The role of a node where a word has two meanings: the neighbors decide."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.deployment.model import Reading
    from dotlint.deployment.vocabulary import Role, Vocabulary

_OF_EXPERTS = {"moe", "expert", "experts", "router", "routing", "network", "gating", "top", "topk"}
_AFTER_MOE_GATE = (
    "expert", "shared-expert", "dispatch", "combine", "all-to-all", "route", "aggregate", "split",
)  # fmt: skip
_MAY_BE_LOCAL = {"reduce", "reduction", "归约", "规约"}
_ORDINAL = regex(r"(?<!(?-i:[A-Za-z]))(linear|fc|w)([0-9]+)(?![0-9])", re.IGNORECASE)
_MOST_ORDINALS = {"linear": 2, "fc": 2, "w": 3}


def settle_roles(readings: Sequence[Reading], vocabulary: Vocabulary) -> None:
    """Decide between the meanings of a word by the neighbors of the nodes, once for all nodes with the same title."""
    _settle_ordinals(readings, vocabulary)
    alike: dict[tuple[str, tuple[str, ...]], list[Reading]] = defaultdict(list)
    for reading in readings:
        if reading.is_role("gate", "aggregate", "all-reduce"):
            words = vocabulary.split(reading.evidence.title or reading.name)
            alike[reading.role.name if reading.role else "", words].append(reading)
    if not alike:
        return
    role_of = {r.node.index: r.role.name if r.role else "" for r in readings}
    dispatched = any(r.is_role("dispatch") for r in readings)
    for (role, words), some in alike.items():
        if role == "gate" and _OF_EXPERTS.isdisjoint(words) and _is_of_gated_mlp(some, role_of):
            _change(some, vocabulary.roles.get("mlp-up"), "it is beside the up projection of a gated MLP")
        elif role == "aggregate" and "combine" in words and dispatched and _returns_tokens(some, role_of):
            _change(some, vocabulary.roles.get("combine"), "it returns what the dispatch sent out")
        elif role == "all-reduce" and not _MAY_BE_LOCAL.isdisjoint(words):
            for reading in some:
                if _is_local(reading):
                    others = vocabulary.roles_of(reading.evidence.title or reading.name)[1:]
                    _change([reading], others[0] if others else None, "it reduces within one device")


def _change(some: Sequence[Reading], role: Role | None, why: str) -> None:
    for reading in some:
        reading.role = role
        reading.because(f"role {role.name if role else 'unknown'}: {why}")


def _is_of_gated_mlp(gates: Sequence[Reading], role_of: dict[int, str]) -> bool:
    """Return whether gates feed what the up projection feeds, and no expert or router."""
    found = 0
    for reading in gates:
        if any("expert" in key for dims in reading.evidence.tensors.outputs for key in dims.keys):
            return False
        heads = {edge.head.index for edge in reading.node.out_edges}
        if any(role_of[head] in _AFTER_MOE_GATE for head in heads):
            return False
        beside = {edge.tail.index for head in reading.node.out_edges for edge in head.head.in_edges}
        found += any(role_of[head] in {"activation", "mlp-down"} for head in heads) or any(
            role_of[other] == "mlp-up" for other in beside
        )
    return found > 0


def _returns_tokens(some: Sequence[Reading], role_of: dict[int, str]) -> bool:
    return any(role_of[edge.tail.index] == "expert" for reading in some for edge in reading.node.in_edges)


def _is_local(reading: Reading) -> bool:
    """Return whether a node reduces what one device has: it has one producer at most and is on one device at most."""
    placed = reading.evidence.gpus
    several = placed is not None and (placed.vague is not None or (placed.count or 0) > 1)
    several = several or (reading.gpus is not None and len(reading.gpus) > 1)
    return not several and len({edge.tail.index for edge in reading.node.in_edges}) < 2


def _settle_ordinals(readings: Sequence[Reading], vocabulary: Vocabulary) -> None:
    """Read `fc1` and `fc2` as the two projections of an MLP only if the file numbers no more of them."""
    numbers: dict[str, set[int]] = defaultdict(set)
    named: list[tuple[Reading, str]] = []
    for reading in readings:
        match = _ORDINAL.search(reading.evidence.title) or _ORDINAL.search(reading.name.replace("_", " "))
        if match is not None and len(match[2]) < 4:
            numbers[match[1].lower()].add(int(match[2]))
            if reading.is_role("mlp-up", "mlp-down"):
                named.append((reading, match[1].lower()))
    for reading, word in named:
        if not numbers[word] <= set(range(1, _MOST_ORDINALS[word] + 1)):
            _change([reading], vocabulary.roles.get("mlp"), f"`{word}` numbers more than the parts of an MLP")
