"""Possible repairs of one broken statement.

Each is a guess; the parser tries them and keeps the first one that makes the statement parse.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from dotlint.syntax.lexer import OPEN_HTML
from dotlint.syntax.recovery.bounds import statement_end
from dotlint.syntax.recovery.certainty import ID, is_typed, of_quote_removal, weakest
from dotlint.syntax.recovery.lists import attributes, lists
from dotlint.syntax.recovery.quotes import find_unbalanced_string, guess_bare_html, guess_html_fixes, guess_string_ends
from dotlint.syntax.recovery.remedy import BrokenStatement, Remedy
from dotlint.syntax.recovery.strays import strays
from dotlint.syntax.recovery.unquoted_values import (
    LENGTHS,
    OTHER_QUOTES,
    OTHER_QUOTES_GROUP,
    bare_value,
    find_unquoted_values,
    quoted_value,
    without_semicolon,
)
from dotlint.syntax.recovery.wording import excerpt
from dotlint.syntax.terminals import KEYWORDS, NAME, NUMBER, STRING
from dotlint.text.lines import line_end, line_start
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.syntax.problem import Replacement
    from dotlint.syntax.recovery.certainty import Applicability


def remedies(broken: BrokenStatement) -> Iterator[Remedy]:
    """Yield the remedies that may apply, the most likely ones first."""
    yield from _inner_quotes(broken)
    if broken.lexeme.type != OPEN_HTML:
        yield from quote_remedies(broken)
    yield from _left_arrows(broken)
    yield from _html(broken)
    yield from _braces(broken)
    yield from lists(broken)
    if find_unbalanced_string(broken.text, broken.start, broken.end) is not None:
        return  # a quote is unbalanced, so the apparent rest of the statement may be anything
    yield from _dash_comments(broken)
    yield from _operators(broken)
    yield from _after_list(broken)
    yield from _round_list(broken)
    yield from _ellipses(broken)
    yield from attributes(broken)
    yield from _single_quotes(broken)
    yield from _values(broken)
    yield from strays(broken)
    yield from _words(broken)
    yield from _last_resorts(broken)


_ARROW = regex(
    r"-->|(?<=[\w\" \t])-(?=[ \t]+[\w\"])|==?>|->>|-[ \t]+>|—>|–>|>>|~>|---(?![0-9.])|(?<![->\]])>(?=[ \t]*[\w\"])"
)


def _operators(broken: BrokenStatement) -> Iterator[Remedy]:
    """`-->`, `=>`, `- >`: arrows of other languages."""
    right = broken.edge_operator
    arrow = _ARROW.search(broken.text, max(broken.start, broken.at - 2), min(broken.end, broken.at + 3))
    if arrow is not None and arrow.start() <= broken.at <= arrow.end():
        start, end = arrow.span()
        yield Remedy(
            "E013",
            f"`{arrow[0]}` is not an edge operator",
            start,
            end,
            ((start, end, right),),
            "unsafe",
            f"write `{right}`",
            f"operator {arrow[0]}",
        )


_DASH_COMMENT = regex(r"--(?=[ \t]+[^\n]*\w[^\n]*[ \t]\w)[^\n{}\[\];]*(?=\n)")


def _dash_comments(broken: BrokenStatement) -> Iterator[Remedy]:
    """`-- note` on a line of its own: a comment in other languages."""
    text, at = broken.text, broken.at
    note = _DASH_COMMENT.match(text, at)
    if note is not None and not text[line_start(text, at) : at].strip():
        yield Remedy(
            "E001",
            "`--` does not start a comment in DOT",
            at,
            note.end(),
            ((at, at + 2, "//"),),
            "unsafe",
            "write `// ...`",
            "comment --",
            until=line_end(text, at),
        )


_LISTED_END = regex(rf"({ID})[ \t]*\[[^\[\]\"]*(?:\"[^\"\n]*\"[^\[\]\"]*)*\]\s*\Z")


def _after_list(broken: BrokenStatement) -> Iterator[Remedy]:
    """`a -> b [color=red] -> c`: nothing can follow the list."""
    text, at = broken.text, broken.at
    operator = broken.edge_operator
    listed = _LISTED_END.search(text, broken.start, at) if text.startswith(operator, at) else None
    if listed is not None:
        yield Remedy(
            "E001",
            f"`{operator}` cannot follow an attribute list",
            at,
            at + len(operator),
            ((len(text[:at].rstrip()), at, f"; {listed[1]} "),),
            "unsafe",
            f"start another statement: `{excerpt(listed[1])} {operator} ...`",
        )


_ENDS_WITH_ID = regex(rf"{ID}[ \t]*\Z")
_ROUND_LIST = regex(rf"\((?=[ \t]*{NAME}[ \t]*=)[^()\"\n]*(?:\"[^\"\n]*\"[^()\"\n]*)*\)(?=[ \t\r]*(?:[;}}\n]|\Z))")


def _round_list(broken: BrokenStatement) -> Iterator[Remedy]:
    """`a (label="x")`: attributes in the wrong brackets."""
    found = _ROUND_LIST.match(broken.text, broken.at)
    if found is not None and _ENDS_WITH_ID.search(broken.text, broken.start, broken.at):
        start, end = found.span()
        yield Remedy(
            "E001",
            "attributes stand in `[...]`, not `(...)`",
            start,
            end,
            ((start, start + 1, "["), (end - 1, end, "]")),
            "unsafe",
            "write square brackets",
        )


_LEFT_ARROW = regex(rf"({ID})[ \t]*(<--?)[ \t]*({ID})(?=[ \t\r]*(?:[;\[}}\n]|\Z|//|/\*))")


def _left_arrows(broken: BrokenStatement) -> Iterator[Remedy]:
    """`a <- b`: DOT has no arrow to the left."""
    text = broken.text
    arrow = _LEFT_ARROW.match(text, broken.start)
    if arrow is not None and arrow.start(2) == broken.at:
        right = broken.edge_operator
        yield Remedy(
            "E013",
            f"`{arrow[2]}` is not an edge operator",
            *arrow.span(2),
            ((*arrow.span(1), arrow[3]), (*arrow.span(2), right), (*arrow.span(3), arrow[1])),
            "unsafe",
            f"write `{excerpt(arrow[3])} {right} {excerpt(arrow[1])}`"
            + (", or set `dir=back`" if broken.directed else ""),
            "left arrow",
            until=max(line_end(text, arrow.end()), arrow.end()),
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
                of_quote_removal(broken.text, quote_at),
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


_VALUE_START = regex(r'=[ \t]*"')
_VALUE_END = regex(rf'"(?=[ \t]*(?:\]|[,;][ \t]*{NAME}[ \t]*=)|[ \t]+{NAME}[ \t]*=)')
_OPENING = regex(r'[\s("]"\w')
_INCHES = regex(r'\d"[^=]*\Z')
_INNER_QUOTE = regex(r'(?<!\\)"')


def _inner_quotes(broken: BrokenStatement) -> Iterator[Remedy]:
    """`label="the "best" option"`: quotes in a string, which need a backslash."""
    text, at = broken.text, broken.at
    for opened in _VALUE_START.finditer(text, broken.start, at):
        last = line_end(text, opened.end())
        for closed in _VALUE_END.finditer(text, opened.end(), last):
            inner = [one.start() for one in _INNER_QUOTE.finditer(text, opened.end(), closed.start())]
            inches = len(inner) == 1 and _INCHES.match(text, inner[0] - 1, closed.start())
            if len(inner) % 2 and not inches:
                continue
            if inner and at <= closed.start() and (inches or _OPENING.match(text, inner[0] - 1)):
                yield Remedy(
                    "E001",
                    "a quote inside a string ends it",
                    inner[0],
                    inner[0] + 1,
                    tuple((quote, quote, "\\") for quote in inner),
                    "unsafe",
                    'write `\\"` for a quote that is part of the text',
                )
            break


def _html(broken: BrokenStatement) -> Iterator[Remedy]:
    """HTML labels with unbalanced `<` and `>`."""
    text = broken.text
    for start, end, is_html, until in guess_bare_html(text, broken.start, broken.at):
        yield Remedy(
            "E004",
            "this HTML label lacks its own `<` and `>`" if is_html else "this text is not an HTML label",
            start,
            end,
            ((start, start, "<"), (end, end, ">")) if is_html else ((start, end, quoted_value(text[start:end])),),
            "unsafe",
            "write `<` and `>` around it" if is_html else 'write it in "..."',
            until=until,
        )
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
    text = broken.text
    found = find_unquoted_values(text, broken.start, broken.end)
    if found:
        names = sorted({name for name, *_ in found})
        name, start, end, put, certainty = min(found, key=lambda one: abs(one[1] - broken.at))
        message = f"the value of {', '.join(f'`{excerpt(name)}`' for name in names[:4])} needs double quotes"
        help_ = 'write it in "..."'
        if put[0] != '"':
            message = f"Graphviz takes `{name}` in {LENGTHS[name]}, without a unit"
            help_ = f"write `{name}={put}`"
        elif certainty is None and is_typed(name):
            message = f"Graphviz does not accept `{excerpt(text[start:end])}` as `{name}`"
            help_ = "write another value; quotes alone are not enough"
        yield Remedy(
            "E008",
            message,
            start,
            end,
            tuple((first, last, put) for _, first, last, put, _ in found),
            weakest(certainty for *_, certainty in found),
            help_,
            f"value of {names[0]}",
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
            weakest(_one_id(broken, start, end) for start, end, _ in edits),
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
            "safe" if _at_operator(text, start, end) and text[end:].strip() else None,
            help="quote it, or choose another name",
            group="keyword",
        )


_INNER_MARKS = regex(r"\w+(?:[./-]\w+)+")
_ID_ELSEWHERE = regex(r"[\w~./@+][\w~./@%+-]*|\w[\w.]*\(\w*\)")  # a path, an address, a call
_COLOR = regex(r"#[0-9A-Fa-f]{3,8}")
_OPERATOR_BEFORE = regex(r"-[->][ \t]*\Z")
_OPERATOR_AFTER = regex(r"[ \t]*-[->]")


def _one_id(broken: BrokenStatement, start: int, end: int) -> Applicability:
    """Return how certain it is that a word is one id; `a-b` alone may be an edge."""
    text, word = broken.text, broken.text[start:end]
    at_operator = _at_operator(text, start, end)
    if _INNER_MARKS.fullmatch(word) and not word[0].isdigit() and text[start - 1] != ":":
        return "safe" if "-" not in word or at_operator else None
    if at_operator and _ID_ELSEWHERE.fullmatch(word):
        return "unsafe"
    return "safe" if _COLOR.fullmatch(word) and text[broken.start : start].rstrip().endswith("=") else None


def _at_operator(text: str, start: int, end: int) -> bool:
    """Return whether an edge operator stands before or after a word on its line, so that it is the end of an edge."""
    return bool(_OPERATOR_BEFORE.search(text, line_start(text, start), start) or _OPERATOR_AFTER.match(text, end))


def _braces(broken: BrokenStatement) -> Iterator[Remedy]:
    """Insert a missing `{`."""
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


def _single_quotes(broken: BrokenStatement) -> Iterator[Remedy]:
    """`'a' -> 'b' ['label'='x']`: single or curly quotes where DOT has double quotes, around ids and values alike."""
    text, end, until = broken.text, broken.end, None
    opened = OTHER_QUOTES.match(text, broken.at)
    if opened is not None and opened.end() > end:  # a string of several lines, whose end is not that of a statement
        end = until = statement_end(text, broken.start, opened.end())
    found = [one for one in OTHER_QUOTES.finditer(text, broken.start, end) if one[1]]
    if found:
        near = min(found, key=lambda one: abs(one.start() - broken.at))
        yield Remedy(
            "E008",
            f"`{excerpt(near[0])}` needs double quotes",
            *near.span(),
            tuple((*one.span(), quoted_value(one[0])) for one in found),
            "safe",
            'write it in "..."',
            OTHER_QUOTES_GROUP,
            until=until,
        )


_COLON = regex(rf"{NAME}([ \t]*:[ \t]*)(?=(?:{NAME}|{NUMBER}|{STRING}))")


def _last_resorts(broken: BrokenStatement) -> Iterator[Remedy]:
    """Anything that lets the parser understand the rest of the statement."""
    text, at, end = broken.text, broken.at, broken.end
    to = min(max(broken.lexeme.to, at + 1), end)
    message = f"`{excerpt(text[at:to])}` is not expected here"
    if broken.lexeme.type == "COLON" and "EQUAL" in broken.accepted:
        edits = tuple((*one.span(1), "=") for one in _COLON.finditer(text, broken.start, end))
        yield Remedy("E001", "an attribute takes `=`, not `:`", at, at + 1, edits, "unsafe", "write `name=value`")
    stop = without_semicolon(text, broken.start, end)
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
