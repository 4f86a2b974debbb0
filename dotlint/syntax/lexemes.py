"""Ids, attributes and attribute lists: their spans, spellings and meanings.

Nothing is copied out of the text until it is asked for. `at` and `to` are offsets in the text that was parsed,
`start` and `end` are offsets in the source text; they differ if the parser read an edited copy
(`dotlint.syntax.source.Edited`). The structs are not frozen, for speed, and compare by identity.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from dotlint.syntax.source import Edited
from dotlint.syntax.terminals import ATTRIBUTE, BETWEEN, STRING, html_end
from dotlint.text.display import short_repr
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from re import Match

Span = tuple[int, int]

_SHORT = 80  # longest attribute lists that are cached, in characters
_STRING = regex(STRING)
_ESCAPE = regex(r'\\(["\\\n])')
_MEANING = {'"': '"', "\\": "\\\\", "\n": ""}


class Html(str):
    """The text of an HTML-like id or value.

    It is unequal to a plain string of the same text, as in Graphviz since 13.0.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Html) and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return ~str.__hash__(self)


def decode(raw: str) -> str:
    r"""Return the meaning of an id, given its spelling `raw`.

    A name or number means itself; `"..."` and `<...>` (an `Html`) mean their content.

    Of the escapes, only `\"` (a quote) and `\` before LF (nothing) are resolved; the others are kept as written.
    Pieces joined by `+` are one plain string, even HTML pieces.
    """
    first = raw[0]
    if first == '"':
        if raw.find('"', 1, -1) < 0:
            return _unescape(raw[1:-1])
    elif first == "<":
        if html_end(raw, 0) == len(raw):
            return Html(raw[1:-1])
    else:
        return raw
    pieces: list[str] = []
    at = 0
    while at < len(raw):
        if raw[at] == '"':
            end = cast("Match[str]", _STRING.match(raw, at)).end()
            pieces.append(_unescape(raw[at + 1 : end - 1]))
        else:
            end = html_end(raw, at)
            pieces.append(raw[at + 1 : end - 1])
        at = cast("Match[str]", BETWEEN.match(raw, end)).end()
    return "".join(pieces)


_SHARED: dict[str, str] = {}
_MOST_SHARED = 4096
_LONG = 256


def interned(text: str) -> str:
    """Return an equal string that was met before, because most names and labels occur a thousand times in a file.

    Only a few thousand short strings are kept, so that memory stays bounded if every string is different.
    """
    if len(text) > _LONG or type(text) is not str:
        return text
    if len(_SHARED) >= _MOST_SHARED:
        _SHARED.clear()
    return _SHARED.setdefault(text, text)


def _unescape(text: str) -> str:
    if '\\"' not in text and "\\\n" not in text:
        return text
    return _ESCAPE.sub(lambda match: _MEANING[match[1]], text)


def source_offset(text: str, offset: int) -> int:
    """Return the offset in the source text of an offset in the text that was parsed."""
    return text.source_offset(offset) if isinstance(text, Edited) else offset


def attribute_values(text: str, start: int, end: int) -> dict[str, str]:
    """Parse well-formed plain attribute lists to a new dict of name to value; the last value wins."""
    if end - start <= _SHORT:  # a thousand edges may have `[style=dashed]`
        return _cached_attribute_values(text[start:end]).copy()
    return _attribute_values(text[start:end])


def _attribute_values(lists: str) -> dict[str, str]:
    found: dict[str, str] = {}
    known = _SHARED.get  # most are known, and a call of `interned` for each would dominate the time
    for name, value in ATTRIBUTE.findall(lists):
        if name[0] in '"<':
            name = decode(name)  # noqa: PLW2901
        read = decode(value) if value[0] in '"<' else value
        found[known(name) or interned(name)] = read if len(read) > _LONG else known(read) or interned(read)
    return found


_cached_attribute_values = lru_cache(1024)(_attribute_values)


# None of these structs is part of a reference cycle; `gc=False` saves a quarter of their size.
class Lexeme(Struct, eq=False, gc=False):
    """A token; `at` and `to` are its span in the text that was parsed, `start` and `end` its span in the source text."""

    type: str
    text: str
    at: int
    to: int

    def __repr__(self) -> str:
        return f"{type(self).__name__}({short_repr(self.raw)}, at={self.at})"

    @property
    def start(self) -> int:
        """The offset in the source text."""
        return source_offset(self.text, self.at)

    @property
    def end(self) -> int:
        """The offset in the source text, exclusive."""
        return source_offset(self.text, self.to)

    @property
    def raw(self) -> str:
        """The spelling."""
        return self.text[self.at : self.to]


class Id(Lexeme, eq=False, gc=False):
    """An id: its spelling (`raw`) and its meaning (`value`, a `str` or `Html`)."""

    @property
    def value(self) -> str:
        """The meaning: unquoted and concatenated; escapes are kept as in the file."""
        return decode(self.raw)

    @property
    def html(self) -> bool:
        """Whether it is spelled `<...>` in one piece."""
        return isinstance(self.value, Html)

    @property
    def quoted(self) -> bool:
        """Whether it is spelled with quotes."""
        return self.text.startswith('"', self.at)


class Attribute(Struct, eq=False, gc=False):
    """`name=value` in an attribute list, or as a statement."""

    name: Id
    value: Id

    @property
    def start(self) -> int:
        """The offset of the name."""
        return self.name.start

    @property
    def end(self) -> int:
        """The offset after the value."""
        return self.value.end


class AttributeList(Struct, eq=False, gc=False):
    """One `[...]`.

    A list in plain spelling is parsed when its attributes are asked for; any other has them in `parsed`.
    """

    text: str
    at: int
    to: int
    parsed: list[Attribute] | None = None

    def __repr__(self) -> str:
        return f"AttributeList({short_repr(self.text[self.at : self.to])}, at={self.at})"

    @property
    def start(self) -> int:
        """The offset of the `[`."""
        return source_offset(self.text, self.at)

    @property
    def end(self) -> int:
        """The offset after the `]`."""
        return source_offset(self.text, self.to)

    @property
    def attributes(self) -> list[Attribute]:
        """The attributes in order."""
        return plain_attributes(self.text, self.at, self.to) if self.parsed is None else self.parsed

    def values(self) -> dict[str, str]:
        """Return name to value; the last value wins."""
        if self.parsed is None:
            return attribute_values(self.text, self.at, self.to)
        return {attribute.name.value: attribute.value.value for attribute in self.parsed}


def plain_attributes(text: str, start: int, end: int) -> list[Attribute]:
    """Return the attributes of well-formed plain attribute lists, with their spans."""
    return [
        Attribute(Id("ID", text, *match.span(1)), Id("ID", text, *match.span(2)))
        for match in ATTRIBUTE.finditer(text, start, end)
    ]


class NodeRef(Struct, eq=False, gc=False):
    """A node as a statement names it, with the ids of its port and compass point."""

    id: Id
    ports: tuple[Id, ...] = ()

    @property
    def port(self) -> str | None:
        """`port` or `port:compass`, or None."""
        return ":".join([port.value for port in self.ports]) if self.ports else None

    @property
    def start(self) -> int:
        """The offset of the id."""
        return self.id.start

    @property
    def end(self) -> int:
        """The offset after the id and its ports."""
        return (self.ports[-1] if self.ports else self.id).end
