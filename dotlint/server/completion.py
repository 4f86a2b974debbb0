"""Completion at the cursor: attribute names, their values, node ids and keywords."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from lsprotocol import types
from msgspec.structs import replace

from dotlint.data import graphviz
from dotlint.documents.kinds import is_document
from dotlint.edits.statement import id_text
from dotlint.server.cursor import cursor_at
from dotlint.server.diagnostics import range_of
from dotlint.server.text import common_prefix, offset_before_change
from dotlint.text.display import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.data.graphviz import AttributeFact
    from dotlint.server.cursor import Cursor
    from dotlint.server.messages import ParsedText
    from dotlint.server.open_files import OpenFile

_MOST: Final = 500
_STATEMENTS_BEFORE: Final = 20
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
"""Label, inserted text, kind and detail."""


def complete(file: OpenFile, position: tuple[int, int]) -> types.CompletionList:
    """Return the completions at a position of a file; the latest parsed text may be older than the file."""
    text = file.text
    offset = text.offset(position)
    if not _is_dot(file, offset):
        return types.CompletionList(is_incomplete=False, items=[])
    cursor = _narrowed(cursor_at(text.body, offset, since(file, offset)), text.body, offset)
    parsed = file.current.parsed or (file.last.parsed if file.last else None)
    typed = cursor.typed.lower()
    fitting = (one for one in _offers(cursor, parsed, text.body) if one[0].lower().startswith(typed))
    offers = list(islice(fitting, _MOST + 1))
    range_ = range_of(text, cursor.start, cursor.end)
    items = [_completion_item(offer, cursor, range_) for offer in offers[:_MOST]]
    return types.CompletionList(is_incomplete=len(offers) > _MOST, items=items)


def _is_dot(file: OpenFile, offset: int) -> bool:
    """Return whether an offset is inside DOT: always in a DOT file, and within a block of a document."""
    snapshot = file.current if file.current.parsed else file.last
    if not is_document(file.path):
        return True
    if snapshot is None or snapshot.parsed is None or snapshot.parsed.spans is None:
        return False
    old, text = snapshot.text.body, file.text.body
    same = common_prefix(old, text)
    before = offset_before_change(old, text, offset) if offset > same else offset
    at = same if before is None else before
    return any(start <= at <= end for start, end in snapshot.parsed.spans)


def since(file: OpenFile, offset: int) -> int:
    """Return the offset of the start of some statement before an offset; parsing can begin there."""
    text = file.text.body
    for snapshot in (file.current, file.last):
        if snapshot is None or snapshot.parsed is None:
            continue
        start = _statement_start(snapshot.parsed, snapshot.text.body, text, offset)
        if offset - start < _MOST_BEFORE:
            return start
    return 0 if offset < _MOST_BEFORE else text.rfind("\n", 0, offset) + 1


def _statement_start(parsed: ParsedText, old: str, text: str, offset: int) -> int:
    mentions = parsed.mentions
    same = common_prefix(old, text)
    old_offset = offset_before_change(old, text, offset) if offset > same else None
    if old_offset is not None:  # after the last change, which has moved the statements
        start = mentions.statement_before(old_offset, _STATEMENTS_BEFORE)
        moved = start + offset - old_offset
        if start > same and offset_before_change(old, text, moved) == start:
            return moved
    return mentions.statement_before(min(offset, same), _STATEMENTS_BEFORE)


def _offers(cursor: Cursor, parsed: ParsedText | None, text: str) -> Iterator[Offer]:
    if cursor.kind == "statement":
        yield from ((word, word, "keyword", "") for word in _KEYWORDS)
    if cursor.kind in {"statement", "attribute"}:
        letters = _LETTERS[cursor.element]
        for name, fact in graphviz.attributes().items():
            if fact.allowed(letters) and not fact.written and not fact.deprecated:
                equals = "" if text[cursor.end : cursor.end + 20].lstrip().startswith("=") else "="
                yield name, name + equals, "attribute", _value_types(fact)
    if cursor.kind in {"statement", "node"} and parsed is not None:  # last, since there may be very many
        typed = cursor.typed.lower()
        names = (name for name in parsed.mentions.names if name.lower().startswith(typed))
        yield from ((name, id_text(name), "node", "") for name in dict.fromkeys(names))
    if cursor.kind == "value":
        known = graphviz.attributes().get(cursor.attribute)
        yield from _values(known, cursor, parsed) if known is not None else ()


def _value_types(fact: AttributeFact) -> str:
    least = "" if fact.minimum is None else f", {'more than' if fact.above else 'at least'} {fact.minimum:g}"
    return " or ".join(fact.types) + least


def _values(fact: AttributeFact, cursor: Cursor, parsed: ParsedText | None) -> Iterator[Offer]:
    for kind in fact.types:
        detail = f"{fact.name}: {kind}"
        words: Iterable[str] = graphviz.enumeration_values("compass" if kind == "portPos" else kind)
        if kind == "bool":
            words = ("true", "false")
        elif kind == "shape":
            words = sorted(graphviz.shapes())
        elif kind == "style":
            words = sorted(graphviz.styles(cursor.element))
        elif kind == "arrow":
            words = graphviz.arrow_parts()
        elif kind == "cluster" and parsed is not None:
            names = dict.fromkeys(name for name, _, _ in parsed.clusters if name.lower().startswith("cluster"))
            yield from ((name, id_text(name), "cluster", detail) for name in names)
        elif kind == "color":
            yield from ((word, word, "color", detail) for word in sorted(graphviz.color_names("x11")))
        yield from ((word, id_text(word), "value", detail) for word in words)


def _narrowed(cursor: Cursor, text: str, offset: int) -> Cursor:
    """Narrow the cursor to the part of a quoted value that is being typed: without the quotes and the other list items."""
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


def _completion_item(offer: Offer, cursor: Cursor, range_: types.Range) -> types.CompletionItem:
    name, written, kind, detail = offer
    if cursor.quoted:
        written = name.replace('"', '\\"') if kind in {"node", "cluster"} else name
    return types.CompletionItem(
        label=visible(name),
        kind=_KINDS[kind],
        detail=detail or None,
        filter_text=name,
        text_edit=types.TextEdit(range_, written),
    )
