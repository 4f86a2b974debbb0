"""Where a broken statement starts and ends, by the look of the text and not by the grammar."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dotlint.syntax.terminals import BLOCK_COMMENT, LINE_COMMENT, NAME, STRING
from dotlint.syntax.tree import Block, Chain

if TYPE_CHECKING:
    from dotlint.syntax.tree import Statement

_PIECE = re.compile(rf"{STRING}|//[^\n]*+|{BLOCK_COMMENT}|[\[\]{{}};\n]")
_STARTS = re.compile(
    rf"[ \t\r]*+(?:\}}|\n|\Z|//|#|/\*|(?i:subgraph|node|edge|graph)(?![\w=]|\s*=)|(?:{NAME}|{STRING})[ \t]*+(?:\[|->|--|;))"
)
LINE_END = re.compile(r"\r?\n|\Z")


def statement_end(text: str, start: int, stop: int) -> int:
    """Give the end of the statement that starts at `start` and goes wrong at `stop`.

    It ends after its `;` or the `{` it opens, before a `}`, at the end of a line outside of brackets, or inside of them at
    the end of a line after which the next one clearly starts another statement.
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
    """Tell whether the line after the LF at `line_end` looks like the start of a statement, or is empty or a brace."""
    return _STARTS.match(text, line_end + 1) is not None


def looks_like_statement(text: str, offset: int) -> bool:
    """Tell whether a statement, a comment, a brace or the end of the line starts at `offset`, after blanks."""
    return _STARTS.match(text, offset) is not None


def line_end(text: str, offset: int) -> int:
    """Give the offset of the LF that ends the line, or of the CR before it, or the end of the text."""
    found = LINE_END.search(text, offset)
    assert found is not None
    return found.start()


def line_start(text: str, offset: int) -> int:
    """Give the offset where the line starts."""
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


def first_offset(value: Any) -> int | None:  # noqa: ANN401  # whatever stands on the parser's stack
    """Give the offset, in the parsed text, of the first lexeme in a value of the parser's stack."""
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, (list, tuple)):
            todo.extend(part for part in (one[:2] if isinstance(one, list) else one)[::-1])
        elif hasattr(one, "at"):
            at: int = one.at
            return at
        elif hasattr(one, "id"):
            todo.append(one.id)
        elif hasattr(one, "name"):
            todo.append(one.name)
        elif hasattr(one, "match"):
            start: int = one.match.start(1)
            return start
    return None


def open_ended(statement: Statement, text: str, offset: int) -> int | None:
    """Give the start of a statement that may go on at `offset`: without `;` and block, and on the same line; else None."""
    if isinstance(statement, Block) or statement.core_end != statement.end:
        return None
    if isinstance(statement, Chain) and any(isinstance(side, Block) for side in statement.sides):
        return None
    if "\n" in text[statement_text_end(statement) : offset]:
        return None
    return first_offset(statement)


def statement_text_end(statement: Any) -> int:  # noqa: ANN401  # any statement, by its kind of place
    """Give the end of a statement in the text that was parsed."""
    end: int = statement.match.end() if hasattr(statement, "match") else statement.to
    return end
