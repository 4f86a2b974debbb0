"""Where a broken statement starts and ends, by the look of the text and not by the grammar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotlint.syntax.source import Edited
from dotlint.syntax.terminals import BLOCK_COMMENT, NAME, STRING
from dotlint.syntax.tree import AttributeList, Block, Chain, FineStatement, Lexeme, NodeRef, PlainStatement
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.syntax.tree import Statement

ONE_LINE = STRING.replace(r"[^\"\\]", r"[^\"\\\n]").replace(r'[^"\\]', r'[^"\\\n]')
_PIECE = regex(rf"{STRING}|//[^\n]*+|{BLOCK_COMMENT}|[\[\]{{}};\n]")
_STARTS = regex(
    rf"[ \t\r]*+(?:\}}|\n|\Z|//|#|/\*|(?i:subgraph|node|edge|graph)(?![\w=]|\s*=)"
    rf"|(?:{NAME}|{STRING})[ \t]*+(?:\[|->|--|;))"
)
# Stricter: what hardly stands inside of a label.
_SURELY = regex(
    rf"\n[ \t]*+(?=(?:{NAME}|{ONE_LINE})[ \t]*+(?:\[[ \t]*+(?:{NAME}[ \t]*+=|\n|\])|->|--)"
    rf"|(?:{NAME}[ \t]*+=[ \t]*+[\w\"])"
    r"|(?i:subgraph|node|edge)\b[^\n]*[\[{]|\}[ \t]*\r?\n)"
)


def statement_end(text: str, start: int, stop: int) -> int:
    """Return the end of the statement that starts at `start` and goes wrong at `stop`.

    It ends after its `;` or the `{` it opens, before a `}`, at the end of a line outside of brackets, or
    inside of them at the end of a line after which the next one clearly starts another statement.
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
    """Return whether a statement, a comment, a brace or nothing is on the line after the LF at `line_end`."""
    return _STARTS.match(text, line_end + 1) is not None


def looks_like_statement(text: str, offset: int) -> bool:
    """Return whether a statement, a comment, a brace or the end of the line is at `offset`, after blanks."""
    return _STARTS.match(text, offset) is not None


def next_statement(text: str, start: int, end: int) -> int | None:
    """Return the first line in `text[start:end]` that surely starts a statement; not that of `start`."""
    found = _SURELY.search(text, start, end)
    return None if found is None else found.start() + 1


def line_end(text: str, offset: int) -> int:
    """Return the offset of the LF that ends the line, or of the CR before it, or the end of the text."""
    found = text.find("\n", offset)
    if found < 0:
        return len(text)
    return found - 1 if found > offset and text[found - 1] == "\r" else found


def line_start(text: str, offset: int) -> int:
    """Return the offset where the line starts."""
    return text.rfind("\n", 0, offset) + 1


def indent(text: str, offset: int) -> int:
    """Count the blanks that the line of `offset` starts with; a tab goes to the next multiple of eight."""
    width = 0
    for char in text[line_start(text, offset) :]:
        if char == " ":
            width += 1
        elif char == "\t":
            width += 8 - width % 8
        else:
            break
    return width


def first_offset(value: Any, text: str) -> int | None:  # noqa: ANN401  # whatever stands on the parser's stack
    """Return the offset in `text`, the parsed one, of the first lexeme in a value of the parser's stack."""
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, (list, tuple)):
            todo.extend(one[1::-1] if isinstance(one, list) else one[::-1])
        elif isinstance(one, (Lexeme, AttributeList)):
            return within(one.text, one.at, text)
        elif isinstance(one, PlainStatement):
            return within(one.match.string, one.match.start(1), text)
        elif one is not None:
            todo.append(
                one.first if isinstance(one, FineStatement) else one.id if isinstance(one, NodeRef) else one.name
            )
    return None


def within(spelled: str, offset: int, text: str) -> int | None:
    """Return the offset in `text` of an offset in it, or in an edited copy of it or of its parts.

    None in another text.
    """
    while spelled is not text:
        if not isinstance(spelled, Edited):
            return None
        offset = spelled.local(offset)
        spelled = spelled.parent
    return offset


def open_ended(statement: Statement, text: str, offset: int) -> int | None:
    """Return the start of a statement that may go on at `offset`, on the same line; else None.

    One that was mended already does not.
    """
    spelled = statement.match.string if isinstance(statement, PlainStatement) else None
    if isinstance(statement, FineStatement):
        spelled = statement.first.text
    if spelled is not text or isinstance(statement, Block) or statement.core_end != statement.end:
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
        return within(statement.match.string, statement.match.end(), text)
    assert isinstance(statement, FineStatement)
    last = statement.semicolon or statement.last
    while isinstance(last, FineStatement):
        last = last.last
    return within(last.text, last.to, text)
