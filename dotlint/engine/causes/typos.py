"""The follow-on findings of typos: a misspelled name, a suspicious character, a comment that became a node.

Fixing the typo also fixes the nodes that exist only because of it, or that lost their edges or shape to it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.engine.sections import NOT_OF_THE_GRAPH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dotlint.engine.context import FileContext
    from dotlint.engine.finding import Finding, Pair
    from dotlint.graph.model import Graph, Node

_PLACEHOLDER = re.compile(r"\{[^{}]*\}|%[ds]|\$\{?\w+\}?")


def find_typos(file: FileContext, findings: Sequence[Finding]) -> dict[int, int]:
    """Return, by index, the finding about the typo that each follow-on finding comes from."""
    damage: dict[int, frozenset[str]] = {}
    of_node: dict[str, list[int]] = defaultdict(list)
    patterns: dict[int, list[re.Pattern[str]]] = {}
    for index, typo in enumerate(findings):
        if file.rules[typo.code].damages == "template":
            patterns[index] = [_number_pattern(name) for name in typo.nodes]
        elif names := frozenset(_damaged(file, typo)):
            damage[index] = names
            for name in names:
                of_node[name].append(index)
    found: dict[int, int] = {}
    for index, finding in enumerate(findings) if damage or patterns else ():
        if finding.section in NOT_OF_THE_GRAPH:
            continue
        ends = finding.missing_edges[0] if finding.missing_edges else finding.nodes[:1]
        for cause in (*(typo for end in ends for typo in of_node.get(str(end), ())), *patterns):
            if _explains(file, findings[cause], finding) and (
                _matches_all(finding, patterns[cause]) if cause in patterns else _only_of(finding, damage[cause])
            ):
                found[index] = cause
                break
    return found


def _explains(file: FileContext, typo: Finding, finding: Finding) -> bool:
    """Return whether a typo of this rule and graph can cause the finding."""
    if typo.code == finding.code or typo.graph != finding.graph:
        return False
    card = file.rules[typo.code]
    if card.damages == "look":
        return finding.section == "visual"
    return card.damages != "template" or finding.code in card.causes


def _only_of(finding: Finding, damaged: frozenset[str]) -> bool:
    """Return whether a finding is only about damaged nodes, or every missing edge of it has a damaged end."""
    if finding.missing_edges:
        return all(damaged.intersection(pair) for pair in finding.missing_edges)
    return damaged.issuperset(map(str, finding.nodes))  # an id may be HTML


def _matches_all(finding: Finding, patterns: list[re.Pattern[str]]) -> bool:
    """Return whether every missing node matches a name with a placeholder."""
    missing = finding.missing_nodes or finding.nodes[:1]
    return bool(missing) and all(any(t.fullmatch(name) for t in patterns) for name in missing)


def _damaged(file: FileContext, typo: Finding) -> Iterable[str]:
    """Return the nodes that a typo created, or that lost statements to it."""
    damages = file.rules[typo.code].damages
    if damages in {"nodes", "look"}:
        return map(str, typo.nodes)
    if damages in {"lines", "split"}:
        graph = file.document.graphs[typo.graph]
        offsets = [
            typo.start,
            *(r.start for r in typo.related),
            *(e.start for e in (typo.fix.edits if typo.fix else ())),
        ]
        return _on_lines(file, graph, {file.document.source.position(offset).line for offset in offsets})
    if damages == "name":
        return (name for pair in renamed(file, typo) for name in pair)
    return ()


def _on_lines(file: FileContext, graph: Graph, lines: set[int]) -> Iterator[str]:
    position = file.document.source.position
    for node in graph.nodes.values():
        if any(position(s.start).line in lines for s in node.statements):
            yield node.name
    for edge in graph.edges:
        if position(edge.start).line in lines:
            yield edge.tail.name
            yield edge.head.name


def renamed(file: FileContext, typo: Finding) -> list[Pair]:
    """Return pairs of a misspelled name and the intended one, from the fix of a typo."""
    text, edits = file.document.text, typo.fix.edits if typo.fix else ()
    pairs = ((text[edit.start : edit.end].strip('"'), edit.text.strip('"')) for edit in edits)
    return list(dict.fromkeys(pairs))


def fixed_edges(file: FileContext, typo: Finding) -> tuple[Pair, ...]:
    """Return the edges of misspelled or split names as they are after the fix of a typo."""
    nodes = file.document.graphs[typo.graph].nodes
    if file.rules[typo.code].damages == "split":
        return tuple(_of_numbers(file, typo, nodes))
    meant = dict(renamed(file, typo))
    found = [edge for name in meant if name in nodes for edge in (*nodes[name].in_edges, *nodes[name].out_edges)]
    return tuple((meant.get(e.tail.name, e.tail.name), meant.get(e.head.name, e.head.name)) for e in found)


def _of_numbers(file: FileContext, typo: Finding, nodes: Mapping[str, Node]) -> Iterator[Pair]:
    """Yield the intended edges of split ids: an edge to `1ln` ends at `1` and leaves `ln` isolated."""
    for edit in typo.fix.edits if typo.fix else ():
        whole = file.document.text[edit.start : edit.end]
        rest = whole.lstrip("-.0123456789")
        ghost = nodes.get(whole[: len(whole) - len(rest)])
        for edge in ghost.in_edges if ghost is not None and rest in nodes else ():
            if edge.start <= edit.start <= edge.end:
                yield edge.tail.name, rest


def _number_pattern(name: str) -> re.Pattern[str]:
    """Return a pattern for a name with placeholders, each of which stands for a number."""
    return re.compile(r"\d+".join(re.escape(part) for part in _PLACEHOLDER.split(name)))
