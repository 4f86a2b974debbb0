"""Write a collective behind the operators whose ranks share a tensor, like the other collectives of the file."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dotlint.deployment.patterns.renumber import Shift, ShiftError, map_gpus
from dotlint.edits.collective_label import new_label
from dotlint.edits.collective_name import new_name
from dotlint.edits.collective_texts import LabelPlan
from dotlint.edits.copying import copy_edits, piece, respelled
from dotlint.edits.fix_context import NotCertain
from dotlint.edits.insertion import insert_after, insert_before, style_of
from dotlint.edits.labels import cells_of
from dotlint.edits.statement import own_statement
from dotlint.edits.statement_index import StatementIndex
from dotlint.engine.finding import Edit
from dotlint.strategy.gpus import union
from dotlint.syntax.tree import Block, NodeStatement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.edits.collective_exemplars import Exemplar
    from dotlint.edits.fix_context import FixContext
    from dotlint.edits.statement_index import Body
    from dotlint.strategy.gpus import GpuSet
    from dotlint.syntax.tree import Statement

_DRAWING = {
    "shape", "style", "color", "fillcolor", "fontcolor", "fontname", "fontsize", "penwidth", "width", "height", "margin",
    "peripheries", "fixedsize", "class",
}  # fmt: skip
_GPU_ATTRIBUTES = {"gpu", "gpus", "gpu_id", "gpu_ids", "device", "devices"}


class NewCollective(Struct, frozen=True, eq=False):
    """A collective to be written: its name, its statement, and the statement that it is written after (or `before`).

    `reads_as` is what the new node has to be read as: the collective, and on which GPUs, if those are known.
    """

    name: str
    statement: str
    anchor: Statement
    before: bool
    end: str
    reads_as: tuple[str, GpuSet | None]


class CollectiveWriter:
    """Writes collectives into one graph."""

    def __init__(self, fix: FixContext) -> None:
        self.fix = fix
        self.text = fix.text
        self.deployment = fix.deployment
        self.index = StatementIndex(fix.context.graph)
        self._taken = set(fix.context.graph.nodes)

    def plan(
        self, kind: str, exemplar: Exemplar, tails: Sequence[Reading], heads: Sequence[Reading], rank: int | None = None
    ) -> NewCollective:
        """Return the collective behind `tails`, only for one `rank` of them if that is given.

        Raises `NotCertain` if it is not clear what to write.
        """
        own = tails if rank is None else tails[rank : rank + 1]
        name = self._free(
            new_name(self.deployment, kind, exemplar.reading, exemplar.tails, exemplar.level, tails, rank)
        )
        statement = own_statement(exemplar.reading.node)
        if statement is None:
            raise NotCertain("no statement shows how a collective is written")
        gpus = union(r.gpus for r in own if r.gpus) if all(r.gpus for r in own) else None
        written = self._statement(kind, exemplar, statement, name, own, heads, gpus)
        anchor, before = self._anchor(exemplar, statement, own, heads)
        return NewCollective(
            name, written, anchor, before, style_of(self.text, statement).end, (self._kind(kind, exemplar), gpus)
        )

    def edits(self, collectives: Iterable[NewCollective]) -> Iterator[Edit]:
        """Yield the insertions of the statements."""
        slots: dict[tuple[int, bool], list[NewCollective]] = {}
        for one in collectives:
            slots.setdefault((id(one.anchor), one.before), []).append(one)
        for some in slots.values():
            first = some[0]
            style = replace(style_of(self.text, first.anchor), end=first.end)
            lines = [one.statement for one in some]
            if first.before:
                yield insert_before(self.text, first.anchor, lines, style, self.fix.comments)
            else:
                yield insert_after(self.text, first.anchor.end, lines, style)

    def _kind(self, kind: str, exemplar: Exemplar) -> str:
        """Return what the new node is: what its exemplar is if that stands behind the same operators."""
        role = exemplar.reading.role
        return role.communicates if exemplar.level < 2 and role is not None and role.communicates else kind

    def _free(self, name: str) -> str:
        """Return the name, or one with a number behind it if it is taken."""
        there = self.deployment.by_name.get(name)
        if there is not None and there.kind == "communication":
            raise NotCertain(f"`{name}` exists, but stands elsewhere")
        free = name
        numbers = count(2)
        while free in self._taken:
            free = f"{name}_{next(numbers)}"
        self._taken.add(free)
        return free

    def _statement(
        self,
        kind: str,
        exemplar: Exemplar,
        statement: NodeStatement,
        name: str,
        tails: Sequence[Reading],
        heads: Sequence[Reading],
        gpus: GpuSet | None,
    ) -> str:
        """Return the exemplar's statement with another id and label; of its attributes, those that draw it."""
        one = exemplar.reading
        label = cells_of(one)
        if label is None and one.node.attribute("label") is not None:
            raise NotCertain("the label of the other collectives is not theirs alone")
        attributed = not _GPU_ATTRIBUTES.isdisjoint(statement.values())
        shift = self._shift(one, tails[0], map_gpus(one.gpus, gpus) if attributed and one.gpus and gpus else {})
        value = label.attribute.value if label else None
        try:
            edits = [
                e for e in copy_edits([statement], (), self.text, {}, shift) if not value or e.start != value.start
            ]
            if label is not None and value is not None:
                behind = tuple(self.deployment.readings[e.head.index] for e in one.node.out_edges)
                plan = LabelPlan(
                    kind,
                    exemplar.level,
                    exemplar.tails,
                    one,
                    behind,
                    name,
                    tuple(tails),
                    tuple(heads),
                    gpus,
                    shift,
                )
                edits.append(Edit(value.start, value.end, new_label(self.deployment, label, plan)))
        except ShiftError as error:
            raise NotCertain(str(error)) from error
        own = statement.nodes[0]
        edits.append(Edit(own.start, own.end, respelled(own.id, name)))
        if exemplar.level > 1:
            self._require_plain(statement)
        if exemplar.level == 4 and (shape := self._shape(statement)):
            edits.append(shape)
        return piece(self.text, statement.start, statement.core_end, edits)

    def _require_plain(self, statement: NodeStatement) -> None:
        """Raise `NotCertain` if the statement has attributes that belong to its own node."""
        odd = next((n for n in statement.values() if n != "label" and n not in _DRAWING), None)
        if odd is not None:
            raise NotCertain(f"the file has no collective of this kind that shows what `{odd}` is for it")

    def _shape(self, statement: NodeStatement) -> Edit | None:
        """Return the edit that sets the shape of a collective, if the file draws each kind of operator in its shape."""
        shapes = self.deployment.vocabulary.shapes
        for attribute in statement.attributes:
            if attribute.name.value == "shape" and attribute.value.value.lower() in shapes["computation"]:
                shape = shapes["communication"][0]
                return Edit(attribute.value.start, attribute.value.end, respelled(attribute.value, shape))
        return None

    def _shift(self, exemplar: Reading, tail: Reading, gpus: dict[int, int]) -> Shift:
        number = self.deployment.stage_number
        before = number(exemplar.stage) if exemplar.stage is not None else -1
        after = number(tail.stage) if tail.stage is not None else before
        layers, step = None, 0
        if exemplar.layer is not None and tail.layer is not None:
            layers, step = (exemplar.layer, exemplar.layer), tail.layer - exemplar.layer
        return Shift(before, after, layers, step, gpus, self.deployment.vocabulary.devices)

    def _anchor(
        self, exemplar: Exemplar, statement: NodeStatement, tails: Sequence[Reading], heads: Sequence[Reading]
    ) -> tuple[Statement, bool]:
        """Return the statement to write it after: the last of its producers, or before its consumer, like its exemplar."""
        slot = self.index.slot(statement)
        after = slot.after if slot else None
        if exemplar.level < 4 and isinstance(after, NodeStatement):
            behind = {e.head.name for e in exemplar.reading.node.out_edges}
            before = slot.before if slot else None
            beside = isinstance(before, NodeStatement) and before.nodes[0].id.value in {r.name for r in exemplar.tails}
            own = own_statement(heads[0].node)
            if after.nodes[0].id.value in behind and not beside and own is not None:
                return own, True
        return self._last(tails), False

    def _last(self, tails: Sequence[Reading]) -> Statement:
        """Return the last statement, in the innermost body that contains all producers, that declares one of them."""
        chains: list[list[tuple[Body, Statement]]] = []
        for reading in tails:
            own = own_statement(reading.node)
            if own is None:
                raise NotCertain(f"`{reading.name}` has no statement of its own")
            chains.append(list(self._around(own)))
        for body, _ in chains[0]:
            inside = [statement for chain in chains for other, statement in chain if other is body]
            if len(inside) == len(chains):
                return max(inside, key=lambda statement: statement.start)
        raise NotCertain("there is no slot behind its producers")

    def _around(self, statement: Statement) -> Iterator[tuple[Body, Statement]]:
        """Yield each body around a statement, innermost first, with the statement of that body that contains it."""
        slot = self.index.slot(statement)
        while slot is not None:
            yield slot.body, slot.statement
            slot = self.index.slot(slot.body) if isinstance(slot.body, Block) else None
