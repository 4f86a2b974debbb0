"""Name a new collective as the file names its others."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dotlint.deployment.patterns.renumber import with_numbers
from dotlint.deployment.words import name_parts, number_spans
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.deployment.model import Deployment, Reading

_RANKS = "gpu|tp|rank|tp_?rank|r|t|shard|device|dev|g|part"
_RANK = regex(
    rf"(?:[_\-. ](?i:{_RANKS})|(?<=[a-z0-9])(?:GPU|Gpu|TP|Tp|Rank|Shard|Device))?[_\-. ]?$|^(?i:{_RANKS})[_\-. ]?$"
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
    if name.numbers and (counted := deployment.derived(_counted)) and name.family == counted[0]:
        return with_numbers(first.name, [*name.numbers[:-1], counted[1] + 1 + (rank or 0)])
    if level == 0:
        return _moved(exemplar, before, tails, rank)
    stem, ending = _without_rank(first, tails)
    return f"{stem}{_word(kind, exemplar, level, stem)}{ending if rank is not None else ''}"


def _counted(deployment: Deployment) -> tuple[str, int] | None:
    """Return the family of names that only count the nodes, with the last number; None if the names mean more."""
    families = Counter(r.evidence.name.family for r in deployment.operators)
    for family, number in families.most_common(1):
        some = [r for r in deployment.operators if r.evidence.name.family == family]
        if 2 * number > len(deployment.operators) and len({r.role for r in some}) > 1:
            return family, max(r.evidence.name.numbers[-1] if r.evidence.name.numbers else 0 for r in some)
    return None


def _moved(exemplar: Reading, before: Sequence[Reading], tails: Sequence[Reading], rank: int | None) -> str:
    """Return the exemplar's name with its numbers moved as those of its producers are.

    A number moves with those after the same word. Where no word is shared, it moves with the numbers at its place if
    it continues them: the collective behind 40 and 41 is 42.
    """
    first = tails[rank or 0].evidence.name
    alike = [r.evidence.name for r in before if r.evidence.name.family == first.family]
    old = alike[rank or 0] if len(alike) == len(tails) else alike[0]
    steps = {word: b - a for word, a, b in zip(old.words, old.numbers, first.numbers, strict=True)}
    own = exemplar.evidence.name
    worded = any(word in steps for word in own.words)
    numbers = list(own.numbers)
    for index, (word, number) in enumerate(zip(own.words, own.numbers, strict=True)):
        if word in steps:
            numbers[index] += steps[word]
        elif not worded and index < len(first.numbers) and any(abs(number - n.numbers[index]) <= 1 for n in alike):
            numbers[index] += first.numbers[index] - old.numbers[index]
    return with_numbers(exemplar.name, [max(number, 0) for number in numbers])


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
        return first.name[end:].lstrip("_-. "), f"_{first.name[:end]}"
    return head + first.name[end:], first.name[len(head) : end]


def _word(kind: str, exemplar: Reading, level: int, stem: str) -> str:
    """Return the word for the collective, with what separates it from the name before."""
    found = _KIND_WORDS[kind].search(exemplar.name) if level < 3 else None
    words = [part for part in name_parts(stem) if not part.isdigit()]
    apart = next((mark for mark in "_-. " if mark in stem), "")
    written = found[0] if found else kind.replace("-", "")
    if words and not found and all(word.isupper() for word in words):
        written = written.upper()
    elif words and not found and all(word[:1].isupper() for word in words):
        written = kind.title().replace("-", "")
    return written if not apart and written[:1].isupper() else f"{apart or '_'}{written}"
