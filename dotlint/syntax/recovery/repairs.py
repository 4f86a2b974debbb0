"""Possible repairs of one broken statement.

Each is a guess; the parser tries them and keeps the first one that makes the statement parse.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from dotlint.data import graphviz
from dotlint.syntax.lexer import OPEN_HTML, OPEN_STRING
from dotlint.syntax.recovery.bounds import line_end, starts_statement
from dotlint.syntax.recovery.quotes import find_unbalanced_string, guess_html_fixes, guess_string_ends
from dotlint.syntax.recovery.unquoted_values import bare_value, find_unquoted_values, quoted_value
from dotlint.syntax.recovery.wording import excerpt
from dotlint.syntax.terminals import KEYWORDS, NAME, NUMBER, STRING
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.syntax.problem import Replacement
    from dotlint.syntax.tree import Lexeme


class Remedy(Struct, frozen=True):
    """A guess at a mistake: its rule, its span, and the edits of the parsed text that would repair it.

    Only a remedy with `offered` is offered as a fix; any other just lets the parser understand the statement.
    Remedies of one `group` become one problem. `until` is where the repaired text ends, if not at the apparent end of
    the statement.
    """

    code: str
    message: str
    start: int
    end: int
    edits: tuple[Replacement, ...]
    offered: Literal["safe", "unsafe"] | None = None
    help: str | None = None
    group: str | None = None
    until: int | None = None
    related: tuple[tuple[str, int, int], ...] = ()


class BrokenStatement(Struct, frozen=True):
    """A statement, `text[start:end]`, that is broken at `lexeme`, where the parser accepts `accepted`."""

    text: str
    start: int
    end: int
    lexeme: Lexeme
    accepted: frozenset[str]
    directed: bool

    @property
    def at(self) -> int:
        """The offset of the lexeme that is not accepted."""
        return self.lexeme.at


def remedies(broken: BrokenStatement) -> Iterator[Remedy]:
    """Yield the remedies that may apply, the most likely ones first."""
    if broken.lexeme.type != OPEN_HTML:
        yield from quote_remedies(broken)
    yield from _html(broken)
    yield from _brackets(broken)
    if find_unbalanced_string(broken.text, broken.start, broken.end) is not None:
        return  # a quote is unbalanced, so the apparent rest of the statement may be anything
    yield from _operators(broken)
    yield from _ellipses(broken)
    yield from _attribute_names(broken)
    yield from _values(broken)
    yield from _strays(broken)
    yield from _words(broken)
    yield from _last_resorts(broken)


_ARROW = regex(r"-->|==?>|->>|-[ \t]+>|—>|–>|>>|~>|---(?![0-9.])")


def _operators(broken: BrokenStatement) -> Iterator[Remedy]:
    """`-->`, `=>`, `- >`: arrows of other languages."""
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


def _ellipses(broken: BrokenStatement) -> Iterator[Remedy]:
    """`{a1 a2 ... a9}`: enumerated if the names determine what is omitted."""
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
    """Return the names between two names that differ in one number.

    None if they do not, or not in ascending order.
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


def _attribute_names(broken: BrokenStatement) -> Iterator[Remedy]:
    """`[="..."]`: a value without a name, most likely the label."""
    text = broken.text
    if broken.lexeme.type != "EQUAL" or "NAME" not in broken.accepted or "EQUAL" in broken.accepted:
        return
    at = broken.at
    if text[broken.start : at].count("[") and text[broken.start : at].rstrip()[-1:] in {"[", ",", ";", '"'}:
        name = _attribute_name(text, broken.start, at, broken.end)
        yield Remedy(
            "E012",
            "an attribute has a value but no name",
            at,
            at + 1,
            ((at, at, name or "label"),),
            "unsafe" if name else None,
            "write the name before the `=`" + (f", probably `{name}`" if name else ""),
            "name",
        )


_BARE_OR_QUOTED = regex(r'=\s*(?:"((?:[^"\\]|\\.)*)"|([\w#.-]+))', re.DOTALL)
_GIVEN = regex(r"[\[,;\s](\w+)\s*=")


def _attribute_name(text: str, start: int, at: int, end: int) -> str | None:
    """Return which attribute a value belongs to: by its words, else `label`; None if the list has that already."""
    value = _BARE_OR_QUOTED.match(text, at)
    word = (value[1] or value[2] or "") if value else ""
    given = {match[1] for match in _GIVEN.finditer(text, start, max(at, min(end, len(text))))}
    for name, words in (("shape", graphviz.shapes()), ("style", graphviz.styles("node"))):
        if word and word in words:
            return None if name in given else name
    return None if "label" in given else "label"


def quote_remedies(broken: BrokenStatement) -> Iterator[Remedy]:
    """Unbalanced quotes."""
    for quote_at, put_at, until, what in guess_string_ends(broken.text, broken.start, broken.end, broken.at):
        if what == "remove":
            yield Remedy(
                "E011",
                'a stray `"`',
                quote_at,
                quote_at + 1,
                ((quote_at, quote_at + 1, ""),),
                "safe",
                "remove it",
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


def _html(broken: BrokenStatement) -> Iterator[Remedy]:
    """HTML labels with unbalanced `<` and `>`."""
    for start, end, edits, until in guess_html_fixes(broken.text, broken.start, broken.end, broken.at):
        lost = edits[0][2] == ">"
        yield Remedy(
            "E004",
            "this HTML label is never closed" if lost else "the `<` and `>` of this HTML label do not balance",
            start,
            end,
            tuple(edits),
            "unsafe",
            "close it where the value ends" if lost else "write literal `<` and `>` as `&lt;` and `&gt;`",
            until=until,
        )


def _values(broken: BrokenStatement) -> Iterator[Remedy]:
    """Values that need quotes: lists, several words, brackets, other kinds of quotes."""
    found = find_unquoted_values(broken.text, broken.start, broken.end)
    if found:
        names = sorted({name for name, *_ in found})
        start, end = min(((start, end) for _, start, end, _ in found), key=lambda span: abs(span[0] - broken.at))
        named = ", ".join(f"`{excerpt(name)}`" for name in names[:4])
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


def _strays(broken: BrokenStatement) -> Iterator[Remedy]:
    """A superfluous token."""
    text, at = broken.text, broken.at
    if "EQUAL" in broken.accepted and _NAMED.match(text, at, broken.end):
        word = _LAST_WORD.search(text, broken.start, at)
        if word is not None:
            start, end = word.span(1)
            yield Remedy(
                "E011",
                f"a stray `{excerpt(word[1])}`",
                start,
                end,
                ((start, end, ""),),
                help="remove it, or give it a value",
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
            "remove it",
            f"stray {token}" if kind != OPEN_STRING else None,
        )


_WORD = regex(r"""(?:(?!->|--)[^\s\[\]{};,="<>:])+""")
_PLAIN_ID = regex(rf"(?:{NAME}|{NUMBER})\Z")


def _words(broken: BrokenStatement) -> Iterator[Remedy]:
    """Ids that need quotes: `foo-bar`, `a.b`, keywords."""
    text, at = broken.text, broken.at
    edits: list[Replacement] = []
    keywords: list[Replacement] = []
    span: tuple[int, int] | None = None
    for piece in re.finditer(rf"{STRING}|//[^\n]*+|{_WORD.pattern}", text[broken.start : broken.end]):
        word = piece[0]
        if word[0] == '"' or word.startswith("//"):
            continue
        start, end = broken.start + piece.start(), broken.start + piece.end()
        if word.lower() in KEYWORDS:
            if start <= at < end or (start < at and text[start:at].split()[1:] == []):
                keywords.append((start, end, quoted_value(word)))
        elif not _PLAIN_ID.match(word) and any(char.isalnum() for char in word):
            edits.append((start, end, quoted_value(word)))
            if span is None or start <= at <= end:
                span = start, end
    if span is not None:
        yield Remedy(
            "E001",
            f"`{excerpt(text[span[0] : span[1]])}` is not a valid unquoted id",
            *span,
            tuple(edits),
            help="quote it: an unquoted id is a number, or letters, digits and `_`",
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


def _brackets(broken: BrokenStatement) -> Iterator[Remedy]:
    """Close a `[` at the end of its line; insert a missing `{`."""
    text, at, start = broken.text, broken.at, broken.start
    if "LBRACE" in broken.accepted and "NAME" not in broken.accepted and "\n" in text[start:at]:
        end = start + len(text[start:at].rstrip())
        yield Remedy(
            "E001",
            "the `{` of this subgraph is missing",
            max(end - 1, start),
            end,
            ((end, end, " {"),),
            help="write `{` here",
            until=at,
        )
    line = line_end(text, start)
    while line < at:
        lf = text.find("\n", line)
        if starts_statement(text, lf) and text[start:line].count("[") > text[start:line].count("]"):
            end = start + len(_TAIL.sub("", text[start:line]))
            opened = text.rfind("[", start, line)
            yield Remedy(
                "E001",
                "the attribute list is never closed",
                end - 1,
                end,
                ((end, end, "]"),),
                help="write `]` here",
                until=line,
                related=(("this bracket is never closed", opened, opened + 1),),
            )
        line = line_end(text, lf + 1)


_TAIL = regex(r"[ \t]*[;,]?[ \t]*(?://.*)?\Z")
_COLON = regex(rf"({NAME})[ \t]*(:)(?=[ \t]*(?:{NAME}|{NUMBER}|{STRING}))")


def _last_resorts(broken: BrokenStatement) -> Iterator[Remedy]:
    """Anything that lets the parser understand the rest of the statement."""
    text, at, end = broken.text, broken.at, broken.end
    to = min(max(broken.lexeme.to, at + 1), end)
    message = f"`{excerpt(text[at:to])}` is not expected here"
    if broken.lexeme.type == "COLON" and "EQUAL" in broken.accepted:
        edits = tuple((one.start(2), one.end(2), "=") for one in _COLON.finditer(text, broken.start, end))
        yield Remedy("E001", "an attribute takes `=`, not `:`", at, at + 1, edits, help="write `name=value`")
    stop = len(text[broken.start : end].rstrip().rstrip(";").rstrip()) + broken.start
    if "RBRACKET" in broken.accepted or text[broken.start : at].count("[") > text[broken.start : at].count("]"):
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
