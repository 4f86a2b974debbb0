"""What may be written at the cursor: attribute names, their values, ids of nodes, keywords."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from lsprotocol import types
from msgspec.structs import replace

from dotlint.data import graphviz
from dotlint.edits.statement import id_text
from dotlint.report.text import visible
from dotlint.server.cursor import cursor_at
from dotlint.server.diagnostics import range_of
from dotlint.server.text import alike, carried

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.data.graphviz import AttributeFact
    from dotlint.server.cursor import Cursor
    from dotlint.server.messages import Reading
    from dotlint.server.open_files import OpenFile

_MOST: Final = 500
_STATEMENTS_BACK: Final = 20
_MOST_BEFORE: Final = 50_000
_KEYWORDS: Final = ("node", "edge", "graph", "subgraph")
_LETTERS: Final = {"graph": "GCS", "cluster": "C", "subgraph": "S", "node": "N", "edge": "E"}
_KINDS: Final = {
    "attribute": types.CompletionItemKind.Property,
    "value": types.CompletionItemKind.EnumMember,
    "color": types.CompletionItemKind.Color,
    "node": types.CompletionItemKind.Variable,
    "keyword": types.CompletionItemKind.Keyword,
    "cluster": types.CompletionItemKind.Module,
}
_SEPARATORS: Final = {"style": ",", **dict.fromkeys(("color", "fillcolor", "bgcolor"), ":;")}
Offer = tuple[str, str, str, str]
"""What it is called, what is written, its kind, what is said of it."""


def complete(file: OpenFile, place: tuple[int, int]) -> types.CompletionList:
    """Give what may be written at a position of a file, as it is being typed; needs no reading to be up to date."""
    text = file.text
    offset = text.offset(place)
    cursor = _narrowed(cursor_at(text.body, offset, since(file, offset)), text.body, offset)
    reading = file.current.reading or (file.last.reading if file.last else None)
    typed = cursor.typed.lower()
    fitting = (one for one in _offers(cursor, reading, text.body) if one[0].lower().startswith(typed))
    offers = list(islice(fitting, _MOST + 1))
    range_ = range_of(text, cursor.start, cursor.end)
    items = [_item(offer, cursor, range_) for offer in offers[:_MOST]]
    return types.CompletionList(is_incomplete=len(offers) > _MOST, items=items)


def since(file: OpenFile, offset: int) -> int:
    """Give the start of a statement some way before a place, as far as a reading of the file knows one."""
    text = file.text.body
    for snapshot in (file.current, file.last):
        if snapshot is None or snapshot.reading is None:
            continue
        start = _before(snapshot.reading, snapshot.text.body, text, offset)
        if offset - start < _MOST_BEFORE:
            return start
    return 0 if offset < _MOST_BEFORE else text.rfind("\n", 0, offset) + 1


def _before(reading: Reading, old: str, text: str, offset: int) -> int:
    mentions = reading.mentions
    same = alike(old, text)
    place = carried(old, text, offset) if offset > same else None
    if place is not None:  # behind the last change: statements there have moved
        start = mentions.statement_before(place, _STATEMENTS_BACK)
        moved = start + offset - place
        if start > same and carried(old, text, moved) == start:
            return moved
    return mentions.statement_before(min(offset, same), _STATEMENTS_BACK)


def _offers(cursor: Cursor, reading: Reading | None, text: str) -> Iterator[Offer]:
    if cursor.kind == "statement":
        yield from ((word, word, "keyword", "") for word in _KEYWORDS)
    if cursor.kind in {"statement", "attribute"}:
        letters = _LETTERS[cursor.element]
        for name, fact in graphviz.attributes().items():
            if fact.allowed(letters) and not fact.written and not fact.deprecated:
                equals = "" if text[cursor.end : cursor.end + 20].lstrip().startswith("=") else "="
                yield name, name + equals, "attribute", _said(fact)
    if cursor.kind in {"statement", "node"} and reading is not None:  # last, for there may be very many
        typed = cursor.typed.lower()
        names = (name for name in reading.mentions.names if name.lower().startswith(typed))
        yield from ((name, id_text(name), "node", "") for name in dict.fromkeys(names))
    if cursor.kind == "value":
        known = graphviz.attributes().get(cursor.attribute)
        yield from _values(known, cursor, reading) if known is not None else ()


def _said(fact: AttributeFact) -> str:
    least = "" if fact.minimum is None else f", {'more than' if fact.above else 'at least'} {fact.minimum:g}"
    return " or ".join(fact.types) + least


def _values(fact: AttributeFact, cursor: Cursor, reading: Reading | None) -> Iterator[Offer]:
    for kind in fact.types:
        said = f"{fact.name}: {kind}"
        words: Iterable[str] = graphviz.enumeration_values("compass" if kind == "portPos" else kind)
        if kind == "bool":
            words = ("true", "false")
        elif kind == "shape":
            words = sorted(graphviz.shapes())
        elif kind == "style":
            words = sorted(graphviz.styles(cursor.element))
        elif kind == "arrow":
            words = graphviz.arrow_parts()
        elif kind == "cluster" and reading is not None:
            names = dict.fromkeys(name for name, _, _ in reading.clusters if name.lower().startswith("cluster"))
            yield from ((name, id_text(name), "cluster", said) for name in names)
        elif kind == "color":
            yield from ((word, word, "color", said) for word in sorted(graphviz.color_names("x11")))
        yield from ((word, id_text(word), "value", said) for word in words)


def _narrowed(cursor: Cursor, text: str, offset: int) -> Cursor:
    """Give of what stands in quotes the part that is being written: the quotes stay, and other words of a list."""
    if not cursor.quoted:
        return cursor
    start, end = cursor.start + 1, cursor.end - (cursor.end > offset)
    separators = _SEPARATORS.get(cursor.attribute, "")
    if separators:
        pieces = [text[start:offset].rfind(mark) for mark in separators]
        start += max(pieces) + 1
        end = min([end, *(at for mark in separators if (at := text.find(mark, offset, end)) >= 0)])
        start += len(text[start:offset]) - len(text[start:offset].lstrip())
    return replace(cursor, start=start, end=end, typed=text[start:offset])


def _item(offer: Offer, cursor: Cursor, place: types.Range) -> types.CompletionItem:
    name, written, kind, said = offer
    if cursor.quoted:
        written = name.replace('"', '\\"') if kind in {"node", "cluster"} else name
    return types.CompletionItem(
        label=visible(name),
        kind=_KINDS[kind],
        detail=said or None,
        filter_text=name,
        text_edit=types.TextEdit(place, written),
    )
