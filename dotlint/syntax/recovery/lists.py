"""Repairs of attribute lists: a missing bracket, `=`, name or value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.data import graphviz
from dotlint.syntax.recovery.bounds import looks_like_statement, starts_statement
from dotlint.syntax.recovery.certainty import ID, VALUE, fits, is_flag, is_typed, joined_name
from dotlint.syntax.recovery.remedy import BrokenStatement, Remedy
from dotlint.syntax.recovery.wording import excerpt
from dotlint.syntax.terminals import BLOCK_COMMENT, HTML, NAME, NUMBER, STRING
from dotlint.text.lines import line_end
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.syntax.recovery.certainty import Applicability

_TAIL = regex(r"[ \t]*[;,]?[ \t]*(?://.*)?\Z")
_SKIPPED = rf"{STRING}|{HTML}|{BLOCK_COMMENT}|//[^\n]*+"
_BRACKET = regex(rf"{_SKIPPED}|([\[\]])")
_PAIR = rf"(?:{NAME}|{STRING})\s*+=\s*+{VALUE}[\s,;]*+"
_NOT_OPENED = regex(rf"(?<![\w\"])({ID})[ \t]*+((?:{_PAIR})++)\][ \t]*;?+(?=[ \t\r]*(?:\n|\}}|//|/\*|\Z)|[ \t]*[\w\"])")
_ID_START = regex(r"(?<![\w\"])(?=[\w\".-])")
_ENDED_LINE = regex(r";[ \t\r]*\n")
_LAST_ID = regex(rf"({NAME}|{STRING})\s*+\Z")
_SEMICOLON = regex(rf";[ \t]*+(?:{BLOCK_COMMENT}[ \t]*+)*+\Z")
_LONGEST_WORD = 300


def lists(broken: BrokenStatement) -> Iterator[Remedy]:
    """Yield the remedies that complete a list."""
    yield from _not_opened(broken)
    yield from _not_closed(broken)
    yield from _after_semicolon(broken)


def _not_opened(broken: BrokenStatement) -> Iterator[Remedy]:
    """`a label="x"];`: the `[` is missing before the first attribute."""
    text = broken.text
    starts = (start.start() for start in _ID_START.finditer(text, broken.start, broken.at + 1))
    found = next((match for start in starts if (match := _NOT_OPENED.match(text, start))), None)
    if found is not None and broken.at <= found.end() and "[" not in text[broken.start : found.start(2)]:
        start = found.start(2)
        if "\n" in text[found.start() : start]:
            start = found.start() + len(text[found.start() : start].rstrip())
        yield Remedy(
            "E001",
            "the `[` of this attribute list is missing",
            start,
            start + 1,
            ((start, start, "[" if text[start - 1].isspace() else " ["),),
            "safe",
            "write `[` here",
            "missing [",
            until=found.end(),
        )


def _not_closed(broken: BrokenStatement) -> Iterator[Remedy]:
    """`a [label="x"`: the `]` is missing at the end of a line, or before a `;` or `}` on it."""
    text, at, start = broken.text, broken.at, broken.start
    opened = text.rfind("[", start, at)
    line = line_end(text, start)
    while line < at:
        lf = text.find("\n", line)
        if starts_statement(text, lf) and text[start:line].count("[") > text[start:line].count("]"):
            yield _closing(text, text.rfind("[", start, line), start + len(_TAIL.sub("", text[start:line])), line)
        line = line_end(text, lf + 1)
    if opened < 0 or "]" in text[opened:at] or "EDGEOP" in broken.accepted:
        return
    if broken.lexeme.type == "RBRACE" and "\n" not in text[opened:at]:
        yield _closing(text, opened, opened + len(text[opened:at].rstrip("; \t")), at)
    word = _LAST_ID.search(text, max(start, at - _LONGEST_WORD), at)
    if word is None or word[1] in graphviz.attributes():
        return
    if text[: word.start()].rstrip().endswith(";") and looks_like_statement(text, word.start()):
        semicolon = text.rindex(";", 0, word.start())
        yield _closing(text, opened, semicolon, semicolon + 1)


def _closing(text: str, opened: int, end: int, until: int) -> Remedy:
    """Return the remedy that closes a list.

    It is certain if no other `]` may be the one of this list, and no attribute in it may be a statement of its own.
    """
    following = next((one[1] for one in _BRACKET.finditer(text, end) if one[1]), "")
    ambiguous = following == "]" or not text[opened + 1 : end].strip() or _ENDED_LINE.search(text, opened, end)
    return Remedy(
        "E001",
        "the attribute list is never closed",
        end - 1,
        end,
        ((end, end, "]"),),
        None if ambiguous else "safe",
        "write `]` here",
        until=until,
        related=(("this bracket is never closed", opened, opened + 1),),
    )


def _after_semicolon(broken: BrokenStatement) -> Iterator[Remedy]:
    """`a -> b; [label="x"]`: the `;` separates the list from its statement."""
    text, at = broken.text, broken.at
    before = _SEMICOLON.search(text, broken.start, at) if text.startswith("[", at) else None
    if before is not None:
        end = before.start() + 1
        yield Remedy(
            "E011",
            "a stray `;` before the attribute list",
            end - 1,
            end,
            ((end - 1, end, ""),),
            "unsafe",
            "remove it",
            "stray ; before a list",
        )


def attributes(broken: BrokenStatement) -> Iterator[Remedy]:
    """Yield the remedies of one attribute: its name, `=` or value is missing."""
    yield from _no_name(broken)
    yield from _no_value(broken)
    yield from _no_equals(broken)
    yield from _call(broken)


def _no_name(broken: BrokenStatement) -> Iterator[Remedy]:
    """`[="..."]`: a value without a name, most likely the label."""
    text, at = broken.text, broken.at
    if broken.lexeme.type != "EQUAL" or "NAME" not in broken.accepted or "EQUAL" in broken.accepted:
        return
    before = text[broken.start : at]
    if "[" in before and (
        before.rstrip()[-1:] in {"[", ",", ";", '"'} or (before[-1].isspace() and text[at + 1 : at + 2].strip())
    ):
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


_EQUALS = regex(rf"=\s*({VALUE})")
_GIVEN = regex(r"[\[,;\s](\w+)\s*=")
_TEXT = regex(r"[\"<].*[^\W\d_]", re.DOTALL)
_EDGE = regex("-[->]")


def _attribute_name(text: str, start: int, at: int, end: int) -> str | None:
    """Return which attribute a value belongs to: that of the same words elsewhere in the file, or by its words.

    None if the list has that already.
    """
    value = _EQUALS.match(text, at)
    raw = value[1] if value else ""
    word = raw.strip('"')
    given = {match[1] for match in _GIVEN.finditer(text, start, max(at, min(end, len(text))))}
    if word[:1].isalpha():
        same = regex(rf"(?<![\w\"])([A-Za-z_]\w*)\s*=\s*{re.escape(raw)}(?![\w.\"])")
        elsewhere = set(same.findall(text)) - given
        if len(elsewhere) == 1:
            return str(elsewhere.pop())
    words = [("style", graphviz.styles("node"))]
    if not _EDGE.search(text, start, at):
        words.append(("shape", graphviz.shapes()))
    for name, known in words:
        if word in known:
            return None if name in given else name
    return None if "label" in given or not _TEXT.match(raw) else "label"


_NOT_GIVEN = regex(rf"{_SKIPPED}|({NAME})\s*+(=)(?=\s*+(?:[,;\]]|{NAME}\s*+=[^=]))")


def _no_value(broken: BrokenStatement) -> Iterator[Remedy]:
    """`[label=, shape=box]`: an attribute without a value."""
    opened = broken.text.rfind("[", broken.start, broken.at)
    if opened < 0:
        return
    for one in _NOT_GIVEN.finditer(broken.text, opened, broken.end):
        if one[1]:
            yield Remedy(
                "E001",
                f"the attribute `{one[1]}` has no value",
                one.start(1),
                one.end(2),
                ((one.end(2), one.end(2), '""'),),
                help="write its value, or remove it",
                group="no value",
            )


def _no_equals(broken: BrokenStatement) -> Iterator[Remedy]:
    """`[fontsize12]`, `[label "x"]`, `[fixedsize]`: the `=` is missing, or the value of a flag."""
    text, at, kind = broken.text, broken.at, broken.lexeme.type
    if "EQUAL" not in broken.accepted or "EDGEOP" in broken.accepted:
        return
    found = _LAST_ID.search(text, max(broken.start, at - _LONGEST_WORD), at)
    if found is None:
        return
    word, (start, end) = found[1], found.span(1)
    value = broken.lexeme.raw
    joined = joined_name(word)
    is_value = kind in {"STRING", "HTML", "NUMBER"} or (
        kind == "NAME" and not regex(r"\s*=").match(text, broken.lexeme.to)
    )
    alone = word in graphviz.attributes() and text[broken.start : start].rstrip()[-1:] in {",", ";", "["}
    if value.startswith("-") and end == at and word in graphviz.attributes() and fits(word, value[1:]):
        yield _equals(word, start, end, (end, end + 1, "="), "unsafe")
    elif is_value and word in graphviz.attributes() and fits(word, value.strip('"')):
        edit = (end, at if text[end:at].isspace() else end, "=")
        yield _equals(word, start, end, edit, _after_value(broken, start))
    elif joined is not None:
        yield _equals(word, start, end, (start + joined, start + joined, "="), _after_value(broken, start))
    elif is_flag(word) and not is_value:
        yield _equals(word, start, end, (end, end, "=true"), "unsafe")
    elif alone and not is_value:
        yield _equals(word, start, end, (start, broken.lexeme.to if kind in {"COMMA", "SEMICOLON"} else end, ""), None)


_BEFORE = regex(rf"({NAME})\s*+=\s*+({NAME}|{NUMBER})[\s,;]*+\Z")


def _after_value(broken: BrokenStatement, start: int) -> Applicability:
    """Return "safe" if what is before an attribute is certainly complete: it is no text whose quotes are missing."""
    before = broken.text[max(broken.start, start - _LONGEST_WORD) : start].rstrip(" \t\r\n,;")
    word = _BEFORE.search(before)
    return (
        "safe"
        if before[-1:] in {'"', ">", "["} or (word and is_typed(word[1]) and fits(word[1], word[2]))
        else "unsafe"
    )


def _equals(word: str, start: int, end: int, edit: tuple[int, int, str], offered: Applicability) -> Remedy:
    name = word[: edit[0] - start] or word
    return Remedy(
        "E001",
        f"the attribute `{excerpt(name)}` has no " + ("`=`" if edit[2] == "=" else "value"),
        start,
        end,
        (edit,),
        offered,
        "write its value, or remove it"
        if offered is None
        else f"write `{excerpt(name)}{edit[2]}`, or another value"
        if edit[2] != "="
        else "write `name=value`",
        f"no equals {offered}",
    )


_CALL = regex(rf"({NAME})(\(([^()\n\"]*)\))")


def _call(broken: BrokenStatement) -> Iterator[Remedy]:
    """`size(100,100)`: the value of an attribute in parentheses."""
    text = broken.text
    word = _LAST_ID.search(text, max(broken.start, broken.at - _LONGEST_WORD), broken.at)
    found = _CALL.match(text, word.start(1)) if word else None
    if found and found[1] in graphviz.attributes() and fits(found[1], found[3]):
        yield Remedy(
            "E001",
            f"an attribute is not set with parentheses: `{excerpt(found[0])}`",
            found.start(),
            found.end(),
            ((*found.span(2), f'="{found[3]}"'),),
            "unsafe",
            f'write `{found[1]}="{found[3]}"`',
        )
