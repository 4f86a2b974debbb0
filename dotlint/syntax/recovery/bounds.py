"""Heuristics for where a broken statement starts and ends, based on the text and not on the grammar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotlint.syntax.source import Edited
from dotlint.syntax.terminals import BLOCK_COMMENT, NAME, STRING
from dotlint.syntax.tree import AttributeList, Block, Chain, Lexeme, NodeRef, PlainStatement, TokenStatement
from dotlint.text.lines import line_start
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.syntax.tree import Statement

ONE_LINE = STRING.replace(r"[^\"\\]", r"[^\"\\\n]").replace(r'[^"\\]', r'[^"\\\n]')
_PIECE = regex(rf"{STRING}|//[^\n]*+|{BLOCK_COMMENT}|[\[\]{{}};\n]")
_STARTS = regex(
    rf"[ \t\r]*+(?:\}}|\n|\Z|//|#|/\*|(?i:subgraph|node|edge|graph)(?![\w=]|\s*=)"
    rf"|(?:{NAME}|{STRING})[ \t]*+(?:\[|->|--|;))"
)
# Stricter: what hardly occurs inside of a label.
_CERTAIN_START = regex(
    rf"\n[ \t]*+(?=(?:{NAME}|{ONE_LINE})[ \t]*+(?:\[[ \t]*+(?:{NAME}[ \t]*+=|\n|\])|->|--)"
    rf"|(?:{NAME}[ \t]*+=[ \t]*+[\w\"])"
    r"|(?i:subgraph|node|edge)\b[^\n]*[\[{]|\}[ \t]*\r?\n)"
)


def statement_end(text: str, start: int, stop: int) -> int:
    """Return the end of the statement that starts at `start` and is broken at `stop`.

    It ends after its `;` or the `{` it opens, before a `}`, at a line end outside of brackets, or at a line end
    inside of brackets if the next line clearly starts another statement.
    """
    depth = 0
    for piece in _PIECE.finditer(text, start):
        mark, at = piece[0], piece.start()
        if mark == "[":
            depth += 1
        elif mark == "]":
            depth = max(depth - 1, 0)
        elif at < stop or len(mark) > 1:
            continue
        elif mark == "}":
            return at
        elif mark == "\n":
            if not depth or starts_statement(text, at):
                return at
        elif not depth:
            return at + 1
    return len(text)


def starts_statement(text: str, line_end: int) -> bool:
    """Return whether the line after the LF at `line_end` is a statement, a comment, a brace or empty."""
    return _STARTS.match(text, line_end + 1) is not None


def looks_like_statement(text: str, offset: int) -> bool:
    """Return whether a statement, a comment, a brace or the end of the line follows `offset` and blanks."""
    return _STARTS.match(text, offset) is not None


def next_statement(text: str, start: int, end: int) -> int | None:
    """Return the first line start in `text[start:end]` that certainly starts a statement, after the line of `start`."""
    found = _CERTAIN_START.search(text, start, end)
    return None if found is None else found.start() + 1


def indent(text: str, offset: int) -> int:
    """Return the width of the blanks at the start of the line; a tab advances to the next multiple of eight."""
    width = 0
    for char in text[line_start(text, offset) :]:
        if char == " ":
            width += 1
        elif char == "\t":
            width += 8 - width % 8
        else:
            break
    return width


def first_offset(value: Any, text: str) -> int | None:  # noqa: ANN401  # any value of the parser's stack
    """Return the offset in `text`, which is being parsed, of the first lexeme in a value of the parser's stack."""
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, (list, tuple)):
            todo.extend(one[1::-1] if isinstance(one, list) else one[::-1])
        elif isinstance(one, (Lexeme, AttributeList)):
            return offset_within(one.text, one.at, text)
        elif isinstance(one, PlainStatement):
            return offset_within(one.match.string, one.match.start(1), text)
        elif one is not None:
            todo.append(
                one.first if isinstance(one, TokenStatement) else one.id if isinstance(one, NodeRef) else one.name
            )
    return None


def offset_within(spelled: str, offset: int, text: str) -> int | None:
    """Convert an offset in `spelled`, which is `text` or an edited copy of a part of it, to an offset in `text`.

    Returns None if `spelled` is another text.
    """
    while spelled is not text:
        if not isinstance(spelled, Edited):
            return None
        offset = spelled.parent_offset(offset)
        spelled = spelled.parent
    return offset


def open_ended(statement: Statement, text: str, offset: int, *, ended: bool = False) -> int | None:
    """Return the start of a statement that may continue at `offset` on the same line, or None.

    A statement that was already repaired does not continue. One with a `;` does only if `ended` is true.
    """
    spelled = statement.match.string if isinstance(statement, PlainStatement) else None
    if isinstance(statement, TokenStatement):
        spelled = statement.first.text
    if spelled is not text or isinstance(statement, Block) or (statement.core_end != statement.end and not ended):
        return None
    if isinstance(statement, Chain) and any(isinstance(side, Block) for side in statement.sides):
        return None
    end = last_offset(statement, text)
    if end is None or "\n" in text[end:offset]:
        return None
    return first_offset(statement, text)


def last_offset(statement: Statement, text: str) -> int | None:
    """Return the end of a statement as an offset in `text`, which is being parsed."""
    if isinstance(statement, PlainStatement):
        return offset_within(statement.match.string, statement.match.end(), text)
    assert isinstance(statement, TokenStatement)
    last = statement.semicolon or statement.last
    while isinstance(last, TokenStatement):
        last = last.last
    return offset_within(last.text, last.to, text)
