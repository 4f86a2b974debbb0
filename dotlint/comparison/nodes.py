"""How nodes differ: those that only one graph has, and what the others state differently."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from dotlint.comparison.attributes import differing, line_style, meaning
from dotlint.comparison.changes import Single, unit_of
from dotlint.comparison.elements import RANKS, UNIT, lines_of, tokens
from dotlint.comparison.model import Item
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from dotlint.comparison.correspondence import Correspondence
    from dotlint.comparison.elements import Element
    from dotlint.comparison.model import Change, Section
    from dotlint.deployment.dims import Dims

_DIMENSIONS = regex(r"\[.*\d.*\]|^\s*(?:in|out)(?:put)?s?\b", re.IGNORECASE)
_SIDES = (("input", "inputs"), ("output", "outputs"), ("dimensions", "bare"))


def node_changes(
    found: Correspondence,
    edges: Mapping[int, int],
    others: Mapping[int, int],
    *,
    without: tuple[Collection[int], Collection[int]] = ((), ()),
) -> Iterator[Single]:
    """Yield the differences of nodes, those `without` aside.

    `edges` and `others` count the edges that are reported with a node that the other graph lacks.
    """
    grouped = (
        {index for some, _ in found.groups for index in some},
        {index for _, some in found.groups for index in some},
    )
    classes = found.classes()
    for one in found.first:
        if one.index in found.pairs:
            two = found.second[found.pairs[one.index]]
            yield from _of_pair(one, two)
        elif one.index not in grouped[0] and one.index not in without[0] and not one.is_header:
            yield _alone(one, "removed", edges.get(one.index, 0))
    for two in found.second:
        known = two.index in found.back or two.index in grouped[1] or two.index in without[1]
        if not known and not two.is_header:
            yield _alone(two, "added", others.get(two.index, 0))
    for some, more in found.groups:
        first, second = [found.first[i] for i in some], [found.second[i] for i in more]
        yield from _of_group(first, second, edges, others)
        yield from _rewired(first, second, classes)


def section_of(one: Element) -> Section:
    """Return the section that reports that a node is added or removed."""
    return "nodes" if one.reading is None else "communication" if one.communicates else "operators"


def _alone(one: Element, change: Change, edges: int, *, undecided: bool = False) -> Single:
    names = (one.name,)
    before, after = (names, None) if change == "removed" else (None, names)
    what = one.title if one.reading is not None else ""
    return Single(section_of(one), change, what, Item(before, after, unit_of(one), edges), undecided=undecided)


def _of_pair(one: Element, two: Element) -> Iterator[Single]:
    item = Item((one.name,), (two.name,), unit_of(one) or unit_of(two))
    what = two.title if two.reading is not None else ""
    for section, name, was, now in fields(one, two):
        yield Single(section, "changed", what if name != "role" else "", item, name, was, now)


def fields(one: Element, two: Element) -> Iterator[tuple[Section, str, str, str]]:
    """Yield the section, name and both values of what two nodes that correspond state differently."""
    plain = one.reading is None
    if plain:
        if one.label != two.label:
            yield "labels", "label", " ".join(lines_of(one.node)), " ".join(lines_of(two.node))
        elif not one.label and one.name != two.name:  # the name is what is drawn
            yield "labels", "name", one.name, two.name
        if (was := line_style(one.node.attributes)) != (now := line_style(two.node.attributes)):
            yield "attributes", "style", was, now
    else:
        if not same_text(one, two):
            yield from _meanings(one, two)
        yield from _shapes(one, two)
        if one.label != two.label:
            yield from _other_lines(one, two)
    was_stated, now_stated = (meaning(each.node.attributes, plain=plain) for each in (one, two))
    for name, was, now in differing(was_stated, now_stated):
        yield "attributes", name, was, now


def same_text(one: Element, two: Element) -> bool:
    """Return whether the label and clusters of two nodes are the same; a name counts only if it is the label.

    What is then read differently is due to names, or to other nodes.
    """
    return one.label == two.label and (bool(one.label) or one.name == two.name) and one.clusters == two.clusters


def _meanings(one: Element, two: Element) -> Iterator[tuple[Section, str, str, str]]:
    if one.role != two.role:
        section: Section = "communication" if one.communicates or two.communicates else "operators"
        yield section, "role", one.title.strip(), two.title.strip()
    units = unit_of(one), unit_of(two)
    for name in (*UNIT, *RANKS[:-1]):
        own, other = one.facts[name], two.facts[name]
        # Ranks mostly follow from names; what a new name no longer states is not gone.
        if own == other or ((own is None or other is None) and (name in RANKS or one.name != two.name)):
            continue
        was, now = (
            unit.get(name) if name in UNIT else side.stated[name] for side, unit in zip((one, two), units, strict=True)
        )
        yield "operators", name, _text(was), _text(now)
    if one.stated["GPUs"] != two.stated["GPUs"]:
        yield "devices", "GPUs", _text(one.stated["GPUs"]), _text(two.stated["GPUs"])


def _shapes(one: Element, two: Element) -> Iterator[tuple[Section, str, str, str]]:
    assert one.reading is not None
    assert two.reading is not None
    stated = (side.stated["tensors"] or ((), (), ()) for side in (one, two))
    for (title, name), own, other in zip(_SIDES, *stated, strict=True):
        if own != other:
            mine, theirs = (getattr(r.evidence.tensors, name) for r in (one.reading, two.reading))
            yield "shapes", title, _dims(mine), _dims(theirs)


def _dims(stated: Sequence[Dims]) -> str:
    return ", ".join(
        f"{'/'.join(dims.names) + ': ' if dims.names else ''}{f'{dims.count} × ' if dims.count > 1 else ''}[{dims.text}]"
        for dims in stated
    )


def _other_lines(one: Element, two: Element) -> Iterator[tuple[Section, str, str, str]]:
    """Yield what the labels state besides devices, dimensions and the title of a role: other words or numbers."""
    own, other = _rest(one), _rest(two)
    was, now = ([tokens(line) for line in lines] for lines in (own, other))
    if was != now:
        yield "labels", "text", _joined(own, now), _joined(other, was)


def _rest(one: Element) -> list[str]:
    """Return the lines of a label of which nothing else was read; of a title with a role, only its numbers count."""
    assert one.deployment is not None
    lines = lines_of(one.node)
    read = one.deployment.vocabulary.devices.read
    rest = [line for line in lines[1:] if not _DIMENSIONS.search(line) and read([line]) is None]
    return rest if one.role else [*lines[:1], *rest]


def _joined(lines: Iterable[str], others: Sequence[tuple[str, ...]]) -> str:
    return ", ".join(line for line in lines if tokens(line) not in others)


def _text(value: object) -> str:
    """Return a fact in words; "" if it is not stated."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return "-".join(dict.fromkeys(map(str, value)))
    return str(value)


def _of_group(
    some: Sequence[Element], others: Sequence[Element], edges: Mapping[int, int], more: Mapping[int, int]
) -> Iterator[Single]:
    """Yield how alike nodes differ as a whole."""
    facts: tuple[Callable[[Element], object], ...] = (
        lambda one: one.label,
        lambda one: (one.stated.get("GPUs"), one.stated.get("tensors")),
    )
    left, right = list(some), list(others)
    for fact in facts:
        left, right = _without_equal(left, right, fact)
    for one, two in zip(left, right, strict=False):
        item = Item((one.name,), (two.name,), unit_of(one))
        for section, name, was, now in fields(one, two):
            if section in {"devices", "shapes", "labels"}:
                yield Single(section, "changed", two.title, item, name, was, now, undecided=True)
    for one in left[len(right) :]:
        if one.is_header:
            continue
        yield _alone(one, "removed", edges.get(one.index, 0), undecided=True)
    for two in right[len(left) :]:
        if two.is_header:
            continue
        yield _alone(two, "added", more.get(two.index, 0), undecided=True)


def _rewired(
    some: Sequence[Element], others: Sequence[Element], classes: tuple[Sequence[object], Sequence[object]]
) -> Iterator[Single]:
    """Yield the alike nodes that share out the same edges differently, so that the groups do not correspond."""

    def near(one: Element, side: int) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(sorted(repr(classes[side][index]) for index in ends)) for ends in (one.outs, one.ins))

    left = Counter(near(one, 0) for one in some)
    right = Counter(near(two, 1) for two in others)
    if left == right or _all_ends(left) != _all_ends(right):
        return
    one = some[0]
    item = Item(tuple(each.name for each in some), tuple(each.name for each in others), unit_of(one))
    for _ in range((left - right).total()):
        yield Single(section_of(one), "changed", one.title if one.reading else "", item, "edges", undecided=True)


def _all_ends(found: Counter[tuple[tuple[str, ...], ...]]) -> list[Counter[str]]:
    sides: list[Counter[str]] = [Counter(), Counter()]
    for ends, number in found.items():
        for side, names in zip(sides, ends, strict=True):
            for name in names:
                side[name] += number
    return sides


def _without_equal(
    some: Sequence[Element], others: Sequence[Element], fact: Callable[[Element], object]
) -> tuple[list[Element], list[Element]]:
    """Return the nodes without those of which both sides have equally many."""
    common = Counter(map(fact, some)) & Counter(map(fact, others))
    return _drop(some, fact, common), _drop(others, fact, common)


def _drop(some: Iterable[Element], fact: Callable[[Element], object], common: Counter[object]) -> list[Element]:
    waiting = Counter(common)
    left = []
    for one in some:
        if waiting[fact(one)] > 0:
            waiting[fact(one)] -= 1
        else:
            left.append(one)
    return left
