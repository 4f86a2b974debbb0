"""Name a new collective as the file names its others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.deployment.patterns.renumber import with_numbers
from dotlint.deployment.words import name_parts, number_spans
from dotlint.edits.planned_nodes import moved_name
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.deployment.model import Deployment, Reading

_RANK = regex(
    r"(?:[_\-.](?:gpu|tp|rank|r|t|shard|device|dev|g|part)|(?<=[a-z])(?:GPU|Gpu|TP|Rank|Shard|Device))?[_\-.]?$|^(?:gpu|tp|rank|r|t|g)[_\-.]?$"
)
_KIND_WORDS = {
    "all-reduce": regex(r"(?i)all[_\-]?reduce|(?-i:(?<![A-Za-z])(?:ar|AR)(?![a-z]))"),
    "all-gather": regex(r"(?i)all[_\-]?gather|(?-i:(?<![A-Za-z])(?:ag|AG)(?![a-z]))|gather"),
}


def new_name(
    deployment: Deployment,
    kind: str,
    exemplar: Reading,
    before: Sequence[Reading],
    level: int,
    tails: Sequence[Reading],
    rank: int | None,
) -> str:
    """Return the name of a collective behind `tails`, or behind the `rank`-th of them, which may be taken.

    `exemplar` stands behind `before`; for its `level`, see `dotlint.edits.collectives.Exemplar`.
    """
    first = tails[rank or 0]
    name = first.evidence.name
    if level == 0:
        old = next(r for r in before if r.evidence.name.family == name.family).evidence.name
        steps = {word: (a, b) for word, a, b in zip(old.words, old.numbers, name.numbers, strict=True)}
        changed = {i: (a, b) for i, (a, b) in enumerate(zip(old.numbers, name.numbers, strict=True)) if a != b}
        return moved_name(exemplar, steps, changed)
    if (
        name.numbers
        and sum(r.evidence.name.family == name.family for r in deployment.operators) > len(deployment.operators) // 2
        and len({r.role for r in deployment.operators if r.evidence.name.family == name.family}) > 1
    ):
        numbers = [r.evidence.name.numbers[-1] for r in deployment.operators if r.evidence.name.family == name.family]
        return with_numbers(first.name, [*name.numbers[:-1], max(numbers) + 1 + (rank or 0)])  # names that say nothing
    stem, ending = _without_rank(first, tails)
    return f"{stem}{_word(kind, exemplar, level, stem)}{ending if rank is not None else ''}"


def _without_rank(first: Reading, tails: Sequence[Reading]) -> tuple[str, str]:
    """Return the part of the name that all producers share, and how the rank is written behind it."""
    if len(tails) == 1:
        return first.name, ""
    rows = [r.evidence.name.numbers for r in tails]
    if len({r.evidence.name.family for r in tails}) > 1:
        return first.name, ""
    varying = [i for i, column in enumerate(zip(*rows, strict=True)) if len(set(column)) > 1]
    if not varying:
        return first.name, ""
    start, end = number_spans(first.name)[varying[-1]]
    found = _RANK.search(first.name, 0, start)
    head = first.name[: found.start()] if found else first.name[:start]
    if not head:
        return first.name[end:].lstrip("_-."), f"_{first.name[:end]}"
    return head + first.name[end:], first.name[len(head) : end]


def _word(kind: str, exemplar: Reading, level: int, stem: str) -> str:
    """Return the word for the collective, with what separates it from the name before."""
    found = _KIND_WORDS[kind].search(exemplar.name) if level < 3 else None
    parts = name_parts(stem)
    camel = "_" not in stem and "-" not in stem and any(p[:1].isupper() for p in parts)
    plain = kind.title().replace("-", "") if camel else kind.replace("-", "")
    written = found[0] if found else plain
    return written if camel else f"{'-' if '-' in stem and '_' not in stem else '_'}{written}"
