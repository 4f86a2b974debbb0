"""Ids, attributes and attribute lists: where they are spelled in the text, and what the spelling means.

Nothing is copied out of the text until it is asked for. `at` and `to` are offsets in the text that was
parsed, `start` and `end` those in the real text, which differ where the parser read an edited copy
(`dotlint.syntax.source.Edited`). Not frozen, for speed; compared by identity.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from dotlint.syntax.source import Edited
from dotlint.syntax.terminals import ATTRIBUTE, BETWEEN, STRING, html_end
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from re import Match

Span = tuple[int, int]

_SHORT = 80  # characters of attribute lists that are remembered
_STRING = regex(STRING)
_ESCAPE = regex(r'\\(["\\\n])')
_MEANING = {'"': '"', "\\": "\\\\", "\n": ""}


class Html(str):
    """The text of an HTML-like id or value.

    Unequal to a plain string of the same text, as for Graphviz since 13.0.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Html) and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return ~str.__hash__(self)


def decode(raw: str) -> str:
    r"""Return what an id means that is spelled `raw`.

    A name or number as it is, `"..."` and `<...>` (`Html`) without marks.

    Of the escapes only `\"` (a quote) and `\` before LF (nothing) mean something here; the others are
    kept as written. Pieces joined by `+` give one plain string, HTML pieces among them.
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


def shared(text: str) -> str:
    """Return the string of the same text that was met before: a file says `shape`, `box` and most labels a thousand times.

    A few thousand short ones are known at a time, so that a file in which each is another holds none twice.
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


def real(text: str, offset: int) -> int:
    """Return the offset in the real text of an offset in the text that was parsed."""
    return text.origin(offset) if isinstance(text, Edited) else offset


def pairs(text: str, start: int, end: int) -> dict[str, str]:
    """Read plain attribute lists that are known to be well-formed, as a new dict; the last value wins."""
    if end - start <= _SHORT:  # `[style=dashed]` stands at a thousand edges
        return _read_pairs(text[start:end]).copy()
    return _pairs(text[start:end])


def _pairs(lists: str) -> dict[str, str]:
    found: dict[str, str] = {}
    known = _SHARED.get  # most are, and a call for each is most of the time
    for name, value in ATTRIBUTE.findall(lists):
        if name[0] in '"<':
            name = decode(name)  # noqa: PLW2901
        read = decode(value) if value[0] in '"<' else value
        found[known(name) or shared(name)] = read if len(read) > _LONG else known(read) or shared(read)
    return found


_read_pairs = lru_cache(1024)(_pairs)


# Nothing below is part of a circle, so the collector need not know of it (`gc=False`): that is a quarter of its size.
class Lexeme(Struct, eq=False, gc=False):
    """A token, with its place in the text that was parsed; `start` and `end` give it in the real text."""

    type: str
    text: str
    at: int
    to: int

    @property
    def start(self) -> int:
        """Offset in the real text."""
        return real(self.text, self.at)

    @property
    def end(self) -> int:
        """Offset in the real text, exclusive."""
        return real(self.text, self.to)

    @property
    def raw(self) -> str:
        """The spelling."""
        return self.text[self.at : self.to]


class Id(Lexeme, eq=False, gc=False):
    """An id as spelled (`raw`) and as meant (`value`: a `str`, or `Html`)."""

    @property
    def value(self) -> str:
        """What the id means: unquoted, joined, escapes as in the file."""
        return decode(self.raw)

    @property
    def html(self) -> bool:
        """Whether it is spelled `<...>` and is one piece."""
        return isinstance(self.value, Html)

    @property
    def quoted(self) -> bool:
        """Whether it is spelled with quotes."""
        return self.text.startswith('"', self.at)


class Attribute(Struct, eq=False, gc=False):
    """`name=value` in an attribute list or as a statement of its own."""

    name: Id
    value: Id

    @property
    def start(self) -> int:
        """Offset of the name."""
        return self.name.start

    @property
    def end(self) -> int:
        """Offset after the value."""
        return self.value.end


class AttributeList(Struct, eq=False, gc=False):
    """One `[...]`.

    A plain one is read again when its attributes are asked for; of another one they are `given`.
    """

    text: str
    at: int
    to: int
    given: list[Attribute] | None = None

    @property
    def start(self) -> int:
        """Offset of the `[`."""
        return real(self.text, self.at)

    @property
    def end(self) -> int:
        """Offset after the `]`."""
        return real(self.text, self.to)

    @property
    def attributes(self) -> list[Attribute]:
        """The attributes in order."""
        return plain_attributes(self.text, self.at, self.to) if self.given is None else self.given

    def values(self) -> dict[str, str]:
        """Name -> value, the last value wins."""
        if self.given is None:
            return pairs(self.text, self.at, self.to)
        return {attribute.name.value: attribute.value.value for attribute in self.given}


def plain_attributes(text: str, start: int, end: int) -> list[Attribute]:
    """Read the places of plain attribute lists that are known to be well-formed."""
    return [
        Attribute(Id("ID", text, *match.span(1)), Id("ID", text, *match.span(2)))
        for match in ATTRIBUTE.finditer(text, start, end)
    ]


class NodeRef(Struct, eq=False, gc=False):
    """A node as a statement names it, with its port and compass ids."""

    id: Id
    ports: tuple[Id, ...] = ()

    @property
    def port(self) -> str | None:
        """`port` or `port:compass`, else None."""
        return ":".join([port.value for port in self.ports]) if self.ports else None

    @property
    def start(self) -> int:
        """Offset of the id."""
        return self.id.start

    @property
    def end(self) -> int:
        """Offset after the id and its ports."""
        return (self.ports[-1] if self.ports else self.id).end
