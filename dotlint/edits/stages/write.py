"""Write missing stages: copy the statements of an existing stage beside those of its siblings."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.patterns.renumber import ShiftError
from dotlint.edits.copying import copy_edits, nested, piece, stage_number_index
from dotlint.edits.insertion import head_start, insert_after, insert_before, newline_at, style_of, tail_end
from dotlint.edits.links import link_exemplar, stage_links
from dotlint.edits.stages.output import output_statement
from dotlint.edits.statement import edge_text, id_text, ports_like, references
from dotlint.edits.statement_index import StatementIndex
from dotlint.engine.finding import Edit
from dotlint.syntax.tree import Block, EdgeStatement, NodeStatement
from dotlint.text.lines import line_start

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.deployment.model import Deployment, Stage
    from dotlint.deployment.patterns.renumber import Shift
    from dotlint.deployment.patterns.stage_plan import StagePlan
    from dotlint.edits.edge_attributes import EdgeAttributes
    from dotlint.edits.statement_index import Body
    from dotlint.graph.model import Edge, Node
    from dotlint.syntax.tree import Comment, Statement


class StatementRun(Struct, eq=False):
    """Consecutive statements of a body that concern only one stage."""

    body: Body
    statements: list[Statement]

    @property
    def has_nodes(self) -> bool:
        """Return whether it declares nodes."""
        return any(isinstance(s, NodeStatement | Block) for s in self.statements)

    @property
    def has_edges(self) -> bool:
        """Return whether it contains edge statements directly, not in a block."""
        return any(isinstance(s, EdgeStatement) for s in self.statements)


class StageWriter:
    """Writes the stages that one phase of a graph lacks; `comments` are the file's, in order."""

    def __init__(
        self,
        text: str,
        deployment: Deployment,
        comments: Sequence[Comment],
        attributes: EdgeAttributes,
        plans: Sequence[StagePlan],
    ) -> None:
        self.text = text
        self.deployment = deployment
        self.graph = deployment.graph
        self.comments = comments
        self.attributes = attributes
        self.plans = plans
        self.index = StatementIndex(self.graph)
        self.exemplar = plans[0].exemplar
        operators = {reading.name for reading in deployment.operators}
        self._taken = {s.name for s in self.graph.subgraphs if not operators.isdisjoint(s.nodes)}
        self._pieces: defaultdict[int, list[str]] = defaultdict(list)
        self._copied: dict[str, Node] | None = None  # the exemplar of each new name; None until it is needed
        self._link_exemplars: dict[tuple[str, int], tuple[str, Edge | None]] = {}

    def edits(self) -> list[Edit] | str:
        """Return the insertions that write the stages, or the reason why there are none."""
        runs = self._runs(
            self.exemplar, {r.name for r, _ in self.plans[0].copies} | {r.name for r in self.exemplar.headers}
        )
        if not runs:
            return "the statements of a stage are mixed with those of other stages"
        try:
            return self._edits_for(runs)
        except ShiftError as error:
            return str(error)

    def _edits_for(self, runs: list[StatementRun]) -> list[Edit]:
        wide = [run for run in runs if run.has_edges and not isinstance(run.body, Block)]
        links = wide[-1] if wide and self._links_between() else None
        nodes = next((run for run in runs if run.has_nodes), runs[0])
        # Without an existing link as an exemplar, a link goes after the nodes of the stage that it enters.
        after = not stage_links(self.deployment) and links is not None and links.has_nodes
        for plan in self.plans:
            for run in runs:
                if run is links and not after:
                    self._add(run, plan, [self._line(run, line) for line in self._entering(plan)])
                copy = self._copy(run, plan)
                self._add(run, plan, [copy] if copy else [])
                if run is nodes:
                    self._add(run, plan, [self._line(run, line) for line in self._other_nodes(runs, plan)])
                if run is links:
                    rest = [*(self._entering(plan) if after else ()), *self._uncopied(runs, plan), *self._leaving(plan)]
                    self._add(run, plan, [self._line(run, line) for line in rest])
        edits = [Edit(at, at, "".join(pieces)) for at, pieces in self._pieces.items()]
        if links is None:
            edits += self._links_elsewhere(runs)
        return [*edits, *self._cross_phase_edits()]

    def _cross_phase_edits(self) -> list[Edit]:
        """Return the insertions of edges to and from another phase, each after the last edge of its family."""
        edges = {(e.tail.name, e.head.name): e for e in self.graph.edges}
        groups: dict[int, tuple[Statement, list[str]]] = {}
        for plan in self.plans:
            for pair, exemplar in plan.cross_phase:
                like = edges[exemplar]
                kind = self._family(like)
                last = max((e.statement for e in self.graph.edges if self._family(e) == kind), key=lambda s: s.start)
                ports = ports_like(self.text, like, like.tail, like.head)
                line = edge_text(self.text, self.graph, pair, self.attributes.attributes(like, plan.stage), ports)
                groups.setdefault(id(last), (last, []))[1].append(line)
        return [insert_after(self.text, last.end, lines, style_of(self.text, last)) for last, lines in groups.values()]

    def _family(self, edge: Edge) -> tuple[str, str]:
        tail, head = (self.deployment.readings[node.index].evidence.name.family for node in (edge.tail, edge.head))
        return tail, head

    def _links_between(self) -> bool:
        """Return whether links are written among the edges of the stages that they connect, not in a separate group."""
        own = [edge for phase, _, edge in stage_links(self.deployment) if phase == self.exemplar.phase]
        slots = [slot for edge in own if (slot := self.index.slot(edge.statement)) is not None]
        linking = {id(edge.statement) for edge in own}
        for slot, edge in zip(slots, own, strict=False):
            around = [s for s in (slot.before, slot.after) if s is not None]
            ends = {edge.tail.index, edge.head.index}
            inner = [e for s in around if id(s) not in linking for e in self.index.edges(s)]
            if any(id(s) in linking for s in around) or not any({e.tail.index, e.head.index} & ends for e in inner):
                return False
        return len(slots) == len(own)

    def _links_elsewhere(self, runs: list[StatementRun]) -> list[Edit]:
        """Return the insertions of links beside those of the phase in stage order, else at the end of the graph."""
        links = [(stage, edge) for phase, stage, edge in stage_links(self.deployment) if phase == self.exemplar.phase]
        own = [(stage, edge.statement) for stage, edge in links if self._is_top_level(edge.statement)]
        body = self.graph.statement.body
        last: Statement = next((s for s in reversed(body) if isinstance(s, EdgeStatement)), body[-1])
        groups: dict[int, tuple[Statement, bool, list[str]]] = {}
        for plan in self.plans:
            lines = [*self._entering(plan), *self._uncopied(runs, plan), *self._leaving(plan)]
            lower = [statement for stage, statement in own if stage < plan.stage]
            anchor: Statement = lower[-1] if lower else own[0][1] if own else last
            before = bool(own) and not lower
            slot = self.index.slot(anchor)
            if before and slot is not None and isinstance(slot.before, EdgeStatement) and not self._headed(anchor):
                anchor, before = slot.before, False
            groups.setdefault(id(anchor), (anchor, before, []))[2].extend(lines)
        edits: list[Edit] = []
        for anchor, before, lines in groups.values():
            style = style_of(self.text, anchor)
            if lines and before:
                edits.append(
                    insert_before(self.text, anchor, lines, style, () if self._headed(anchor) else self.comments)
                )
            elif lines:
                edits.append(insert_after(self.text, anchor.end, lines, style))
        return edits

    def _headed(self, statement: Statement) -> bool:
        """Return whether a comment directly above a statement also heads others: one without numbers."""
        above = self.text[head_start(self.text, statement, self.comments) : line_start(self.text, statement.start)]
        return bool(above.strip()) and not any(character.isdigit() for character in above)

    def _is_top_level(self, statement: Statement) -> bool:
        slot = self.index.slot(statement)
        return slot is not None and not isinstance(slot.body, Block)

    def _add(self, run: StatementRun, plan: StagePlan, pieces: list[str]) -> None:
        """Add pieces, each with a line ending before it, where the stage's copy of a run goes.

        That is after the same run of the preceding existing stage, or before the exemplar's run if there is none.
        """
        units = self.deployment.units[plan.phase]
        lower = [unit for stage, unit in units.items() if unit.operators and stage < plan.stage]
        if not lower:
            at = self._span(run, plan.shift)[0] if plan.shift else run.statements[0].start
            newline = newline_at(self.text, at)
            self._pieces[at] += [
                p.removeprefix(newline) + newline if p.startswith(newline) else f"{p.strip()} " for p in pieces
            ]
            return
        chosen = run
        if lower[-1] is not self.exemplar:
            own = self._runs(lower[-1], {r.name for r in lower[-1].operators + lower[-1].headers})
            alike = [one for one in own if (one.has_nodes, one.has_edges) == (run.has_nodes, run.has_edges)]
            same_body = [one for one in alike if one.body is run.body]
            if same_body or alike:
                chosen = (same_body or alike)[-1]
        end = chosen.statements[-1].end
        lines = style_of(self.text, chosen.statements[-1]).lines
        self._pieces[(tail_end(self.text, end) if lines else None) or end] += pieces

    def _line(self, run: StatementRun, line: str) -> str:
        kind = EdgeStatement if run.has_edges else NodeStatement
        like = next((s for s in run.statements if isinstance(s, kind)), run.statements[0])
        style = style_of(self.text, like)
        if isinstance(like, Block):  # a cluster has no `;`, so its first statement shows the style
            inner = next((s for s in like.body if isinstance(s, NodeStatement | EdgeStatement)), like)
            return (
                f"{style.newline}{style.indent}{line}{style_of(self.text, inner).end}" if style.lines else f" {line};"
            )
        return f"{style.newline}{style.indent}{line}{style.end}" if style.lines else f" {line}{style.end}"

    def _copy(self, run: StatementRun, plan: StagePlan) -> str:
        """Return the run renumbered for the stage, after a line ending; headers only if the stage lacks them."""
        assert plan.shift is not None
        names = {r.name: name for r, name in (*plan.copies, *plan.headers)}
        first, last = run.statements[0], run.statements[-1]
        start, end = self._span(run, plan.shift)
        inside = [c for c in self.comments if start <= c.start and c.end <= end]
        edits = copy_edits(run.statements, inside, self.text, names, plan.shift, self._taken)
        kept = [s for s in run.statements if any(r.id.value in names for r in references(s))]
        if not kept:
            return ""
        for statement in run.statements:
            if statement not in kept:
                edits = [e for e in edits if not statement.start <= e.start < statement.end]
                cut = line_start(self.text, statement.start), tail_end(self.text, statement.end)
                whole = cut[1] is not None and cut[1] < end
                edits.append(
                    Edit(cut[0], (cut[1] or 0) + len(newline_at(self.text, cut[1] or 0)), "")
                    if whole
                    else Edit(statement.start, statement.end, "")
                )
        copied = piece(self.text, start, end, edits)
        if start == first.start and self.text[line_start(self.text, start) : start].strip():
            return f" {copied}"
        newline = newline_at(self.text, last.end)
        return newline * (2 if self._after_empty_line(run) else 1) + copied

    def _span(self, run: StatementRun, shift: Shift) -> tuple[int, int]:
        """Return start and end of a run's text, with a comment above that names its stage and a comment after it."""
        first, last = run.statements[0], run.statements[-1]
        head = head_start(self.text, first, self.comments)
        start = line_start(self.text, first.start)
        if self.text[start : first.start].strip():
            start = first.start
        elif head < start and shift.text(self.text[head:start]) != self.text[head:start]:
            start = head
        return start, tail_end(self.text, last.end) or last.end

    def _after_empty_line(self, run: StatementRun) -> bool:
        """Return whether an empty line precedes a run and its comments."""
        head = head_start(self.text, run.statements[0], self.comments)
        above = self.text[line_start(self.text, max(head - 1, 0)) : head]
        return head > 0 and not above.strip() and "\n" in above

    def _entering(self, plan: StagePlan) -> list[str]:
        return [self._link(pair, plan.phase, plan.stage - 1) for pair in plan.entering]

    def _leaving(self, plan: StagePlan) -> list[str]:
        lines: list[str] = []
        for tail, head in plan.leaving:
            reading = self.deployment.by_name.get(head)
            if reading is not None and reading.stage is not None:
                lines.append(self._link((tail, head), plan.phase, plan.stage))
            else:
                lines.append(edge_text(self.text, self.graph, (tail, head)))
        return lines

    def _link(self, pair: tuple[str, str], phase: str, stage: int) -> str:
        """Return an edge from a stage to the next in the style of the existing links."""
        if (phase, stage) not in self._link_exemplars:
            self._link_exemplars[phase, stage] = link_exemplar(self.deployment, self.attributes, phase, stage)
        attributes, like = self._link_exemplars[phase, stage]
        tail, head = (self._exemplar_node(name) for name in pair)
        ports = ports_like(self.text, like, tail, head) if like and tail and head else ("", "")
        return edge_text(self.text, self.graph, pair, attributes, ports)

    def _exemplar_node(self, name: str) -> Node | None:
        """Return the node of that name, or the node that it will be a copy of."""
        if self._copied is None:
            # The first plan with a name wins, so plans are added in reverse.
            self._copied = {new: r.node for plan in reversed(self.plans) for r, new in reversed(plan.copies)}
        return self.graph.nodes.get(name) or self._copied.get(name)

    def _uncopied(self, runs: list[StatementRun], plan: StagePlan) -> list[str]:
        """Return the stage's edges from statements that concern other stages too."""
        names = {r.name: name for r, name in plan.copies}
        copied = {
            (edge.tail.name, edge.head.name) for run in runs for s in run.statements for edge in self._edges_inside(s)
        }
        lines: list[str] = []
        for edge in self.graph.edges:
            pair = edge.tail.name, edge.head.name
            if pair[0] in names and pair[1] in names and pair not in copied:
                new = names[pair[0]], names[pair[1]]
                ports = ports_like(self.text, edge, edge.tail, edge.head)
                lines.append(edge_text(self.text, self.graph, new, self.attributes.attributes(edge, plan.stage), ports))
        return lines

    def _other_nodes(self, runs: list[StatementRun], plan: StagePlan) -> list[str]:
        """Return declarations of operators that share a statement with those of other stages, and of the new output."""
        assert plan.shift is not None
        inside = (inner for run in runs for statement in run.statements for inner in nested(statement))
        copied = {r.id.value for inner in inside if isinstance(inner, NodeStatement) for r in inner.nodes}
        lines: list[str] = []
        for reading, name in plan.copies:
            if reading.name not in copied and reading.node.statements:
                statement = reading.node.statements[0]
                lists = piece(
                    self.text,
                    statement.start,
                    statement.core_end,
                    copy_edits([statement], (), self.text, {}, plan.shift),
                )
                at = lists.find("[") if statement.lists else -1
                lines.append(id_text(name) + (f" {lists[at:]}" if at >= 0 else ""))
        return [*lines, output_statement(self.text, self.deployment, plan)] if plan.new_output else lines

    def _edges_inside(self, statement: Statement) -> Iterator[Edge]:
        for inner in nested(statement):
            yield from self.index.edges(inner)

    def _runs(self, unit: Stage, nodes: set[str]) -> list[StatementRun]:
        """Return the runs of statements that concern only these nodes, in text order."""
        number = self.deployment.stage_number(unit.stage)
        runs: list[StatementRun] = []
        todo: list[Body] = [self.graph.statement]
        while todo:
            body = todo.pop()
            last = -2
            for index, statement in enumerate(body.body):
                if self._belongs(statement, nodes, number):
                    if last != index - 1:
                        runs.append(StatementRun(body, []))
                    runs[-1].statements.append(statement)
                    last = index
                elif isinstance(statement, Block):
                    # A cluster of the stage is not copied if it holds anything else or is not named after the stage.
                    named = {reference.id.value for reference in references(statement)}
                    own = self._named_after(statement, number) or (statement.id is not None and named <= nodes)
                    if unit is self.exemplar and own and named & nodes:
                        return []
                    todo.append(statement)
        return sorted(runs, key=lambda run: run.statements[0].start)

    def _belongs(self, statement: Statement, nodes: set[str], number: int) -> bool:
        """Return whether a statement concerns only these nodes; a named cluster must be named after the stage."""
        named = [reference.id.value for reference in references(statement)]
        if not named or not nodes.issuperset(named):
            return False
        own = isinstance(statement, Block) and statement.id is not None
        return not own or self._named_after(statement, number)

    def _named_after(self, statement: Statement, number: int) -> bool:
        """Return whether it is a block named after the stage or one of its layers."""
        if not isinstance(statement, Block) or statement.id is None:
            return False
        name = statement.id.value
        shift = self.plans[0].shift
        moved = shift is not None and shift.name(name, None) != name
        return moved or stage_number_index(name, number) is not None
