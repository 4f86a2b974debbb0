"""Errors in HTML-like labels. The grammar is that of Graphviz, in lib/common/htmlparse.y."""

from __future__ import annotations

import re
from html import unescape

from msgspec import Struct

from dotlint.data.graphviz import BLOCK_TAGS, EMPTY_TAGS, HTML_TAGS, INLINE_TAGS
from dotlint.text.regex import regex

# The only allowed parent of a tag; other tags cannot contain rows or cells.
_PARENTS = {"tr": "table", "td": "tr", "hr": "table", "vr": "tr", "img": "td"}
_CONTENT = {"table": "row", "tr": "cell"}
_RULES = {"hr": "row", "vr": "cell"}
_PIECE = regex(r"<!--.*?-->|<(/?)([A-Za-z][\w:.-]*+)((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>|<|[^<]++", re.DOTALL)
_ATTRIBUTES = regex(r"(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*\s*/?")
_BARE_AMPERSAND = regex(r"&(?!#\d+;|#[xX][0-9a-fA-F]+;|[A-Za-z][A-Za-z0-9]*;)")
_CURLY = regex("[“”„‟]")
_IMAGE = regex(r"<img\b[^<>]*?\bsrc\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_PORT = regex(r"\bport\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)

Flaw = tuple[str, int, int]  # the description and the span in the label
Replacement = tuple[int, int, str]


class _Open(Struct):
    """An open tag ("" for the label itself) and what was read in it so far.

    `space` is a blank, `other` text or tags that cannot stand beside a table, `table` a table or image, `bare` a
    table without a tag around it. `children` are the rows of a table or the cells of a row, `rule` is a rule that none follows yet.
    """

    name: str
    at: int = 0
    to: int = 0
    space: bool = False
    other: bool = False
    table: bool = False
    bare: bool = False
    children: int = 0
    rule: Flaw | None = None


def flaw(label: str) -> Flaw | None:
    """Return the first error in an HTML label, None if Graphviz can draw it."""
    opened: list[_Open] = [_Open("")]
    for piece in _PIECE.finditer(label):
        at, to = piece.span()
        text = piece[0]
        if text.startswith("<!--"):
            continue
        if text[0] != "<":
            found = _text_flaw(text, at, opened[-1])
        elif piece[2] is None:
            found = ("a `<` that does not start a tag; write `&lt;`", at, to)
        else:
            found = _tag_flaw(piece[1] == "/", piece[2].lower(), piece[3], (at, to), opened)
        if found:
            return found
    if opened[-1].name:
        return f"`<{opened[-1].name}>` is never closed", opened[-1].at, opened[-1].to
    return None


def _text_flaw(text: str, at: int, inside: _Open) -> Flaw | None:
    bare = _BARE_AMPERSAND.search(text)
    if bare:
        return "a bare `&`; write `&amp;`", at + bare.start(), at + bare.end()
    span = at, at + len(text)
    if inside.name in _CONTENT:
        if text.strip():
            return f"text directly inside `<{inside.name}>`, which can contain only {_CONTENT[inside.name]}s", *span
        return None
    drawn = any(char >= " " for char in text)  # Graphviz skips line breaks and tabs
    if inside.table and (text.strip() or (drawn and not inside.bare)):
        return "text beside a table or image; a label or cell contains only one of them", *span
    inside.space |= drawn
    inside.other |= bool(text.strip())
    return None


def _tag_flaw(closing: bool, name: str, rest: str, span: tuple[int, int], opened: list[_Open]) -> Flaw | None:
    if name not in HTML_TAGS:
        return f"Graphviz has no tag `<{name}>`", *span
    inside = opened[-1]
    if closing:
        if inside.name != name:
            return f"`</{name}>` closes {f'`<{inside.name}>`' if inside.name else 'nothing'}", *span
        opened.pop()
        return _closing_flaw(inside, opened[-1], span)
    if not _ATTRIBUTES.fullmatch(rest):
        return f'the attributes of `<{name}>` must be written as `name="value"`', *span
    parent = inside.name
    if name in _PARENTS and parent != _PARENTS[name]:
        return f"`<{name}>` is allowed only directly inside `<{_PARENTS[name]}>`", *span
    if parent in _CONTENT and name not in _PARENTS:
        return f"`<{name}>` directly inside `<{parent}>`, which can contain only {_CONTENT[parent]}s", *span
    found = _content_flaw(name, span, opened)
    if found is None and not (rest.rstrip().endswith("/") or name in {"hr", "vr"}):
        opened.append(_Open(name, *span))
    return found


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
        return f"`<{name}>` beside a table or image; a label or cell contains only one of them", *span
    elif name == "img":
        if inside.space or inside.other:
            return "an image beside text; a cell contains only one of them", *span
        inside.table = True
    elif name == "table":
        if inside.other:
            return "a table beside text; a label or cell contains only one of them", *span
        for around, wrapper in zip(opened[::-1][1:], opened[::-1], strict=False):
            if wrapper.name not in INLINE_TAGS:
                break
            if around.space or around.other:
                return f"text or a blank before `<{wrapper.name}>`, which contains a table", wrapper.at, wrapper.to
    elif name in EMPTY_TAGS:
        inside.other = True
    return None


def _rule_flaw(name: str, span: tuple[int, int]) -> Flaw:
    return f"`<{name}/>` is allowed only between two {_RULES[name]}s", *span


def _closing_flaw(closed: _Open, around: _Open, span: tuple[int, int]) -> Flaw | None:
    """Return what is wrong with a tag that was closed, and note what it is in the tag around it."""
    if closed.rule:
        return closed.rule
    if closed.name in _CONTENT and not closed.children:
        return f"`<{closed.name}>` has no {_CONTENT[closed.name]}s", closed.at, span[1]
    if closed.name == "table" or (closed.table and closed.name in INLINE_TAGS):
        around.table, around.bare = True, closed.name == "table"
    elif closed.name not in BLOCK_TAGS:
        around.other = True
    return None


def repair(label: str) -> list[Replacement] | None:
    """Return the edits that make an HTML label valid if only `&` and curly quotes are wrong in it, else None."""
    edits: list[Replacement] = []
    for piece in _PIECE.finditer(label):
        pattern, put = (_CURLY, '"') if piece[0].startswith("<") else (_BARE_AMPERSAND, "&amp;")
        edits += ((piece.start() + one.start(), piece.start() + one.end(), put) for one in pattern.finditer(piece[0]))
    text = label
    for start, end, put in reversed(edits):
        text = text[:start] + put + text[end:]
    return edits if edits and flaw(text) is None else None


def ports(label: str) -> set[str]:
    """Return the ports of the tables and cells in an HTML label."""
    return {match[1] or match[2] or "" for match in _PORT.finditer(label)}


def images(label: str) -> list[str]:
    """Return the paths of the images in an HTML label."""
    return [unescape(match[1] or match[2] or "") for match in _IMAGE.finditer(label)]


def looks_like_html(value: str) -> bool:
    """Return whether a string is probably HTML in quotes: it opens and closes a known tag."""
    text = value.strip()
    for match in re.finditer(r"<([A-Za-z]+)[^<>]*>", text):
        name = match[1].lower()
        if name in HTML_TAGS and (name in EMPTY_TAGS - {"hr", "vr"} or f"</{name}>" in text.lower()):
            return True
    return False
