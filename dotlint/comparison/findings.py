"""Which findings are fixed, which are new, and which are still there."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.comparison.model import FindingChanges, StillThere

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from dotlint.engine.finding import Finding

    Classes = Mapping[tuple[int, str], object]


def finding_changes(
    before: Sequence[Finding], after: Sequence[Finding], classes: tuple[Classes, Classes]
) -> FindingChanges:
    """Match findings by fingerprint, then by rule and the nodes that correspond.

    `classes` maps the index of a graph and the name of a node, of either file, to what identifies it in both.
    """
    left, right = list(before), list(after)
    still: list[tuple[Finding, Finding]] = []
    keys: tuple[tuple[Callable[[Finding], Hashable], Callable[[Finding], Hashable]], ...] = (
        (lambda f: (f.code, f.fingerprint, f.message), lambda f: (f.code, f.fingerprint, f.message)),
        (lambda f: _about(f, classes[0]), lambda f: _about(f, classes[1])),
        (lambda f: (f.code, f.fingerprint), lambda f: (f.code, f.fingerprint)),
    )
    for key, other in keys:
        still += _pair_off(left, right, key, other)
    still += _overlapping(left, right, classes)
    still += _pair_off(left, right, _whole_file, _whole_file)
    order = {id(f): index for index, f in enumerate(after)}
    return FindingChanges(
        left, right, [StillThere(one, two) for one, two in sorted(still, key=lambda pair: order[id(pair[1])])]
    )


def _pair_off(
    left: list[Finding],
    right: list[Finding],
    key: Callable[[Finding], Hashable],
    other: Callable[[Finding], Hashable],
) -> list[tuple[Finding, Finding]]:
    """Remove the findings with equal keys from both lists and return them; a key of None equals nothing."""
    waiting: dict[Hashable, list[Finding]] = defaultdict(list)
    for finding in reversed(right):
        waiting[other(finding)].append(finding)
    found = []
    for finding in list(left):
        value = key(finding)
        if value is not None and waiting[value]:
            found.append((finding, waiting[value].pop()))
    _remove(left, right, found)
    return found


def _remove(left: list[Finding], right: list[Finding], found: Sequence[tuple[Finding, Finding]]) -> None:
    gone = ({id(one) for one, _ in found}, {id(two) for _, two in found})
    left[:] = [f for f in left if id(f) not in gone[0]]
    right[:] = [f for f in right if id(f) not in gone[1]]


def _nodes(finding: Finding, classes: Classes) -> frozenset[object]:
    names = {*finding.nodes, *(one.node for one in finding.locations if one.node is not None)}
    names |= {end for pair in finding.missing_edges for end in pair}
    return frozenset(classes.get((finding.graph, name), ("name", name)) for name in names)


def _about(finding: Finding, classes: Classes) -> Hashable:
    nodes = _nodes(finding, classes)
    return (finding.code, finding.slip, nodes) if nodes else None


def _whole_file(finding: Finding) -> Hashable:
    """Return what identifies a finding that is about no node."""
    return None if finding.nodes or finding.missing_edges else (finding.code, finding.slip, finding.unit)


def _overlapping(
    left: list[Finding], right: list[Finding], classes: tuple[Classes, Classes]
) -> list[tuple[Finding, Finding]]:
    """Pair findings of one rule that have nodes in common, those with the most first."""
    nodes = [_nodes(finding, classes[1]) for finding in right]
    others: dict[object, list[int]] = defaultdict(list)
    for index, finding in enumerate(right):
        for key in nodes[index]:
            others[finding.code, finding.slip, key].append(index)
    scored: list[tuple[float, int, Finding, Finding]] = []
    for one in left:
        mine = _nodes(one, classes[0])
        for index in sorted({index for key in mine for index in others.get((one.code, one.slip, key), ())}):
            theirs = nodes[index]
            scored.append((len(mine & theirs) / len(mine | theirs), len(scored), one, right[index]))
    found: list[tuple[Finding, Finding]] = []
    taken: set[int] = set()
    for _, _, one, two in sorted(scored, key=lambda entry: (-entry[0], entry[1])):
        if not {id(one), id(two)} & taken:
            taken |= {id(one), id(two)}
            found.append((one, two))
    _remove(left, right, found)
    return found
