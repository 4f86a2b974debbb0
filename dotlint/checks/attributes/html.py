"""Errors in HTML-like labels. The grammar is that of Graphviz, in lib/common/htmlparse.y."""

from __future__ import annotations

import re

from dotlint.text.regex import regex

_BLOCK = {"table", "tr", "td"}
_INLINE = {"font", "b", "i", "u", "o", "s", "sub", "sup"}
_EMPTY = {"br", "hr", "vr", "img"}
TAGS = _BLOCK | _INLINE | _EMPTY
# The only allowed parent of a tag; other tags cannot contain rows or cells.
_PARENTS = {"tr": "table", "td": "tr", "hr": "table", "vr": "tr", "img": "td"}
_PIECE = regex(r"<!--.*?-->|<(/?)([A-Za-z][\w:.-]*+)((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>|<|[^<]++", re.DOTALL)
_ATTRIBUTES = regex(r"(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*\s*/?")
_BARE_AMPERSAND = regex(r"&(?!#\d+;|#[xX][0-9a-fA-F]+;|[A-Za-z][A-Za-z0-9]*;)")
_PORT = regex(r"\bport\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)

Flaw = tuple[str, int, int]  # the description and the span in the label


def flaw(label: str) -> Flaw | None:
    """Return the first error in an HTML label, None if Graphviz can draw it."""
    opened: list[tuple[str, int, int]] = []
    for piece in _PIECE.finditer(label):
        at, to = piece.span()
        text = piece[0]
        if text.startswith("<!--"):
            continue
        if text[0] != "<":
            found = _text_flaw(text, at, opened)
        elif piece[2] is None:
            found = ("a `<` that does not start a tag; write `&lt;`", at, to)
        else:
            found = _tag_flaw(piece[1] == "/", piece[2].lower(), piece[3], (at, to), opened)
        if found:
            return found
    if opened:
        name, at, to = opened[-1]
        return f"`<{name}>` is never closed", at, to
    return None


def _text_flaw(text: str, at: int, opened: list[tuple[str, int, int]]) -> Flaw | None:
    bare = _BARE_AMPERSAND.search(text)
    if bare:
        return "a bare `&`; write `&amp;`", at + bare.start(), at + bare.end()
    if opened and opened[-1][0] in {"table", "tr"} and text.strip():
        return (
            f"text directly inside `<{opened[-1][0]}>`, which can contain only {_content(opened[-1][0])}",
            at,
            at + len(text),
        )
    return None


def _content(name: str) -> str:
    return "rows" if name == "table" else "cells"


def _tag_flaw(
    closing: bool, name: str, rest: str, span: tuple[int, int], opened: list[tuple[str, int, int]]
) -> Flaw | None:
    if name not in TAGS:
        return f"Graphviz has no tag `<{name}>`", *span
    if closing:
        if not opened or opened[-1][0] != name:
            return f"`</{name}>` closes {f'`<{opened[-1][0]}>`' if opened else 'nothing'}", *span
        opened.pop()
        return None
    if not _ATTRIBUTES.fullmatch(rest):
        return f'the attributes of `<{name}>` must be written as `name="value"`', *span
    parent = opened[-1][0] if opened else ""
    if name in _PARENTS and parent != _PARENTS[name]:
        return (
            f"`<{name}>` is allowed only directly inside `<{_PARENTS[name]}>`",
            *span,
        )
    if parent in {"table", "tr"} and name not in _PARENTS:
        return f"`<{name}>` directly inside `<{parent}>`, which can contain only {_content(parent)}", *span
    if not rest.rstrip().endswith("/"):
        opened.append((name, *span))
    return None


def ports(label: str) -> set[str]:
    """Return the ports of the tables and cells in an HTML label."""
    return {match[1] or match[2] or "" for match in _PORT.finditer(label)}


def looks_like_html(value: str) -> bool:
    """Return whether a string is probably HTML in quotes: it opens and closes a known tag."""
    text = value.strip()
    for match in re.finditer(r"<([A-Za-z]+)[^<>]*>", text):
        name = match[1].lower()
        if name in TAGS and (name in _EMPTY - {"hr", "vr"} or f"</{name}>" in text.lower()):
            return True
    return False
