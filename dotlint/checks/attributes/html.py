"""Errors in HTML-like labels. The grammar is that of Graphviz, in lib/common/htmlparse.y."""

from __future__ import annotations

import re
from typing import NamedTuple

from msgspec import Struct

from dotlint.data.graphviz import BLOCK_TAGS, EMPTY_TAGS, HTML_TAGS, INLINE_TAGS
from dotlint.text.regex import regex

# The only allowed parent of a tag; other tags cannot contain rows or cells.
_PARENTS = {"tr": "table", "td": "tr", "hr": "table", "vr": "tr", "img": "td"}
_CONTENT = {"table": "row", "tr": "cell"}
_AROUND_TABLES = frozenset({"font", "b", "i", "u", "o"})
_RULES = {"hr": "row", "vr": "cell"}
_PIECE = regex(r"<!--.*?-->|<(/?)([A-Za-z][\w:.-]*+)((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>|<|[^<]++", re.DOTALL)
_ATTRIBUTES = regex(r"(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*(?:\s*/|\s*)")
_NAMES = regex(r"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_BARE_AMPERSAND = regex(r"&(?!#\d+;|#x[0-9a-fA-F]+;|[A-Za-z][A-Za-z0-9]*;)")
_ENTITY = regex(r"&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));")
_XML = frozenset({"amp", "apos", "gt", "lt", "quot"})
_CURLY = regex("[“”„‟]")
_BARE_VALUE = regex(r"(?<==)([^\s\"'<>=/]+)(?=\s|/?>)")
_IMAGE = regex(r"<img\b[^<>]*?\bsrc\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_PORT = regex(r"\bport\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)

_CELL = """align bgcolor border cellpadding cellspacing color fixedsize gradientangle height href id port sides style
target title tooltip valign width"""
# Of other tags, Graphviz ignores the attributes without a warning.
_KNOWN = {
    "table": frozenset(f"{_CELL} cellborder columns rows".split()),
    "td": frozenset(f"{_CELL} balign colspan rowspan".split()),
    "font": frozenset({"color", "face", "point-size"}),
    "br": frozenset({"align"}),
    "img": frozenset({"scale", "src"}),
}


class Flaw(NamedTuple):
    """What is wrong with an HTML label, and the span in it; `ignored` if Graphviz draws the rest of the label."""

    what: str
    start: int
    end: int
    ignored: bool = False


Replacement = tuple[int, int, str]


class _Open(Struct):
    """An open tag ("" for the label itself), as written, and what was read in it so far.

    `space` is a blank, `other` text or tags that cannot stand beside a table, `table` a table or image, `bare` a
    table without a tag around it. `children` are the rows of a table or the cells of a row, `rule` is a rule that none follows yet.
    """

    name: str
    written: str = ""
    at: int = 0
    to: int = 0
    space: bool = False
    other: bool = False
    table: bool = False
    bare: bool = False
    children: int = 0
    rule: Flaw | None = None


def flaw(label: str) -> Flaw | None:
    """Return the first error in an HTML label, or a part that Graphviz ignores; None if it draws all of it."""
    opened: list[_Open] = [_Open("")]
    ignored: Flaw | None = None
    for piece in _PIECE.finditer(label):
        at, to = piece.span()
        text = piece[0]
        if text.startswith("<!--"):
            found = Flaw("`--` inside of a comment", at, to) if "--" in text[4:-3] else None
        elif text[0] != "<":
            found = _entity_flaw(text, at) or _text_flaw(text, at, opened[-1])
        elif piece[2] is None:
            found = Flaw("a `<` that does not start a tag; write `&lt;`", at, to)
        else:
            found = _entity_flaw(text, at) or _tag_flaw(piece[1] == "/", piece[2], piece[3], (at, to), opened)
        if found and not found.ignored:
            return found
        ignored = ignored or found
    if opened[-1].name:
        return Flaw(f"`<{opened[-1].written}>` is never closed", opened[-1].at, opened[-1].to)
    if label and not (opened[-1].space or opened[-1].other or opened[-1].table):
        return Flaw("there is no text and no table in it", 0, len(label))
    return ignored


def _entity_flaw(text: str, at: int) -> Flaw | None:
    bare = _BARE_AMPERSAND.search(text)
    if bare:
        return Flaw("a bare `&`; write `&amp;`", at + bare.start(), at + bare.end())
    entities = list(_ENTITY.finditer(text))
    if not entities:
        return None
    from html.entities import name2codepoint  # noqa: PLC0415 - few labels have entities, and the table is large

    for one in entities:
        code = int(one[1] or one[2] or "0", 10 if one[1] else 16)
        known = one[3] in name2codepoint or one[3] in _XML if one[3] else _is_xml(code)
        if not known:
            return Flaw(f"Graphviz does not know `{one[0]}`", at + one.start(), at + one.end())
    return None


def _is_xml(code: int) -> bool:
    """Return whether XML allows the character."""
    return code in {9, 10, 13} or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000


def _text_flaw(text: str, at: int, inside: _Open) -> Flaw | None:
    span = at, at + len(text)
    if inside.name in _CONTENT or inside.name in _RULES:
        if text.strip():
            return Flaw(f"text directly inside `<{inside.written}>` is not drawn", *span, ignored=True)
        return None
    drawn = any(char >= " " for char in text)  # Graphviz skips line breaks and tabs
    if drawn and inside.name in EMPTY_TAGS:
        return Flaw(f"text inside `<{inside.written}>`, which has no content", *span)
    if inside.table and (text.strip() or (drawn and not inside.bare)):
        return Flaw("text beside a table or image; a label or cell contains only one of them", *span)
    inside.space |= drawn
    inside.other |= bool(text.strip())
    return None


def _tag_flaw(closing: bool, written: str, rest: str, span: tuple[int, int], opened: list[_Open]) -> Flaw | None:
    name = written.lower()
    if name not in HTML_TAGS:
        return Flaw(f"Graphviz has no tag `<{written}>`", *span)
    inside = opened[-1]
    if closing:
        if rest.strip():
            return Flaw(f"`</{written}>` has attributes", *span)
        if inside.written != written:
            closed = f"`<{inside.written}>`" if inside.name else "nothing"
            alike = "; write both alike" if inside.name == name else ""
            return Flaw(f"`</{written}>` closes {closed}{alike}", *span)
        opened.pop()
        return _closing_flaw(inside, opened[-1], span)
    if not _ATTRIBUTES.fullmatch(rest):
        return Flaw(f'the attributes of `<{written}>` must be written as `name="value"`', *span)
    parent = inside.name
    if parent in EMPTY_TAGS:
        return Flaw(f"`<{written}>` inside `<{inside.written}>`, which has no content", *span)
    if name in _PARENTS and parent != _PARENTS[name]:
        return Flaw(f"`<{written}>` is allowed only directly inside `<{_PARENTS[name]}>`", *span)
    if parent in _CONTENT and name not in _PARENTS:
        return Flaw(f"`<{written}>` directly inside `<{parent}>`, which can contain only {_CONTENT[parent]}s", *span)
    wrong = _attribute_flaw(name, written, rest, span)
    found = (wrong if wrong and not wrong.ignored else None) or _content_flaw(name, span, opened)
    if found is None:
        opened.append(_Open(name, written, *span))
        if rest.endswith("/"):
            if name == "td":
                return Flaw(f"`<{written}/>`; write `<{written}></{written}>`", *span)
            found = _closing_flaw(opened.pop(), opened[-1], span)
    return found or wrong


def _attribute_flaw(name: str, written: str, rest: str, span: tuple[int, int]) -> Flaw | None:
    """Return what is wrong with the attributes of a tag; XML distinguishes capitals and small letters."""
    values = [(match[1], match[2] or match[3] or "") for match in _NAMES.finditer(rest)]
    names = [attribute for attribute, _ in values]
    twice = next((one for one in names if names.count(one) > 1), None)
    if twice:
        return Flaw(f"`<{written}>` has the attribute `{twice}` twice", *span)
    if name == "img" and not any(attribute.lower() == "src" and value for attribute, value in values):
        return Flaw(f"`<{written}>` names no image with `src`", *span)
    unknown = next((one for one in names if name in _KNOWN and one.lower() not in _KNOWN[name]), None)
    return Flaw(f"`<{written}>` has no attribute `{unknown}`", *span, ignored=True) if unknown else None


def _content_flaw(name: str, span: tuple[int, int], opened: list[_Open]) -> Flaw | None:
    """Return what is wrong with a tag where it stands, and note it in the tag around it."""
    inside = opened[-1]
    if name in _RULES:
        if not inside.children or inside.rule:
            return _rule_flaw(name, span)
        inside.rule = _rule_flaw(name, span)
    elif name in {"tr", "td"}:
        inside.children += 1
        inside.rule = None
    elif inside.table:
        return Flaw(f"`<{name}>` beside a table or image; a label or cell contains only one of them", *span)
    elif name == "img":
        if inside.space or inside.other:
            return Flaw("an image beside text; a cell contains only one of them", *span)
        inside.table = True
    elif name == "table":
        if inside.other:
            return Flaw("a table beside text; a label or cell contains only one of them", *span)
        for depth, (around, wrapper) in enumerate(zip(opened[::-1][1:], opened[::-1], strict=False)):
            if wrapper.name not in INLINE_TAGS:
                break
            if wrapper.name not in _AROUND_TABLES:
                return Flaw(f"`<{wrapper.name}>` around a table", wrapper.at, wrapper.to)
            if depth:
                return Flaw(
                    f"`<{wrapper.name}>` around another tag around a table; only one is allowed", wrapper.at, wrapper.to
                )
            if around.space or around.other:
                return Flaw(
                    f"text or a blank before `<{wrapper.name}>`, which contains a table", wrapper.at, wrapper.to
                )
    elif name in EMPTY_TAGS:
        inside.other = True
    return None


def _rule_flaw(name: str, span: tuple[int, int]) -> Flaw:
    return Flaw(f"`<{name}/>` is allowed only between two {_RULES[name]}s", *span)


def _closing_flaw(closed: _Open, around: _Open, span: tuple[int, int]) -> Flaw | None:
    """Return what is wrong with a tag that was closed, and note what it is in the tag around it."""
    if closed.rule:
        return closed.rule
    if closed.name in _CONTENT and not closed.children:
        return Flaw(f"`<{closed.written}>` has no {_CONTENT[closed.name]}s", closed.at, span[1])
    if closed.name in INLINE_TAGS and not (closed.space or closed.other or closed.table):
        return Flaw(f"`<{closed.written}>` is empty", closed.at, span[1])
    if closed.name == "table" or (closed.table and closed.name in INLINE_TAGS):
        around.table, around.bare = True, closed.name == "table"
    elif closed.name not in BLOCK_TAGS | _RULES.keys():
        around.other = True
    return None


def repair(label: str) -> list[Replacement] | None:
    """Return the edits that make an HTML label valid if only its spelling is wrong, else None.

    Those are a bare `&`, attributes without straight quotes, and `<br>` without its `/`.
    """
    edits: list[Replacement] = []
    for piece in _PIECE.finditer(label):
        at, to = piece.span()
        if not piece[0].startswith("<"):
            edits += ((at + one.start(), at + one.end(), "&amp;") for one in _BARE_AMPERSAND.finditer(piece[0]))
            continue
        curly = [(at + one.start(), at + one.end(), '"') for one in _CURLY.finditer(piece[0])]
        edits += curly or ((*one.span(1), f'"{one[1]}"') for one in _BARE_VALUE.finditer(label, at, to))
        if piece[2] and piece[2].lower() in EMPTY_TAGS and not piece[1] and not piece[3].endswith("/"):
            edits.append((to - 1, to - 1, "/"))
    text = label
    for start, end, put in reversed(edits):
        text = text[:start] + put + text[end:]
    return edits if edits and flaw(text) is None else None


def ports(label: str) -> set[str]:
    """Return the ports of the tables and cells in an HTML label."""
    return {match[1] or match[2] or "" for match in _PORT.finditer(label)}


def images(label: str) -> list[str]:
    """Return the paths of the images in an HTML label."""
    from html import unescape  # noqa: PLC0415 - it loads the table of entities

    return [unescape(match[1] or match[2] or "") for match in _IMAGE.finditer(label)]


def looks_like_html(value: str) -> bool:
    """Return whether a string is probably HTML in quotes: it opens and closes a known tag."""
    text = value.strip()
    for match in re.finditer(r"<([A-Za-z]+)[^<>]*>", text):
        name = match[1].lower()
        if name in HTML_TAGS and (name in EMPTY_TAGS - {"hr", "vr"} or f"</{name}>" in text.lower()):
            return True
    return False
