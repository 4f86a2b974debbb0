"""Lead existing edges through another node: `a -> c` becomes `a -> b` and `b -> c`, or `a -> b -> c` in a chain."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.edits.copying import respelled
from dotlint.edits.fix_context import NotCertain
from dotlint.edits.insertion import head_start, insert_after, style_of, tail_end
from dotlint.edits.statement import COMPASS, as_written, id_text
from dotlint.engine.finding import Edit
from dotlint.syntax.tree import Block
from dotlint.text.lines import line_start

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.edits.statement_index import StatementIndex
    from dotlint.graph.model import Edge
    from dotlint.syntax.tree import EdgeStatement, NodeRef

Side = list["NodeRef"] | Block
Pair = tuple[str, str]


class Detour(Struct, frozen=True, eq=False):
    """A node, the edges that are led through it, and more nodes before it that none of them comes from."""

    name: str
    edges: tuple[Edge, ...]
    more_tails: tuple[str, ...] = ()


class _Step(Struct, eq=False):
    """One operator of an edge statement, and the ends of all edges that it draws."""

    statement: EdgeStatement
    step: int
    tails: dict[str, None]
    heads: dict[str, None]

    @property
    def sides(self) -> tuple[Side, Side]:
        tail, head = self.statement.sides[self.step : self.step + 2]
        return tail, head

    @property
    def head_is_free(self) -> bool:
        """Whether the head is one node, behind which the statement does not go on."""
        return _is_single(self.sides[1]) and self.step == len(self.statement.sides) - 2

    @property
    def tail_is_free(self) -> bool:
        """Whether the tail is one node, with which the statement begins."""
        return _is_single(self.sides[0]) and self.step == 0


class DetourWriter:
    """Writes detours into one graph."""

    def __init__(self, text: str, index: StatementIndex) -> None:
        self.text = text
        self.graph = index.graph
        self.index = index
        self._chains = any(len(e.statement.sides) > 2 for e in self.graph.edges if not e.statement.bare)
        self._drawn: dict[tuple[int, int], list[Edge]] = defaultdict(list)
        for edge in self.graph.edges:
            self._drawn[id(edge.statement), edge.step].append(edge)

    def edits(self, detour: Detour) -> list[Edit]:
        """Return the edits; raises `NotCertain` where a statement draws other edges too."""
        tails = dict.fromkeys([*(e.tail.name for e in detour.edges), *detour.more_tails])
        left = {(tail, detour.name) for tail in tails}
        left |= {(detour.name, edge.head.name) for edge in detour.edges}
        if (existing := self.graph.nodes.get(detour.name)) is not None:
            left -= {(e.tail.name, e.head.name) for e in (*existing.in_edges, *existing.out_edges)}
        edits: list[Edit] = []
        steps = list(self._steps(detour.edges))
        idle: list[_Step] = []
        for step in sorted(steps, key=lambda s: s.head_is_free or s.tail_is_free):
            before = {(tail, detour.name) for tail in step.tails}
            after = {(detour.name, head) for head in step.heads}
            if before & left not in (set(), before) or after & left not in (set(), after):
                raise NotCertain("one statement draws several of the edges to be replaced")
            if not (before | after) & left:
                idle.append(step)
                continue
            edits += self._edit(step, detour.name, before & left, after & left)
            left -= self._written(step, before & left, after & left)
        pairs = self._in_order(left)
        for step, pair in zip(idle, pairs, strict=False):
            edits += self._rewritten(step, pair)
        edits += [self._removed(step) for step in idle[len(pairs) :]]
        if len(pairs) > len(idle):
            edits.append(self._added(detour, steps, pairs[len(idle) :]))
        return edits

    def _in_order(self, pairs: Iterable[Pair]) -> list[Pair]:
        order = {name: index for index, name in enumerate(self.graph.nodes)}
        return sorted(pairs, key=lambda pair: [order.get(name, -1) for name in pair])

    def _steps(self, edges: Iterable[Edge]) -> Iterator[_Step]:
        led = {edge.index for edge in edges}
        seen: set[tuple[int, int]] = set()
        for edge in edges:
            key = id(edge.statement), edge.step
            if key in seen:
                continue
            seen.add(key)
            drawn = self._drawn[key]
            if any(other.index not in led for other in drawn) or len(edge.statements) > 1:
                raise NotCertain(f"the statement of `{edge.tail.name} -> {edge.head.name}` draws other edges too")
            tails, heads = (
                dict.fromkeys(names) for names in zip(*((e.tail.name, e.head.name) for e in drawn), strict=True)
            )
            yield _Step(edge.statement, edge.step, tails, heads)

    def _inserts(self, step: _Step) -> bool:
        return not (step.head_is_free or step.tail_is_free) or (len(step.statement.sides) > 2 and not step.head_is_free)

    def _written(self, step: _Step, before: set[Pair], after: set[Pair]) -> set[Pair]:
        """Return the edges that a step draws after its edit."""
        if before and after and not self._inserts(step):
            return before if step.head_is_free else after
        return before | after

    def _edit(self, step: _Step, name: str, before: set[Pair], after: set[Pair]) -> list[Edit]:
        if before and after and self._inserts(step):
            return [self._inserted(step, name)]
        at = 1 if before and (step.head_is_free or not after) else 0
        if not (step.head_is_free if at else step.tail_is_free):
            return [self._cut(step, name, behind=bool(at))]
        side = step.sides[at]
        assert not isinstance(side, Block)
        return [_renamed(side[0], name)]

    def _inserted(self, step: _Step, name: str) -> Edit:
        start, end = step.statement.operators[step.step]
        before, after = (" " if self.text[at].isspace() else "" for at in (start - 1, end))
        return Edit(end, end, f"{after}{self._spelled(step, name)}{before}{self.text[start:end]}")

    def _cut(self, step: _Step, name: str, *, behind: bool) -> Edit:
        """Return the edit that ends a chain with the node, or begins its rest with it: `a -> b` and `c -> d`."""
        statement = step.statement
        if statement.lists or self.index.slot(statement) is None:
            raise NotCertain("a chain with attributes goes on behind the place where it would be inserted")
        style = style_of(self.text, statement)
        between = (style.end + style.newline + style.indent) if style.lines else "; "
        start, end = statement.operators[step.step]
        spelled = self._spelled(step, name)
        tail, head = step.sides
        if behind:
            first = head.start if isinstance(head, Block) else head[0].start
            return Edit(end, first, f"{self.text[end:first] or ' '}{spelled}{between}")
        last = tail.end if isinstance(tail, Block) else tail[-1].end
        return Edit(last, start, f"{between}{spelled}{self.text[last:start] or ' '}")

    def _rewritten(self, step: _Step, pair: Pair) -> Iterator[Edit]:
        """Yield the edits that let the statement of an edge that is not needed draw another one."""
        if not (step.head_is_free and step.tail_is_free):
            raise NotCertain("one statement draws several of the edges to be replaced")
        for side, name in zip(step.sides, pair, strict=True):
            assert not isinstance(side, Block)
            if side[0].id.value != name:
                yield _renamed(side[0], name)

    def _removed(self, step: _Step) -> Edit:
        statement = step.statement
        if len(statement.sides) > 2 or self.index.slot(statement) is None:
            raise NotCertain("one statement draws several of the edges to be replaced")
        start, end = head_start(self.text, statement, ()), tail_end(self.text, statement.end)
        if start != line_start(self.text, statement.start) or end is None:
            return Edit(statement.start, statement.end, "")
        return Edit(start, min(self.text.find("\n", end) + 1 or end, len(self.text)), "")

    def _added(self, detour: Detour, steps: Sequence[_Step], pairs: Sequence[Pair]) -> Edit:
        """Return the insertion of edges below the last statement that is changed, in the style of that statement."""
        last = max(steps, key=lambda step: step.statement.start)
        if self.index.slot(last.statement) is None:
            raise NotCertain("there is no slot for its edges")
        start, end = last.statement.operators[0]
        gap = " " if self.text[start - 1].isspace() else ""
        arrow = f"{gap}{self.text[start:end]}{gap}"
        lists = "".join(self.text[one.start : one.end] for one in last.statement.lists if not _has_text(one.values()))
        ports = [
            self.text[side[0].id.end : side[0].end] if not isinstance(side, Block) and _has_compass(side[0]) else ""
            for side in last.sides
        ]
        spelled = self._spelled(last, detour.name)
        lines = [
            arrow.join(
                (spelled if name == detour.name else as_written(self.text, self.graph, name)) + port
                for name, port in zip(pair, ports, strict=True)
            )
            + (f" {lists}" if lists else "")
            for pair in pairs
        ]
        return insert_after(self.text, last.statement.end, lines, style_of(self.text, last.statement))

    def _spelled(self, step: _Step, name: str) -> str:
        """Return the name as an id, in quotes if the ids of the statement are."""
        side = next((side for side in step.sides if not isinstance(side, Block)), None)
        return respelled(side[0].id, name) if side else id_text(name)


def _renamed(reference: NodeRef, name: str) -> Edit:
    """Return the edit that names another node; a port stays if every node has it."""
    end = reference.id.end if _has_compass(reference) else reference.end
    return Edit(reference.start, end, respelled(reference.id, name))


def _has_compass(reference: NodeRef) -> bool:
    return len(reference.ports) == 1 and reference.ports[0].value in COMPASS


def _is_single(side: Side) -> bool:
    return not isinstance(side, Block) and len(side) == 1


def _has_text(values: dict[str, str]) -> bool:
    return any("label" in name for name in values)
