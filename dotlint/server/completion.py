"""Completion at the cursor: attributes, their values, node ids and keywords, and the words of dotlint's comments."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from lsprotocol import types
from msgspec.structs import replace

from dotlint.data import graphviz
from dotlint.edits.statement import id_text
from dotlint.server.attribute_text import attribute_text, color_words, value_words
from dotlint.server.cards import rule_text
from dotlint.server.comments import comment_offers, named_rule
from dotlint.server.cursor import Cursor, cursor_at
from dotlint.server.diagnostics import range_of
from dotlint.server.inside_dot import is_dot, since
from dotlint.text.display import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dotlint.data.graphviz import AttributeFact
    from dotlint.server.comments import Offer
    from dotlint.server.messages import ParsedText, RuleInfo
    from dotlint.server.open_file import OpenFile

_MOST: Final = 500
_KEYWORDS: Final = ("node", "edge", "graph", "subgraph")
_LETTERS: Final = {"graph": "GCS", "cluster": "C", "subgraph": "S", "node": "N", "edge": "E"}
_KINDS: Final = {
    "attribute": types.CompletionItemKind.Property,
    "value": types.CompletionItemKind.EnumMember,
    "color": types.CompletionItemKind.Color,
    "node": types.CompletionItemKind.Variable,
    "keyword": types.CompletionItemKind.Keyword,
    "cluster": types.CompletionItemKind.Module,
    "rule": types.CompletionItemKind.Constant,
}
_SEPARATORS: Final = {"style": ",", **dict.fromkeys(("color", "fillcolor", "bgcolor"), ":;")}


def complete(file: OpenFile, position: tuple[int, int]) -> types.CompletionList:
    """Return the completions at a position of a file; the latest parsed text may be older than the file."""
    text = file.text
    offset = text.offset(position)
    if not is_dot(file, offset):
        return types.CompletionList(is_incomplete=False, items=[])
    comment = comment_offers(file, offset)
    offers: Iterable[Offer]
    if comment is not None:
        offers, start = comment
        cursor = Cursor("none", start, offset, text.body[start:offset])
    else:
        cursor = _narrowed(cursor_at(text.body, offset, since(file, offset)), text.body, offset)
        parsed = file.current.parsed or (file.last.parsed if file.last else None)
        offers = _offers(cursor, parsed, text.body)
    typed = cursor.typed.lower()
    fitting = list(islice((one for one in offers if one[0].lower().startswith(typed)), _MOST + 1))
    range_ = range_of(text, cursor.start, cursor.end)
    items = [_completion_item(offer, cursor, range_, file.uri) for offer in fitting[:_MOST]]
    return types.CompletionList(is_incomplete=len(fitting) > _MOST, items=items)


def documented(item: types.CompletionItem, rules: Mapping[str, RuleInfo], *, markdown: bool) -> types.CompletionItem:
    """Return a completion with its documentation: that of the attribute, the rule or the color."""
    text: str | None = None
    name = item.filter_text or item.label
    match next((word for word, kind in _KINDS.items() if kind == item.kind), None):
        case "attribute" if name in graphviz.attributes():
            text = attribute_text(graphviz.attributes()[name], markdown=markdown)
        case "rule" if (rule := named_rule(rules, name)) is not None:
            text = rule_text(rule, markdown=markdown)
        case "color":
            text = color_words(name)
    if text is not None:
        kind = types.MarkupKind.Markdown if markdown else types.MarkupKind.PlainText
        item.documentation = types.MarkupContent(kind, text)
    return item


def _offers(cursor: Cursor, parsed: ParsedText | None, text: str) -> Iterator[Offer]:
    if cursor.kind == "statement":
        yield from ((word, word, "keyword", "") for word in _KEYWORDS)
    if cursor.kind in {"statement", "attribute"}:
        letters = _LETTERS[cursor.element]
        for name, fact in graphviz.attributes().items():
            if fact.allowed(letters) and not fact.written and not fact.deprecated:
                equals = "" if text[cursor.end : cursor.end + 20].lstrip().startswith("=") else "="
                yield name, name + equals, "attribute", value_words(fact)
    if cursor.kind in {"statement", "node"} and parsed is not None:  # last, since there may be very many
        typed = cursor.typed.lower()
        names = (name for name in parsed.mentions.names if name.lower().startswith(typed))
        yield from ((name, id_text(name), "node", "") for name in dict.fromkeys(names))
    if cursor.kind == "value":
        known = graphviz.attributes().get(cursor.attribute)
        yield from _values(known, cursor, parsed) if known is not None else ()


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


def _completion_item(offer: Offer, cursor: Cursor, range_: types.Range, uri: str) -> types.CompletionItem:
    name, written, kind, detail = offer
    if cursor.quoted:
        written = name.replace('"', '\\"') if kind in {"node", "cluster"} else name
    return types.CompletionItem(
        label=visible(name),
        kind=_KINDS[kind],
        detail=detail or None,
        filter_text=name,
        text_edit=types.TextEdit(range_, written),
        data={"uri": uri},
    )
