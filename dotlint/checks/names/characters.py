"""N012: characters in bare ids that look like a blank, a quote, an operator or another letter."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks.grouping import remaining
from dotlint.edits.attributes import set_attribute
from dotlint.edits.fix_context import in_order
from dotlint.engine.finding import Edit, Fix, Location, Related
from dotlint.syntax.tree import NodeStatement, walk_statements
from dotlint.syntax.walk import ids
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import FileContext
    from dotlint.engine.finding import Outcome
    from dotlint.syntax.tree import Id

_SPACES = "\u00a0\u00ad\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
_QUOTES = "\u2018-\u201f\u2032\u2033\u00ab\u00bb\u2039\u203a\uff02\uff07"
_DASHES = "\u2010-\u2015\u2212\uff0d\ufe58\ufe63"
_ARROWS = "\u2190-\u21ff\u27f0-\u27ff\u2794\u2799-\u27bf\u2900-\u297f\uff1e\uff1c"
_MARKS = "\uff0c\uff1b\uff1a\uff1d\uff3b\uff3d\uff5b\uff5d\u2026"
_SUSPICIOUS = regex(f"[{_SPACES}{_QUOTES}{_DASHES}{_ARROWS}{_MARKS}]")
_MEANT_MARKS = {
    "\uff0c": ",",
    "\uff1b": ";",
    "\uff1a": ":",
    "\uff1d": "=",
    "\uff3b": "[",
    "\uff3d": "]",
    "\uff5b": "{",
    "\uff5d": "}",
}
# Letters of other scripts that look like Latin letters.
_LATIN = dict(
    zip(
        "АВЕЅІЈКМНОРСТУХаеіјорсухѕԁһΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
        "ABESIJKMHOPCTYXaeijopcyxsdhABEZHIKMNOPTYXo",
        strict=True,
    )
)
_FOREIGN = regex(f"[{''.join(_LATIN)}]")
_TWO_WAY = regex("<(?:-+|=+)>")
_OPERATOR = regex(f"[{_DASHES}{_ARROWS}]+")


def suspicious_characters(file: FileContext, card: Card) -> Iterator[Outcome]:
    """Report characters in bare ids that look like others, with one finding for each intended character."""
    text = file.document.text
    if _TWO_WAY.search(text):
        yield from _two_way_arrows(file, card)
    if text.isascii() or not (_SUSPICIOUS.search(text) or _FOREIGN.search(text)):
        return
    directed = file.document.graphs[0].directed if file.document.graphs else True
    found: dict[str, list[tuple[Id, int]]] = defaultdict(list)  # by the intended character
    for one in ids(file.document.tree):
        raw = one.raw
        if raw.isascii() or raw[0] in '"<' or text[one.start : one.end] != raw:
            continue
        for match in _SUSPICIOUS.finditer(raw):
            found[_instead(match[0], directed=directed)].append((one, match.start()))
        if re.search("[A-Za-z]", raw):
            for match in _FOREIGN.finditer(raw):
                found[_instead(match[0], directed=directed)].append((one, match.start()))
    for instead, every in found.items():
        found_here = remaining(file, card, every, _at)
        if not found_here:
            continue
        one, offset = found_here[0]
        character = one.raw[offset]
        edits = [edit for suspect in found_here for edit in _corrected(*suspect, directed=directed)]
        where = "an id" if len(found_here) == 1 else f"ids at {len(found_here)} locations"
        yield card.finding(
            f"{_described(character)} in {where}: Graphviz reads it as a letter",
            one.start + offset,
            one.start + offset + 1,
            locations=tuple(map(_at, found_here)),
            related=tuple(Related("here too", i.start + at, i.start + at + 1) for i, at in found_here[1:4]),
            help=f"write {instead}, or put the id in quotes if the character is intended",
            fix=Fix("unsafe", in_order(edits), f"Replace {_described(character)} with {instead}") if edits else None,
            fixable="unsafe" if edits else None,
        )


def _two_way_arrows(file: FileContext, card: Card) -> Iterator[Outcome]:
    every = [(one, 0) for one in ids(file.document.tree) if _TWO_WAY.fullmatch(one.raw)]
    some = remaining(file, card, every, _at)
    if some:
        one = some[0][0]
        edits = _two_way_edits(file, {start.start for start, _ in some})
        yield card.finding(
            f"`{one.raw}` is no edge: Graphviz reads it as an HTML string, the name of a node",
            one.start,
            one.end,
            locations=tuple(map(_at, some)),
            related=tuple(Related("here too", other.start, other.end) for other, _ in some[1:4]),
            help="write `->` and `[dir=both]`",
            fix=Fix("unsafe", in_order(edits), "Write an edge with dir=both") if edits else None,
            fixable="unsafe" if edits else None,
        )


def _two_way_edits(file: FileContext, starts: set[int]) -> list[Edit]:
    """Return the edits that make an edge of each `a <-> b`; none if an arrow is not between two nodes of their own."""
    edits: list[Edit] = []
    text = file.document.text
    for graph in file.document.graphs:
        statements = list(walk_statements([graph.statement.body]))
        for before, arrow, after in zip(statements, statements[1:], statements[2:], strict=False):
            if arrow.start not in starts:
                continue
            three = [one for one in (before, arrow, after) if isinstance(one, NodeStatement) and len(one.nodes) == 1]
            if len(three) < 3 or before.end != before.core_end or three[0].lists or three[1].lists:
                return []
            edits.append(Edit(arrow.start, arrow.core_end, "->" if graph.directed else "--"))
            if graph.directed:
                edits.append(set_attribute(text, three[2], "dir", "both"))
    return edits if len(edits) == len(starts) * (1 + file.document.graphs[0].directed) else []


def _at(suspect: tuple[Id, int]) -> Location:
    one, offset = suspect
    return Location(one.start + offset, one.start + offset + 1)


def _described(character: str) -> str:
    name = unicodedata.name(character, "a character").lower()
    return f"U+{ord(character):04X} ({name})"


def _instead(character: str, *, directed: bool) -> str:
    if character in _LATIN:
        return f"the Latin `{_LATIN[character]}`"
    if character in _MEANT_MARKS:
        return f"`{_MEANT_MARKS[character]}`"
    if re.match(f"[{_SPACES}]", character):
        return "a plain blank"
    if re.match(f"[{_QUOTES}]", character):
        return 'a plain `"`'
    if _OPERATOR.match(character):
        return f"`{'->' if directed else '--'}`"
    return "plain characters"


def _corrected(one: Id, offset: int, *, directed: bool) -> list[Edit]:
    """Return the edits that write the intended character; none if it is not certain."""
    character = one.raw[offset]
    start = one.start + offset
    if character in _LATIN:
        return [Edit(start, start + 1, _LATIN[character])]
    if re.match(f"[{_SPACES}]", character):
        return [Edit(start, start + 1, "" if unicodedata.category(character) == "Cf" else " ")]
    if re.match(f"[{_QUOTES}]", character):
        return [Edit(start, start + 1, '"')]
    if _OPERATOR.fullmatch(one.raw):
        return [Edit(one.start, one.end, "->" if directed else "--")] if offset == 0 else []
    if character in _MEANT_MARKS and offset in {0, len(one.raw) - 1}:
        return [Edit(start, start + 1, _MEANT_MARKS[character])]
    return []
