"""What a file that ends too early leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.syntax.problem import Problem
from dotlint.syntax.region import first_offset, indent, line_end, line_start, starts_statement
from dotlint.syntax.tree import Lexeme, PlainNode, real

if TYPE_CHECKING:
    from dotlint.syntax.parser import Parse
    from dotlint.syntax.tree import Statement

_MOST_RELATED = 10


def open_braces(parse: Parse) -> list[Lexeme]:
    """Give the `{` of every open body, outermost first."""
    found: list[Lexeme] = []
    for at in parse.bodies_at():
        opened = parse.values[at - 1]
        found.append(opened[2] if isinstance(opened, tuple) else opened)
    return found


def statement_count(parse: Parse) -> int:
    """Count the statements of all open bodies."""
    return sum(len(parse.values[at]) for at in parse.bodies_at())


def cut_off(text: str, parse: Parse, body: int) -> int | None:
    """Give the start of a last statement that the end of the file cuts off, None where the file ends between two.

    A bare id as the very last word counts as cut off where the statement before it has the `;` that it lacks.
    """
    partial = parse.values[body + 1 :]
    if partial:
        return first_offset(partial)
    statements: list[Statement] = parse.values[body]
    if len(statements) < 2 or text.endswith("\n"):
        return None
    last, before = statements[-2:][::-1]
    if isinstance(last, PlainNode) and last.match.lastindex == 1 and last.match.end() == len(text):
        if last.end == last.core_end and before.end != before.core_end:
            return last.match.start(1)
    return None


def nothing_follows(text: str, offset: int) -> bool:
    """Tell whether no line after that of `offset` looks like DOT."""
    at = line_end(text, offset)
    while at < len(text):
        after = line_end(text, at + 1)
        if text[at:after].strip() and starts_statement(text, text.find("\n", at)):
            return False
        at = max(after, at + 1)
    return True


def truncated(text: str, parse: Parse, start: int, at: int, what: str) -> Problem:
    """Say that the file ends inside of something that starts at `at`, in a statement that starts at `start`."""
    opened = open_braces(parse)
    count = statement_count(parse)
    end = len(text.rstrip())
    place = min(start, end)
    related = [("this is open at the end", real(text, one.at), real(text, one.to)) for one in opened[-_MOST_RELATED:]]
    keep = len(text[:place].rstrip())
    put = "\n" + "".join("    " * depth + "}\n" for depth in reversed(range(len(opened))))
    return Problem(
        "E006",
        f"the file ends in the middle of {what}, after {count} whole statement{'' if count == 1 else 's'}",
        real(text, min(at, end)),
        real(text, end),
        tuple(related),
        "write the file again: it was cut off; the fix drops the last piece and closes what is open",
        ((real(text, keep), real(text, len(text)), put),),
        "unsafe",
    )


def unclosed(text: str, parse: Parse) -> Problem:
    """Say that braces are not closed, at the place where, by the lines' indentation, the first one is missing."""
    opened = open_braces(parse)
    end = len(text.rstrip())
    missing, place = opened[-1], end
    for brace in opened:
        dedented = _dedent(text, brace.at)
        if dedented is not None:
            missing, place = brace, dedented
            break
    count = len(opened)
    if place == end:
        put = "\n" + "".join(" " * indent(text, one.at) + "}\n" for one in reversed(opened))
    else:
        put = "\n" + " " * indent(text, missing.at) + "}"
        count = 1
    related = [("this brace is never closed", real(text, one.at), real(text, one.to)) for one in opened[-_MOST_RELATED:][::-1]]
    if place != end:
        related = [("this brace is never closed", real(text, missing.at), real(text, missing.to))]
    what = "a closing brace is missing" if count == 1 else f"{count} closing braces are missing"
    return Problem(
        "E002",
        what,
        real(text, max(place - 1, 0)),
        real(text, place),
        tuple(related),
        "write `}` here",
        ((real(text, place), real(text, place), put),),
        "unsafe",
    )


def _dedent(text: str, opened: int) -> int | None:
    """Give the end of the last line that still is inside a brace, judging by indentation; None where all lines are."""
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
            elif width <= outer and starts_statement(text, start - 1):
                return last if line_start(text, last) != line_start(text, opened) else None
            last = stop
        start = text.find("\n", stop) + 1
    return None
