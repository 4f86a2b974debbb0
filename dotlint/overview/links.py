"""The links of an overview: the blocks that feed other blocks, directly or through nodes outside all blocks."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.overview.model import Link, OverviewBlock
from dotlint.picture.labels import cut, plain_lines
from dotlint.text.english import count
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dotlint.deployment.model import Reading
    from dotlint.engine.context import GraphContext
    from dotlint.engine.result import FileResult
    from dotlint.graph.model import Edge
    from dotlint.overview.model import Frame

_CACHE = regex(r"\bkv\b|cache", re.IGNORECASE)
_TOKEN = regex(r"token|next", re.IGNORECASE)


class _Connection:
    """The connection from one block to another: its edges, the roles of the nodes between, and the edge labels."""

    def __init__(self) -> None:
        self.edges = 0
        self.between: Counter[str] = Counter()
        self.labels: list[str] = []


def links_of(context: GraphContext, blocks: list[OverviewBlock], *, directed: bool) -> list[Link]:
    """Return the links between blocks, in the order of the file. If undirected, those in both directions are one."""
    owner = {reading.node.index: block for block in blocks for reading in block.members}
    order = {block: position for position, block in enumerate(blocks)}
    connections: dict[tuple[OverviewBlock, OverviewBlock], _Connection] = defaultdict(_Connection)
    for edge in context.graph.edges:
        tail, head = owner.get(edge.tail.index), owner.get(edge.head.index)
        if tail is None or tail is head:
            continue
        if head is not None:
            _record(connections[tail, head], edge)
            continue
        for last, kinds in _through(context, edge, owner, tail):
            # A node that all stages share connects each with each; the intended connection is the one to the next.
            if _follows(order, tail, last):
                _record(connections[tail, last], edge, kinds)
    links: dict[tuple[OverviewBlock, OverviewBlock], Link] = {}
    for (tail, head), connection in connections.items():
        known = links.get((head, tail)) if not directed else None
        if known is not None:
            known.edges, known.back = known.edges + connection.edges, connection.edges
            known.lines = [f"{known.edges} edges, both directions"]
            continue
        links[tail, head] = Link(tail, head, _label(context, tail, head, connection), edges=connection.edges)
    return list(links.values())


def _follows(order: dict[OverviewBlock, int], tail: OverviewBlock, head: OverviewBlock) -> bool:
    """Return whether an indirect connection leads to the next block, from or to an end, or to another phase."""
    if "end" in (tail.look, head.look) or tail.phase != head.phase:
        return True
    return order[head] == order[tail] + 1


def _through(
    context: GraphContext, edge: Edge, owner: dict[int, OverviewBlock], start: OverviewBlock
) -> Iterator[tuple[OverviewBlock, Counter[str]]]:
    """Follow nodes outside all blocks; yield each block that is reached, with the communication on the way."""
    readings = context.deployment.readings
    seen = {edge.head.index}
    found: dict[OverviewBlock, None] = {}
    kinds: Counter[str] = Counter()
    todo = [edge.head]
    while todo:
        node = todo.pop()
        role = readings[node.index].role
        if role is not None and role.communicates:
            kinds[role.name] += 1
        for following in context.graph.successors(node):
            head = owner.get(following.head.index)
            if head is not None and head is not start:
                found.setdefault(head)
            elif head is None and following.head.index not in seen:
                seen.add(following.head.index)
                todo.append(following.head)
    yield from ((block, kinds) for block in found)


def _record(connection: _Connection, edge: Edge, kinds: Counter[str] | None = None) -> None:
    connection.edges += 1
    connection.between |= kinds or Counter()
    label = " ".join(plain_lines(edge.label))
    if label and label not in connection.labels:
        connection.labels.append(label)


def _label(context: GraphContext, tail: OverviewBlock, head: OverviewBlock, connection: _Connection) -> list[str]:
    number = [count(connection.edges, "edge")] if connection.edges > 1 else []
    via = [", ".join(f"{n} {kind}" for kind, n in connection.between.most_common(2))] if connection.between else []
    if "end" in (tail.look, head.look):
        crosses = tail.phase != head.phase and None not in (tail.phase, head.phase)
        return [*([_handed(context, tail, head, connection)] if crosses else []), *number]
    if tail.phase != head.phase:
        return [_handed(context, tail, head, connection), *number, *via]
    if tail.stage is not None and head.stage is not None:
        one, two = context.deployment.stage_number(tail.stage), context.deployment.stage_number(head.stage)
        return [f"pipeline: stage {one} to {two}", *number, *via]
    return [*number, *via]


def _handed(context: GraphContext, tail: OverviewBlock, head: OverviewBlock, connection: _Connection) -> str:
    """Return what is passed from phase to phase: the label of the edge, otherwise inferred from its nodes."""
    if connection.labels:
        return cut(connection.labels[0], 60)
    ends = [*tail.members, *head.members]
    crossing = [r for r in ends if _crosses(context, r, {x.name for x in ends})]
    words = " ".join(f"{r.name.replace('_', ' ')} {r.evidence.title}" for r in crossing)
    words += " " + " ".join(connection.between)
    if _CACHE.search(words):
        return "KV cache transfer"
    return "token transfer" if _TOKEN.search(words) else "to the next phase"


def _crosses(context: GraphContext, reading: Reading, inside: set[str]) -> bool:
    by_name = context.deployment.by_name
    near = [*context.wiring.ins[reading.name], *context.wiring.outs[reading.name]]
    return any(name in by_name and name in inside and by_name[name].phase != reading.phase for name in near)


def missing_links(
    result: FileResult,
    context: GraphContext,
    frames: list[Frame],
    links: list[Link],
    ends: list[OverviewBlock],
    fresh: Callable[[str], str],
) -> tuple[list[Link], list[OverviewBlock]]:
    """Return the links that findings report as missing, and the outputs that they need.

    These are links between stages, from a planned stage to an output, and the KV cache transfer.
    """
    rules = context.file.rules
    remedies = {rules[f.code].overview_remedy for f in result.findings if f.graph == context.graph.index}
    there = {(link.tail, link.head) for link in links}
    found: list[Link] = []
    outputs: list[OverviewBlock] = []
    for frame in frames:
        stages = [block for block in frame.blocks if block.stage is not None]
        for one, two in zip(stages, stages[1:], strict=False):
            if (one, two) not in there and (one.missing or two.missing or "stage-link" in remedies):
                number = context.deployment.stage_number
                text = f"pipeline: stage {number(one.stage or 0)} to {number(two.stage or 0)}"
                found.append(Link(one, two, [text, "missing"], missing=True))
        if stages and stages[-1].missing:
            last = stages[-1]
            title = f"{frame.lines[0].removesuffix(' phase')} output" if frame.name else "Output"
            output = next((e for e in ends if e.phase == last.phase and not _feeds(e, links)), None)
            if output is None:
                lines = [title, "Input: dimensions not stated", "missing"]
                output = OverviewBlock(
                    fresh(title.lower().replace(" ", "_")), lines, "end", phase=last.phase, missing=True
                )
                outputs.append(output)
            found.append(Link(last, output, ["missing"], missing=True))
    if "handover" in remedies:
        before = [b for frame in frames for b in frame.blocks if b.phase == "prefill" and not b.missing]
        after = [b for frame in frames for b in frame.blocks if b.phase == "decode" and not b.missing]
        if before and after:
            found.append(Link(before[-1], after[0], ["KV cache transfer", "missing"], missing=True))
    return found, outputs


def _feeds(end: OverviewBlock, links: Iterable[Link]) -> bool:
    """Return whether an end is an input, with a link from it."""
    return any(link.tail is end for link in links)
