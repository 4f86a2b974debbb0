"""Numberings: the numbers that mean the same throughout a file, by their word or by the edges between equal numbers."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

from dotlint.deployment.numberings.decision import Numbering
from dotlint.deployment.numberings.marks import is_other_end, linked_positions, marks_of_line, merge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dotlint.deployment.facts import Facts
    from dotlint.deployment.model import Reading
    from dotlint.deployment.numberings.marks import Marks, Origin
    from dotlint.deployment.vocabulary import Vocabulary
    from dotlint.graph.model import Graph, Subgraph

Key = tuple[str, str, int]
"""Where a numbering stands, its word or the family of its names, and which number of these it is."""

_FEWEST = 8
_SPREAD = 3
"""A word before numbers is that of an axis if so many families have it (twice as many if it is one of an operator)."""


def label_marks(evidence: Facts) -> Marks:
    """Return the marks of a label, without those of lines with dimensions."""
    return _marks(evidence.lines)


@lru_cache(maxsize=4096)
def _marks(label: tuple[str, ...]) -> Marks:
    lines = tuple(found for line in label if "[" not in line and (found := marks_of_line(line)) != _NO_MARKS)
    return lines[0] if len(lines) == 1 and len(lines[0].single) < 2 else merge(lines)


_NO_MARKS = marks_of_line("")


def worded_number(evidence: Facts, meaning: str, vocabulary: Vocabulary) -> int | None:
    """Return the number that a label or name gives after a clear word of a meaning, before the file has decided."""
    for mark in label_marks(evidence).single:
        if vocabulary.axes.get(vocabulary.axis_word(mark.word, mark.before), {}).get(meaning):
            return mark.number
    name = evidence.name
    for i, word in enumerate(name.words):
        if vocabulary.axes.get(vocabulary.axis_word(word, name.before[i]), {}).get(meaning) and not is_other_end(
            name, i
        ):
            return name.numbers[i]
    return None


def find_numberings(
    graph: Graph, readings: Sequence[Reading], clusters: Mapping[int, Facts], vocabulary: Vocabulary
) -> list[Numbering]:
    """Return the numberings of a file, those of labels first, those of names last."""
    found: dict[Key, Numbering] = {}

    def numbering(where: Origin, word: str, position: int, title: str) -> Numbering:
        key = (where, word, position)
        if key not in found:
            found[key] = Numbering(where, "" if where == "name" and "#" in word else word, title)
        return found[key]

    for reading in readings:
        for mark in label_marks(reading.evidence).single:
            word = vocabulary.axis_word(mark.word, mark.before)
            if word:
                numbering("label", word, 0, f"`{mark.word}` in labels").values[reading.node.index] = mark.number
    _add_clusters(readings, clusters, vocabulary, numbering)
    families: dict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        if reading.evidence.name.numbers:
            families[reading.evidence.name.family].append(reading)
    running = _is_running(families)
    spread = Counter(word for members in families.values() for word in set(members[0].evidence.name.words))
    roles: dict[str, set[object]] = defaultdict(set)
    for members in families.values():
        for word in members[0].evidence.name.words:
            roles[word].add(members[0].role)
    for family, members in families.items():
        seen: dict[str, int] = defaultdict(int)
        name = members[0].evidence.name
        linked = linked_positions(name)
        for i, own in enumerate(name.words):
            if i in linked or is_other_end(name, i):
                continue
            word = vocabulary.axis_word(own, name.before[i])
            if running and i == len(name.words) - 1 and not any(vocabulary.axes.get(word, {}).values()):
                continue
            if not word and own and spread[own] >= _SPREAD and len(roles[own]) > 2:
                word = own if spread[own] >= _SPREAD * (1 + (own in vocabulary.words)) else ""
            if word:
                one = numbering("name", word, seen[word], f"`{own}` in names")
                seen[word] += 1
            else:
                one = numbering("name", family, i, f"number {i + 1} of `{family}`")
                one.glued = name.glued[i]
            one.slots.append((family, i))
            for reading in members:
                one.values[reading.node.index] = reading.evidence.name.numbers[i]
    return _joined(graph, list(found.values()))


def _is_running(families: Mapping[str, list[Reading]]) -> bool:
    """Return whether the last numbers of all names differ: they count nodes, and mean nothing (`norm_17`, `n18`)."""
    members = [r for members in families.values() for r in members if not r.annotation]
    last = {r.evidence.name.numbers[-1] for r in members}
    return len(members) >= _FEWEST and 10 * len(last) >= 9 * len(members) and len({r.role for r in members}) > 2


def _add_clusters(
    readings: Sequence[Reading],
    clusters: Mapping[int, Facts],
    vocabulary: Vocabulary,
    numbering: Callable[[Origin, str, int, str], Numbering],
) -> None:
    of_cluster: dict[int, list[tuple[Numbering, int]]] = {}

    def marks(subgraph: Subgraph) -> list[tuple[Numbering, int]]:
        own = of_cluster.get(id(subgraph))
        if own is None:
            own = of_cluster[id(subgraph)] = []
            evidence = clusters[id(subgraph)]
            for mark in label_marks(evidence).single:
                word = vocabulary.axis_word(mark.word, mark.before)
                if word:
                    own.append(
                        (numbering("cluster label", word, 0, f"`{mark.word}` in labels of clusters"), mark.number)
                    )
            name = evidence.name
            linked = linked_positions(name)
            for i, written in enumerate(name.words):
                if i in linked or is_other_end(name, i):
                    continue
                word = vocabulary.axis_word(written, name.before[i])
                if word:
                    own.append((numbering("cluster", word, 0, f"`{written}` in ids of clusters"), name.numbers[i]))
                else:
                    title = f"number {i + 1} of clusters `{name.family}`"
                    own.append((numbering("cluster", name.family, i + 1, title), name.numbers[i]))
            for one, number in own:
                one.clusters[id(subgraph)] = number
        return own

    # The numbers that a cluster and those around it state: clusters may be nested a thousand deep.
    around: dict[int, dict[int, tuple[Numbering, int]]] = {}

    def in_effect(innermost: Subgraph) -> dict[int, tuple[Numbering, int]]:
        inner: list[list[tuple[Numbering, int]]] = []
        chain: list[Subgraph] = []
        effect: dict[int, tuple[Numbering, int]] = {}
        for subgraph in ancestors([innermost]):
            if id(subgraph) in around:
                effect = around[id(subgraph)]
                break
            chain.append(subgraph)
            inner.append(marks(subgraph))
        for subgraph, own in zip(reversed(chain), reversed(inner), strict=True):
            if own:
                effect = {**effect, **{id(one): (one, number) for one, number in reversed(own)}}
            around[id(subgraph)] = effect
        return effect

    for reading in readings:
        for innermost in reading.node.subgraphs:
            for one, number in in_effect(innermost).values():
                one.values.setdefault(reading.node.index, number)


def ancestors(subgraphs: Iterable[Subgraph]) -> Iterator[Subgraph]:
    """Yield the clusters around a node, the innermost first."""
    for innermost in subgraphs:
        yield innermost
        yield from innermost.ancestors


def _joined(graph: Graph, found: list[Numbering]) -> list[Numbering]:
    """Join bare numbers of different families where the edges between these lead from equal to equal numbers."""
    bare = [one for one in found if one.where == "name" and not one.word]
    by_node: dict[int, list[int]] = defaultdict(list)
    for index, one in enumerate(bare):
        for node in one.values:
            by_node[node].append(index)
    equal: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    values: dict[tuple[int, int], set[int]] = defaultdict(set)
    for edge in graph.edges:
        for i in by_node.get(edge.tail.index, ()):
            for j in by_node.get(edge.head.index, ()):
                if i != j:
                    number = bare[i].values[edge.tail.index]
                    same_number = number == bare[j].values[edge.head.index]
                    count = equal[i, j]
                    count[0] += same_number
                    count[1] += 1
                    if same_number:
                        values[i, j].add(number)
    parent = list(range(len(bare)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    apart: dict[int, set[str]] = {i: {one.slots[0][0]} for i, one in enumerate(bare)}
    for (i, j), (same, total) in sorted(equal.items(), key=lambda item: (-item[1][0] / item[1][1], -item[1][0])):
        if len(values[i, j]) > 1 and same * 20 >= total * 19:
            first, second = root(i), root(j)
            if first != second and not apart[first] & apart[second]:  # two numbers of a name are never one numbering
                parent[second] = first
                apart[first] |= apart[second]
    for i, one in enumerate(bare):
        other = bare[root(i)]
        if other is not one:
            other.values.update(one.values)
            other.slots += one.slots
            other.glued = other.glued and one.glued
    kept = {id(bare[root(i)]) for i in range(len(bare))}
    return [one for one in found if one.where != "name" or one.word or id(one) in kept]
