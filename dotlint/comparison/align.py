"""Make the facts of two graphs comparable: numbers with one base, and only facts that both of them state."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.comparison.elements import Element

_COUNTED: Final = ("replica", "micro-batch", "step", "tensor rank")
_STATED: Final = 0.1  # below this part of the nodes that have a fact in the other graph, a graph does not state it


def align(first: Sequence[Element], second: Sequence[Element]) -> None:
    """Set what elements are matched by; what they state themselves is not changed.

    Graphs that share most names also share their numbers.
    """
    _phases(first, second)
    names = [{one.name for one in side} for side in (first, second)]
    strangers = 2 * len(names[0] & names[1]) < min(map(len, names))
    for name in ("layer", *_COUNTED):
        _count_from_zero(first, second, name, strangers=strangers)
    _drop_unshared(first, second, ("stage", "layer", *_COUNTED, "experts", "GPUs", "tensors"))
    titles = [_by_title(side) for side in (first, second)]
    for title in titles[0].keys() & titles[1].keys():
        _drop_unshared(titles[0][title], titles[1][title], ("stage", "layer", *_COUNTED, "experts"))


def _by_title(side: Sequence[Element]) -> dict[str, list[Element]]:
    found: dict[str, list[Element]] = defaultdict(list)
    for one in side:
        found[one.title].append(one)
    return found


def _drop_unshared(first: Sequence[Element], second: Sequence[Element], names: Iterable[str]) -> None:
    """Let no node have the facts that only the nodes of one side state."""
    for name in names:
        if not _both_state(first, second, name):
            for one in (*first, *second):
                one.facts[name] = None


def _phases(first: Sequence[Element], second: Sequence[Element]) -> None:
    """Call the only phase of a graph that names none as the other graph calls its first."""
    phases = [{one.facts["phase"] for one in side} - {None} for side in (first, second)]
    for own, other, side in ((phases[0], phases[1], second), (phases[1], phases[0], first)):
        if other == {""} and own and "" not in own:
            name = "prefill" if "prefill" in own else min(map(str, own))
            for one in side:
                one.facts["phase"] = name if one.facts["phase"] == "" else one.facts["phase"]


def _count_from_zero(first: Sequence[Element], second: Sequence[Element], name: str, *, strangers: bool) -> None:
    """Let numbers begin with 0 where one graph counts from 0 and the other from 1, if more nodes then agree."""
    numbered = [[one for one in side if one.facts[name] is not None] for side in (first, second)]
    lowest = [min((one.facts[name] for one in side), default=None) for side in numbered]
    if not strangers or set(lowest) != {0, 1}:
        return
    later, other = numbered if lowest[0] else numbered[::-1]
    known = Counter((one.title, one.facts[name]) for one in other)
    as_they_are, shifted = (
        (Counter((one.title, one.facts[name] - shift) for one in later) & known).total() for shift in (0, 1)
    )
    if shifted > as_they_are:
        for one in later:
            one.facts[name] -= 1


def _both_state(first: Sequence[Element], second: Sequence[Element], name: str) -> bool:
    shares = [sum(one.facts[name] is not None for one in side) / max(1, len(side)) for side in (first, second)]
    return min(shares) >= _STATED * max(shares)
