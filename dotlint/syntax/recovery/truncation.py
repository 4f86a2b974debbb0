"""Files that end too early."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.syntax.lexemes import source_offset
from dotlint.syntax.parser import parses
from dotlint.syntax.problem import Problem
from dotlint.syntax.recovery.bounds import first_offset, indent, last_offset, offset_within, starts_statement
from dotlint.syntax.source import edited
from dotlint.syntax.tree import blocks
from dotlint.text.lines import line_end, line_start
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.syntax.parser import Parse
    from dotlint.syntax.tree import Statement

_MOST_RELATED = 10
_LONGEST_WORD = 300
_LAST_WORD = regex(r"(?<![\w\"])\w+\Z")


def open_braces(parse: Parse, text: str) -> list[int]:
    """Return the offset of the `{` of every open body, outermost first."""
    found: list[int] = []
    for at in parse.open_bodies():
        opened = parse.values[at - 1]
        brace = opened[2] if isinstance(opened, tuple) else opened
        found.append(offset_within(brace.text, brace.at, text) or 0)
    return found


def statement_count(parse: Parse) -> int:
    """Return how many statements were read, including those within closed blocks."""
    todo: list[Statement] = [statement for at in parse.open_bodies() for statement in parse.values[at]]
    count = len(todo)
    while todo:
        inner = [statement for block in blocks(todo.pop()) for statement in block.body]
        count += len(inner)
        todo += inner
    return count


def truncated_statement_start(text: str, parse: Parse, body: int) -> int | None:
    """Return the start of a last statement that the end of the file truncates, or None.

    A statement that ends with the very last word counts as truncated if it has no `;`, the one before it has one, and
    it is a bare id or the word is new. So does a new word that is the beginning of a longer one in the file.
    """
    partial = parse.values[body + 1 :]
    if partial:
        return first_offset(partial, text)
    statements: list[Statement] = parse.values[body]
    word = _LAST_WORD.search(text, max(0, len(text) - _LONGEST_WORD))
    if word is None or not statements or last_offset(statements[-1], text) != len(text):
        return None
    start = first_offset(statements[-1], text)
    before = text[max(0, (start or 0) - _LONGEST_WORD) : start].rstrip()
    new = not regex(rf"(?<!\w){word[0]}(?!\w)").search(text, 0, word.start())
    if before.endswith(";") and (new or word.start() == start):
        return start
    if before.endswith("{") and ";" in text and new:
        return start
    return start if new and regex(rf"(?<!\w){word[0]}\w").search(text, 0, word.start()) else None


def nothing_follows(text: str, offset: int) -> bool:
    """Return whether no line after that of `offset` looks like DOT."""
    at = line_end(text, offset)
    while at < len(text):
        after = line_end(text, at + 1)
        if text[at:after].strip() and starts_statement(text, text.find("\n", at)):
            return False
        at = max(after, at + 1)
    return True


def truncation_problem(text: str, parse: Parse, start: int, at: int, what: str) -> Problem:
    """Return E006: the file ends inside of `what` at `at`, in the statement that starts at `start`."""
    opened = open_braces(parse, text)
    count = statement_count(parse)
    end = len(text.rstrip())
    cut = min(start, end)
    related = [
        ("still open at the end of the file", source_offset(text, one), source_offset(text, one + 1))
        for one in opened[-_MOST_RELATED:]
    ]
    keep = len(text[:cut].rstrip())
    put = "\n" + "".join("    " * depth + "}\n" for depth in reversed(range(len(opened))))
    return Problem(
        "E006",
        f"the file ends in the middle of {what}, after {count} complete statement{'' if count == 1 else 's'}",
        source_offset(text, min(at, end)),
        source_offset(text, end),
        tuple(related),
        "restore the rest of the file; the fix removes the incomplete end and closes open braces",
        ((source_offset(text, keep), source_offset(text, len(text)), put),),
        "unsafe",
    )


def unclosed_problem(text: str, parse: Parse) -> Problem:
    """Return E002 for unclosed braces, at the line where the indentation suggests that the first one is missing."""
    opened = open_braces(parse, text)
    insert_at = len(text.rstrip())
    braces = opened[::-1]
    newline = "\r\n" if "\r\n" in text else "\n"
    closing = "".join(newline + " " * indent(text, one) + "}" for one in braces)
    edits = [(insert_at, insert_at, closing if "\n" in text[insert_at:] else closing + newline)]
    if len(opened) == 1:
        for brace in [*opened, *_closed_by_another(text, parse)]:
            dedented = _dedent(text, brace)
            put = (dedented or 0, dedented or 0, newline + " " * indent(text, brace) + "}")
            if dedented is not None and parses(edited(text, 0, len(text), [put])):
                insert_at, braces, edits = dedented, [brace], [put]
                break
    related = [
        ("this brace is never closed", source_offset(text, one), source_offset(text, one + 1))
        for one in braces[:_MOST_RELATED]
    ]
    return Problem(
        "E002",
        "a closing brace is missing" if len(opened) == 1 else f"{len(opened)} closing braces are missing",
        source_offset(text, max(insert_at - 1, 0)),
        source_offset(text, insert_at),
        tuple(related),
        "write `}` here",
        tuple((source_offset(text, start), source_offset(text, end), put) for start, end, put in edits),
        "unsafe",
        cut=insert_at >= len(text.rstrip()),
    )


def _closed_by_another(text: str, parse: Parse) -> list[int]:
    """Return the `{` of blocks whose `}` is indented less than their first line, the last one first.

    If a brace is missing, each block around it is closed by the brace of the next.
    """
    found: list[int] = []
    todo = [block for at in parse.open_bodies() for statement in parse.values[at] for block in blocks(statement)]
    while todo:
        block = todo.pop()
        opened = offset_within(block.open.text, block.open.at, text)
        close = offset_within(block.close.text, block.close.at, text)
        if opened is not None and close is not None:
            alone = not text[line_start(text, close) : close].strip()
            if alone and indent(text, close) < indent(text, opened):
                found.append(opened)
        todo.extend(inner for statement in block.body for inner in blocks(statement))
    return sorted(found, reverse=True)


def _dedent(text: str, opened: int) -> int | None:
    """Return the end of the last line that is inside a brace, by its indentation.

    None if all lines are.
    """
    outer = indent(text, opened)
    at = line_end(text, opened)
    start = text.find("\n", at) + 1
    if not start or text[opened + 1 : at].strip():
        return None
    inner: int | None = None
    last = at
    while 0 < start < len(text):
        stop = line_end(text, start)
        if text[start:stop].strip():
            width = indent(text, start)
            if inner is None:
                inner = width
                if inner <= outer:
                    return None
            elif width <= outer and text[start:stop].lstrip().startswith("}"):
                return None
            elif width <= outer and starts_statement(text, start - 1):
                return last if line_start(text, last) != line_start(text, opened) else None
            last = stop
        start = text.find("\n", stop) + 1
    return None
