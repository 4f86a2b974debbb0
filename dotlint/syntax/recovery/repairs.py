"""Ways to mend one broken statement.

Each is a guess; the parser tries them and keeps the first that makes the statement parse.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from dotlint.data import graphviz
from dotlint.syntax.lexer import OPEN_HTML, OPEN_STRING
from dotlint.syntax.recovery.bounds import line_end, starts_statement
from dotlint.syntax.recovery.quotes import close_string, escape_html, odd_string
from dotlint.syntax.recovery.values import bare_value, quote, quote_values
from dotlint.syntax.recovery.wording import shown
from dotlint.syntax.terminals import KEYWORDS, NAME, NUMBER, STRING
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.syntax.problem import Edit
    from dotlint.syntax.tree import Lexeme


class Remedy(Struct, frozen=True):
    """A guess at a mistake: its rule, its place, and edits of the parsed text that would mend it.

    Only an `offered` remedy is shown as a fix; another one just lets the parser understand the statement.
    Remedies of one `group` are one problem. `until` is where the mended text ends, if not where the
    statement seems to.
    """

    code: str
    message: str
    start: int
    end: int
    edits: tuple[Edit, ...]
    offered: Literal["safe", "unsafe"] | None = None
    help: str | None = None
    group: str | None = None
    until: int | None = None
    related: tuple[tuple[str, int, int], ...] = ()


class Broken(Struct, frozen=True):
    """A statement, `text[start:end]`, that goes wrong at `lexeme`, where `taken` would be right."""

    text: str
    start: int
    end: int
    lexeme: Lexeme
    taken: frozenset[str]
    directed: bool

    @property
    def at(self) -> int:
        """Offset of the lexeme that makes no sense."""
        return self.lexeme.at


def remedies(broken: Broken) -> Iterator[Remedy]:
    """Yield the remedies that may fit, the likely ones first."""
    if broken.lexeme.type != OPEN_HTML:
        yield from quote_remedies(broken)
    yield from _html(broken)
    yield from _brackets(broken)
    if odd_string(broken.text, broken.start, broken.end) is not None:
        return  # a quote is odd, so what looks like the rest of the statement may be anything
    yield from _operators(broken)
    yield from _ellipses(broken)
    yield from _attribute_names(broken)
    yield from _values(broken)
    yield from _strays(broken)
    yield from _words(broken)
    yield from _last_resorts(broken)


_ARROW = regex(r"-->|==?>|->>|-[ \t]+>|—>|–>|>>|~>|---(?![0-9.])")


def _operators(broken: Broken) -> Iterator[Remedy]:
    """`-->`, `=>`, `- >`: other languages' arrows."""
    right = "->" if broken.directed else "--"
    arrow = _ARROW.search(broken.text, max(broken.start, broken.at - 2), min(broken.end, broken.at + 3))
    if arrow is not None and arrow.start() <= broken.at <= arrow.end():
        start, end = arrow.span()
        yield Remedy(
            "E013",
            f"`{arrow[0]}` is not an edge operator",
            start,
            end,
            ((start, end, right),),
            "safe",
            f"write `{right}`",
            f"operator {arrow[0]}",
        )


_ELLIPSIS = regex(r"\.{2,}")
_DIGITS = regex("([0-9]+)")
_ID_BEFORE = regex(rf"({NAME})[\s;,]*\Z")
_ID_AFTER = regex(rf"[\s;,]*({NAME})")


def _ellipses(broken: Broken) -> Iterator[Remedy]:
    """`{a1 a2 ... a9}`: written out where the names say what is left out."""
    text = broken.text
    dots = _ELLIPSIS.match(text, broken.at)
    if dots is None:
        return
    start, end = dots.span()
    before, after = _ID_BEFORE.search(text, broken.start, start), _ID_AFTER.match(text, end)
    between = _between(before[1], after[1]) if before and after else None
    help_ = "write every node" if between is None else f"write every node: {', '.join(between[:3])} and so on"
    put = " ".join(between or ())
    offered: Literal["unsafe"] | None = None if between is None else "unsafe"
    yield Remedy("E014", "`...` does not stand for nodes in DOT", start, end, ((start, end, put),), offered, help_)
    if text[end : end + 1] in {",", ";"}:
        yield Remedy(
            "E014",
            "`...` does not stand for nodes in DOT",
            start,
            end,
            ((start, end + 1, put),),
            offered,
            help_,
        )


def _between(first: str, last: str) -> list[str] | None:
    """Count from one name to another where they differ in one number.

    None where they do not, or not upwards.
    """
    parts, others = _DIGITS.split(first), _DIGITS.split(last)
    differing = [at for at, (one, other) in enumerate(zip(parts, others, strict=False)) if one != other]
    if len(parts) != len(others) or len(differing) != 1 or not parts[differing[0]].isdigit():
        return None
    at = differing[0]
    low, high = int(parts[at]), int(others[at])
    if not 0 < high - low <= 10_000:
        return None
    width = len(parts[at]) if parts[at].startswith("0") and len(parts[at]) == len(others[at]) else 0
    return ["".join([*parts[:at], str(number).zfill(width), *parts[at + 1 :]]) for number in range(low + 1, high)]


_NO_NAME = regex(r"([\[,;]\s*)=")


def _attribute_names(broken: Broken) -> Iterator[Remedy]:
    """`[="..."]`: a value whose name was forgotten, most likely the label."""
    text = broken.text
    if broken.lexeme.type != "EQUAL" or "NAME" not in broken.taken or "EQUAL" in broken.taken:
        return
    at = broken.at
    if text[broken.start : at].count("[") and text[broken.start : at].rstrip()[-1:] in {"[", ",", ";", '"'}:
        name = _name_of(text, broken.start, at, broken.end)
        yield Remedy(
            "E012",
            "an attribute has a value but no name",
            at,
            at + 1,
            ((at, at, name or "label"),),
            "unsafe" if name else None,
            "write the name before the `=`" + (f"; `{name}`, to judge by the value" if name else ""),
            "name",
        )


_BARE_OR_QUOTED = regex(r'=\s*(?:"((?:[^"\\]|\\.)*)"|([\w#.-]+))', re.DOTALL)
_GIVEN = regex(r"[\[,;\s](\w+)\s*=")


def _name_of(text: str, start: int, at: int, end: int) -> str | None:
    """Tell which attribute takes a value: by its words, else `label`; None where the list has that already."""
    value = _BARE_OR_QUOTED.match(text, at)
    word = (value[1] or value[2] or "") if value else ""
    given = {match[1] for match in _GIVEN.finditer(text, start, max(at, min(end, len(text))))}
    for name, words in (("shape", graphviz.shapes()), ("style", graphviz.styles("node"))):
        if word and word in words:
            return None if name in given else name
    return None if "label" in given else "label"


def quote_remedies(broken: Broken) -> Iterator[Remedy]:
    """Quotes that do not pair up."""
    for quote_at, put_at, until, what in close_string(broken.text, broken.start, broken.end, broken.at):
        if what == "remove":
            yield Remedy(
                "E011",
                'a stray `"`',
                quote_at,
                quote_at + 1,
                ((quote_at, quote_at + 1, ""),),
                "safe",
                "take it out",
                until=until,
            )
            continue
        opening = what == "close"
        yield Remedy(
            "E003",
            "the string is never closed" if opening else "the string is closed here but never opened",
            quote_at,
            quote_at + 1,
            ((put_at, put_at, '"'),),
            "unsafe",
            "close it where the value ends" if opening else "open it where the value starts",
            until=until,
        )


def _html(broken: Broken) -> Iterator[Remedy]:
    """HTML labels whose `<` and `>` do not pair up."""
    for start, end, edits, until in escape_html(broken.text, broken.start, broken.end, broken.at):
        lost = edits[0][2] == ">"
        yield Remedy(
            "E004",
            "this HTML label is never closed" if lost else "the `<` and `>` of this HTML label do not balance",
            start,
            end,
            tuple(edits),
            "unsafe",
            "close it where the value ends" if lost else "write `&lt;` and `&gt;` for those that are text",
            until=until,
        )


def _values(broken: Broken) -> Iterator[Remedy]:
    """Values that need quotes: lists, several words, brackets, other quotes."""
    found = quote_values(broken.text, broken.start, broken.end)
    if found:
        names = sorted({name for name, *_ in found})
        start, end = min(((start, end) for _, start, end, _ in found), key=lambda place: abs(place[0] - broken.at))
        named = ", ".join(f"`{shown(name)}`" for name in names[:4])
        yield Remedy(
            "E008",
            f"the value of {named} needs double quotes",
            start,
            end,
            tuple((first, last, put) for _, first, last, put in found),
            "safe",
            'write it in "..."',
            f"value of {names[0]}",
        )


_STRAY = regex(r"""[)('",;\]`\\}>@]+""")


_LAST_WORD = regex(rf"({NAME})\s+\Z")
_NAMED = regex(rf"(?:{NAME}|{STRING})\s*=")


def _strays(broken: Broken) -> Iterator[Remedy]:
    """One token too many."""
    text, at = broken.text, broken.at
    if "EQUAL" in broken.taken and _NAMED.match(text, at, broken.end):
        word = _LAST_WORD.search(text, broken.start, at)
        if word is not None:
            start, end = word.span(1)
            yield Remedy(
                "E011",
                f"a stray `{shown(word[1])}`",
                start,
                end,
                ((start, end, ""),),
                help="take it out, or give it a value",
            )
    kind = broken.lexeme.type
    stray = _STRAY.match(text, at, broken.end)
    if stray is None:
        return
    for end in dict.fromkeys((at + 1, stray.end())):
        token = text[at:end]
        yield Remedy(
            "E011",
            f"a stray `{token}`",
            at,
            end,
            ((at, end, ""),),
            "safe",
            "take it out",
            f"stray {token}" if kind != OPEN_STRING else None,
        )


_WORD = regex(r"""(?:(?!->|--)[^\s\[\]{};,="<>:])+""")
_PLAIN_ID = regex(rf"(?:{NAME}|{NUMBER})\Z")


def _words(broken: Broken) -> Iterator[Remedy]:
    """Ids that are none without quotes: `foo-bar`, `a.b`, keywords."""
    text, at = broken.text, broken.at
    edits: list[Edit] = []
    keywords: list[Edit] = []
    place: tuple[int, int] | None = None
    for piece in re.finditer(rf"{STRING}|//[^\n]*+|{_WORD.pattern}", text[broken.start : broken.end]):
        word = piece[0]
        if word[0] == '"' or word.startswith("//"):
            continue
        start, end = broken.start + piece.start(), broken.start + piece.end()
        if word.lower() in KEYWORDS:
            if start <= at < end or (start < at and text[start:at].split()[1:] == []):
                keywords.append((start, end, quote(word)))
        elif not _PLAIN_ID.match(word) and any(char.isalnum() for char in word):
            edits.append((start, end, quote(word)))
            if place is None or start <= at <= end:
                place = start, end
    if place is not None:
        yield Remedy(
            "E001",
            f"`{shown(text[place[0] : place[1]])}` is not an id without quotes",
            *place,
            tuple(edits),
            help="quote it: an id is letters, digits and `_`, or a number",
            group="id",
        )
    for start, end, put in keywords[-1:]:
        yield Remedy(
            "E001",
            f"the keyword `{text[start:end]}` cannot be an id",
            start,
            end,
            ((start, end, put),),
            help="quote it, or choose another name",
        )


def _brackets(broken: Broken) -> Iterator[Remedy]:
    """Close a `[` where its line ends, write a `{` that was forgotten."""
    text, at, start = broken.text, broken.at, broken.start
    if "LBRACE" in broken.taken and "NAME" not in broken.taken and "\n" in text[start:at]:
        place = start + len(text[start:at].rstrip())
        yield Remedy(
            "E001",
            "the `{` of this subgraph is missing",
            max(place - 1, start),
            place,
            ((place, place, " {"),),
            help="write `{` here",
            until=at,
        )
    line = line_end(text, start)
    while line < at:
        lf = text.find("\n", line)
        if starts_statement(text, lf) and text[start:line].count("[") > text[start:line].count("]"):
            place = start + len(_TAIL.sub("", text[start:line]))
            opened = text.rfind("[", start, line)
            yield Remedy(
                "E001",
                "the attribute list is never closed",
                place - 1,
                place,
                ((place, place, "]"),),
                help="write `]` here",
                until=line,
                related=(("this bracket is never closed", opened, opened + 1),),
            )
        line = line_end(text, lf + 1)


_TAIL = regex(r"[ \t]*[;,]?[ \t]*(?://.*)?\Z")
_COLON = regex(rf"({NAME})[ \t]*(:)(?=[ \t]*(?:{NAME}|{NUMBER}|{STRING}))")


def _last_resorts(broken: Broken) -> Iterator[Remedy]:
    """Whatever lets the rest of the statement be understood."""
    text, at, end = broken.text, broken.at, broken.end
    to = min(max(broken.lexeme.to, at + 1), end)
    message = f"`{shown(text[at:to])}` is not expected here"
    if broken.lexeme.type == "COLON" and "EQUAL" in broken.taken:
        edits = tuple((one.start(2), one.end(2), "=") for one in _COLON.finditer(text, broken.start, end))
        yield Remedy("E001", "an attribute takes `=`, not `:`", at, at + 1, edits, help="write `name=value`")
    stop = len(text[broken.start : end].rstrip().rstrip(";").rstrip()) + broken.start
    if "RBRACKET" in broken.taken or text[broken.start : at].count("[") > text[broken.start : at].count("]"):
        opened = text.rfind("[", broken.start, at)
        related = (("this bracket is never closed", opened, opened + 1),) if opened >= 0 else ()
        yield Remedy(
            "E001",
            "the attribute list is never closed",
            stop,
            min(stop + 1, end),
            ((stop, stop, "]"),),
            help="write `]` here",
            related=related,
        )
    yield Remedy("E001", message, at, to, ((at, to, ""),), help=None)
    stopped = bare_value(text, at, end)
    if stopped > to:
        yield Remedy("E001", message, at, to, ((at, stopped, ""),), help=None)
    if line_end(text, at) < end:
        yield Remedy("E001", message, at, to, ((at, line_end(text, at), ""),), help=None)
