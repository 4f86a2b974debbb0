"""The attributes that a new edge takes over from its exemplar: all but what speaks of one place."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.deployment.patterns.renumber import Shift
from dotlint.edits.attributes import separator
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment
    from dotlint.graph.model import Edge
    from dotlint.syntax.tree import Attribute

Kind = tuple[str, str, int | None]
# Where an edge was drawn, and what names one edge and no other.
_PLACED = {
    "pos",
    "lp",
    "xlp",
    "head_lp",
    "tail_lp",
    "_draw_",
    "_ldraw_",
    "_hdraw_",
    "_tdraw_",
    "_hldraw_",
    "_tldraw_",
    "key",
    "id",
}
_TEXTS = {
    "label",
    "xlabel",
    "headlabel",
    "taillabel",
    "tooltip",
    "edgetooltip",
    "labeltooltip",
    "comment",
    "URL",
    "href",
}
_DIGIT = regex(r"\d")
_PLACE = regex(r"(?:gpu|device|rank|layer)s?\W*\d", re.IGNORECASE)


class EdgeAttributes:
    """Gives the attributes of new edges of one graph."""

    def __init__(self, text: str, deployment: Deployment) -> None:
        self.text = text
        self.deployment = deployment
        self._alike: defaultdict[Kind, list[Edge]] = defaultdict(list)
        for edge in deployment.graph.edges:
            self._alike[self._kind(edge)].append(edge)
        self._usual: dict[Kind, Counter[frozenset[tuple[str, str]]]] = {}

    def attributes(self, exemplar: Edge, stage: int | None, *, verbatim: bool = False) -> str:
        """Give the attributes as they are spelled between the brackets, "" where there are none to take over.

        `stage` (0-based) is that of the new edge's tail; `verbatim` says that texts with numbers hold as they
        are.
        """
        if not verbatim:
            exemplar = self._usual_of(exemplar)
        given = exemplar.statement.attributes
        kept: list[tuple[Attribute, str]] = []
        for attribute in given:
            value = attribute.value.raw if verbatim else self._value(attribute, exemplar, stage)
            if value is not None and attribute.name.value not in _PLACED:
                kept.append((attribute, value))
        lists = exemplar.statement.lists
        if len(lists) == 1 and len(kept) == len(given) and all(value == a.value.raw for a, value in kept):
            return self.text[lists[0].start + 1 : lists[0].end - 1].strip()
        return separator(self.text, given).join(f"{a.name.raw}={value}" for a, value in kept)

    def _value(self, attribute: Attribute, exemplar: Edge, stage: int | None) -> str | None:
        """Give the value as spelled for the new edge; None where nobody can tell it."""
        raw, name = attribute.value.raw, attribute.name.value
        if name not in _TEXTS or not _DIGIT.search(raw):
            return raw
        moved = self._moved(raw, exemplar, stage)
        if moved is not None and moved != raw:
            return moved
        said = [
            edge.statement.values()[name]
            for edge in self._alike[self._kind(exemplar)]
            if name in edge.statement.values()
        ]
        return raw if len(said) > 1 and len(set(said)) == 1 else None

    def _moved(self, raw: str, exemplar: Edge, stage: int | None) -> str | None:
        exemplar_stage = self.deployment.readings[exemplar.tail.index].stage
        if exemplar_stage is None or stage is None or exemplar_stage == stage:
            return None
        return moved_label(self.deployment, raw, exemplar_stage, stage)

    def _usual_of(self, exemplar: Edge) -> Edge:
        """Give the exemplar, or where most edges of its kind are drawn another way, the nearest of those."""
        kind = self._kind(exemplar)
        if kind not in self._usual:
            self._usual[kind] = Counter(_drawn(edge) for edge in self._alike[kind])
        usual = self._usual[kind]
        best, number = usual.most_common(1)[0]
        if usual[_drawn(exemplar)] == number:
            return exemplar
        return min((e for e in self._alike[kind] if _drawn(e) == best), key=lambda e: abs(e.index - exemplar.index))

    def _kind(self, edge: Edge) -> Kind:
        """Give the families that the edge joins, and how many stages it goes on by."""
        tail, head = (self.deployment.readings[node.index] for node in (edge.tail, edge.head))
        step = None if tail.stage is None or head.stage is None else head.stage - tail.stage
        return tail.evidence.name.family, head.evidence.name.family, step


def moved_label(deployment: Deployment, text: str, before: int, after: int) -> str | None:
    """Say of a link that leaves stage `after` what a text says of one that leaves `before`; None where it names GPUs or layers."""
    if _PLACE.search(text):
        return None
    return Shift(deployment.stage_number(before), deployment.stage_number(after)).text(text)


def _drawn(edge: Edge) -> frozenset[tuple[str, str]]:
    """How an edge is drawn: its statement's attributes but for texts and places."""
    return frozenset((n, v) for n, v in edge.statement.values().items() if n not in _PLACED and n not in _TEXTS)
