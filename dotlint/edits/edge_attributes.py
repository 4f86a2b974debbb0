"""Copy attributes from an exemplar to a planned edge, except those that apply only to the exemplar."""

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

EdgeKind = tuple[str, str, int | None]
# The drawing of an edge, and what identifies it.
_OWN = {
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
_UNIT_NUMBER = regex(r"(?:gpu|device|rank|layer)s?\W*\d", re.IGNORECASE)


class EdgeAttributes:
    """Derives the attributes of planned edges of one graph from those of its edges."""

    def __init__(self, text: str, deployment: Deployment) -> None:
        self.text = text
        self.deployment = deployment
        self._by_kind: defaultdict[EdgeKind, list[Edge]] = defaultdict(list)
        for edge in deployment.graph.edges:
            self._by_kind[self._edge_kind(edge)].append(edge)
        self._styles: dict[EdgeKind, Counter[frozenset[tuple[str, str]]]] = {}

    def attributes(self, exemplar: Edge, stage: int | None, *, verbatim: bool = False) -> str:
        """Return the attributes as written between the brackets, or "".

        `stage` (0-based) is that of the new edge's tail. `verbatim` copies texts with numbers unchanged.
        """
        if not verbatim:
            exemplar = self._usual_of(exemplar)
        present = exemplar.statement.attributes
        kept: list[tuple[Attribute, str]] = []
        for attribute in present:
            value = attribute.value.raw if verbatim else self._value(attribute, exemplar, stage)
            if value is not None and attribute.name.value not in _OWN:
                kept.append((attribute, value))
        lists = exemplar.statement.lists
        if len(lists) == 1 and len(kept) == len(present) and all(value == a.value.raw for a, value in kept):
            return self.text[lists[0].start + 1 : lists[0].end - 1].strip()
        return separator(self.text, present).join(f"{a.name.raw}={value}" for a, value in kept)

    def _value(self, attribute: Attribute, exemplar: Edge, stage: int | None) -> str | None:
        """Return the value as written for the new edge; None if it cannot be inferred."""
        raw, name = attribute.value.raw, attribute.name.value
        if name not in _TEXTS or not _DIGIT.search(raw):
            return raw
        moved = self._renumbered(raw, exemplar, stage)
        if moved is not None and moved != raw:
            return moved
        texts = [
            edge.statement.values()[name]
            for edge in self._by_kind[self._edge_kind(exemplar)]
            if name in edge.statement.values()
        ]
        return raw if len(texts) > 1 and len(set(texts)) == 1 else None

    def _renumbered(self, raw: str, exemplar: Edge, stage: int | None) -> str | None:
        exemplar_stage = self.deployment.readings[exemplar.tail.index].stage
        if exemplar_stage is None or stage is None or exemplar_stage == stage:
            return None
        return moved_label(self.deployment, raw, exemplar_stage, stage)

    def _usual_of(self, exemplar: Edge) -> Edge:
        """Return the exemplar, or the nearest edge in the most common style of its kind if the exemplar's differs."""
        kind = self._edge_kind(exemplar)
        if kind not in self._styles:
            self._styles[kind] = Counter(_style(edge) for edge in self._by_kind[kind])
        styles = self._styles[kind]
        best, number = styles.most_common(1)[0]
        if styles[_style(exemplar)] == number:
            return exemplar
        return min((e for e in self._by_kind[kind] if _style(e) == best), key=lambda e: abs(e.index - exemplar.index))

    def _edge_kind(self, edge: Edge) -> EdgeKind:
        """Return the families of both ends and the difference of their stages."""
        tail, head = (self.deployment.readings[node.index] for node in (edge.tail, edge.head))
        step = None if tail.stage is None or head.stage is None else head.stage - tail.stage
        return tail.evidence.name.family, head.evidence.name.family, step


def moved_label(deployment: Deployment, text: str, before: int, after: int) -> str | None:
    """Return a link's text renumbered from stage `before` to stage `after`; None if it names GPUs, ranks or layers."""
    if _UNIT_NUMBER.search(text):
        return None
    return Shift(deployment.stage_number(before), deployment.stage_number(after)).text(text)


def _style(edge: Edge) -> frozenset[tuple[str, str]]:
    """Return the style of an edge: its statement's attributes without texts and drawing data."""
    return frozenset((n, v) for n, v in edge.statement.values().items() if n not in _OWN and n not in _TEXTS)
