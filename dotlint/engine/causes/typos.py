"""What a slip in the text brings with it: a misspelt name, a character that is no letter, a comment that is a node.

The slip is what has to be fixed; a node that only it made, or that only lost its edges or its shape to it, is right
again then.
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


def slips(file: FileContext, findings: Sequence[Finding]) -> dict[int, int]:
    """Say of findings, by index, which other one is the slip that they come from."""
    damage: dict[int, frozenset[str]] = {}
    of_node: dict[str, list[int]] = defaultdict(list)
    templates: dict[int, list[re.Pattern[str]]] = {}
    for index, slip in enumerate(findings):
        if file.rules[slip.code].damages == "template":
            templates[index] = [_template(name) for name in slip.nodes]
        elif names := frozenset(_damaged(file, slip)):
            damage[index] = names
            for name in names:
                of_node[name].append(index)
    found: dict[int, int] = {}
    for index, finding in enumerate(findings) if damage or templates else ():
        if finding.section in NOT_OF_THE_GRAPH:
            continue
        ends = finding.missing_edges[0] if finding.missing_edges else finding.nodes[:1]
        for cause in (*(slip for end in ends for slip in of_node.get(str(end), ())), *templates):
            if _explains(file, findings[cause], finding) and (
                _filled(finding, templates[cause]) if cause in templates else _only_of(finding, damage[cause])
            ):
                found[index] = cause
                break
    return found


def _explains(file: FileContext, slip: Finding, finding: Finding) -> bool:
    """Whether a slip of this kind, where it is, can bring a finding of that kind."""
    if slip.code == finding.code or slip.graph != finding.graph:
        return False
    card = file.rules[slip.code]
    if card.damages == "look":
        return finding.section == "visual"
    return card.damages != "template" or finding.code in card.causes


def _only_of(finding: Finding, damaged: frozenset[str]) -> bool:
    """Whether a finding speaks of damaged nodes alone, or asks for edges that each have an end among them."""
    if finding.missing_edges:
        return all(damaged.intersection(pair) for pair in finding.missing_edges)
    return damaged.issuperset(map(str, finding.nodes))  # an id may be HTML, which is no text


def _filled(finding: Finding, templates: list[re.Pattern[str]]) -> bool:
    """Whether what is lacking, or left out of a row, is what a template would have made."""
    lacking = finding.missing_nodes or finding.nodes[:1]
    return bool(lacking) and all(any(t.fullmatch(name) for t in templates) for name in lacking)


def _damaged(file: FileContext, slip: Finding) -> Iterable[str]:
    """Give the nodes that a slip made, or that lost something to it."""
    damages = file.rules[slip.code].damages
    if damages in {"nodes", "look"}:
        return map(str, slip.nodes)
    if damages in {"lines", "split"}:
        graph = file.document.graphs[slip.graph]
        places = [
            slip.start,
            *(r.start for r in slip.related),
            *(e.start for e in (slip.fix.edits if slip.fix else ())),
        ]
        return _on_lines(file, graph, {file.document.source.position(place).line for place in places})
    if damages == "name":
        return (name for pair in renamed(file, slip) for name in pair)
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


def renamed(file: FileContext, slip: Finding) -> list[Pair]:
    """Give the names that a slip takes for misspelt, each with the one that is meant."""
    text, edits = file.document.text, slip.fix.edits if slip.fix else ()
    pairs = ((text[edit.start : edit.end].strip('"'), edit.text.strip('"')) for edit in edits)
    return list(dict.fromkeys(pairs))


def fixed_edges(file: FileContext, slip: Finding) -> tuple[Pair, ...]:
    """Give the edges that there are once the names that a slip misspelt or split are fixed."""
    nodes = file.document.graphs[slip.graph].nodes
    if file.rules[slip.code].damages == "split":
        return tuple(_of_numbers(file, slip, nodes))
    meant = dict(renamed(file, slip))
    found = [edge for name in meant if name in nodes for edge in (*nodes[name].in_edges, *nodes[name].out_edges)]
    return tuple((meant.get(e.tail.name, e.tail.name), meant.get(e.head.name, e.head.name)) for e in found)


def _of_numbers(file: FileContext, slip: Finding, nodes: Mapping[str, Node]) -> Iterator[Pair]:
    """An edge to `1ln` ends at `1`, and `ln` stands alone: it was to end there."""
    for edit in slip.fix.edits if slip.fix else ():
        whole = file.document.text[edit.start : edit.end]
        rest = whole.lstrip("-.0123456789")
        ghost = nodes.get(whole[: len(whole) - len(rest)])
        for edge in ghost.in_edges if ghost is not None and rest in nodes else ():
            if edge.start <= edit.start <= edge.end:
                yield edge.tail.name, rest


def _template(name: str) -> re.Pattern[str]:
    """Make a pattern of a name with a placeholder: what it stands for is a number."""
    return re.compile(r"\d+".join(re.escape(part) for part in _PLACEHOLDER.split(name)))
