"""A broken statement: mended where a remedy makes it parse, else left out, and where reading goes on."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dotlint.syntax.lexemes import Lexeme
from dotlint.syntax.lexer import END, OPEN, OPEN_COMMENT, OPEN_HTML, OPEN_STRING, Lexer
from dotlint.syntax.parser import Stop
from dotlint.syntax.recovery.bounds import (
    first_offset,
    last_offset,
    line_end,
    line_start,
    next_statement,
    open_ended,
    statement_end,
)
from dotlint.syntax.recovery.program_text import program_text
from dotlint.syntax.recovery.quotes import odd_string, value_runs_on
from dotlint.syntax.recovery.repairs import Broken, Remedy, quote_remedies, remedies
from dotlint.syntax.recovery.truncation import nothing_follows
from dotlint.syntax.source import Edited, edited
from dotlint.syntax.tree import Block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.syntax.problem import Edit
    from dotlint.syntax.recovery.recover import Reading
    from dotlint.syntax.tree import Statement

LONGEST_MENDED = 6_000
MOST_STEPS = 8
LOOK_BACK = 12  # statements


def recover_statement(reading: Reading, stop: Stop, body: int) -> None:
    """Mend the statement or leave it out."""
    text, lexeme = reading.text, stop.lexeme
    if lexeme.type in OPEN:
        reading.allowance -= 3 * (len(text) - lexeme.at)
    if lexeme.type == OPEN_COMMENT:
        if not any(problem.code == "E005" for problem in reading.tree.problems):
            reading.problem(
                "E005",
                "the comment is never closed",
                lexeme.at,
                lexeme.at + 2,
                help="write `*/` where it ends",
            )
        reading.lexer.position = line_end(text, lexeme.at)
        return
    partial_start = first_offset(reading.parse.values[body + 1 :], text)
    if reading.complete(body):
        start = lexeme.at
        statements: list[Statement] = reading.parse.values[body]
        for _ in range(LOOK_BACK):
            before = open_ended(statements[-1], text, start) if statements else None
            if before is None:
                break
            start = before
            statements.pop()
    else:
        start = lexeme.at if partial_start is None else min(partial_start, lexeme.at)
        reading.parse.cut(body + 1)
    if program_text(text, lexeme.at) or program_text(text, start):
        reading.program(start)
    if lexeme.raw in {"-", "/", "\\"} and not text[lexeme.to :].strip():
        reading.cut_off(start, start, "a statement")
        return
    if lexeme.type == OPEN_STRING and "}" not in text[lexeme.at :] and nothing_follows(text, lexeme.at):
        reading.cut_off(start, lexeme.at, "a string")
        return
    if mend_earlier_quote(reading, start, stop, body):
        return
    end = max(statement_end(text, start, lexeme.at), lexeme.at + (lexeme.type != "RBRACE"))
    broken = Broken(text, start, end, lexeme, stop.taken, reading.lexer.directed)
    if end - start > LONGEST_MENDED and (last := value_runs_on(text, start)) is not None:
        # Up to its own line it may be mended, however much it swallowed behind.
        if mend(reading, Broken(text, start, last, lexeme, stop.taken, reading.lexer.directed), body):
            return
    elif end - start <= LONGEST_MENDED and mend(reading, broken, body):
        return
    if lexeme.type in {OPEN_STRING, OPEN_HTML} and nothing_follows(text, lexeme.at):
        what = "a string" if lexeme.type == OPEN_STRING else "an HTML label"
        reading.cut_off(start, lexeme.at, what)
        return
    leave_out(reading, broken, stop, body)


def leave_out(reading: Reading, broken: Broken, stop: Stop, body: int) -> None:
    """Tell of a mistake that no remedy mends, and go on behind the statement."""
    text, lexeme = broken.text, broken.lexeme
    statements: list[Statement] = reading.parse.values[body]
    before, reading.left_out = reading.left_out, (id(statements), len(statements))
    quote = odd_string(text, broken.start, broken.end)
    line = line_start(text, lexeme.at)
    resume = next_statement(text, line_end(text, broken.start), broken.end)
    if before == reading.left_out:
        pass  # nothing was understood since the last mistake: it is the same one
    elif lexeme.type == OPEN_HTML:
        reading.problem(
            "E004",
            "the HTML label is never closed",
            lexeme.at,
            lexeme.at + 1,
            help="each `<` needs its `>`",
        )
    elif lexeme.type == OPEN_STRING or quote is not None:
        at = lexeme.at if quote is None else quote
        reading.problem("E003", "this quote has no partner", at, at + 1, help="each string needs two")
    elif resume is not None and resume == line > broken.start:
        last = len(text[:line].rstrip())
        reading.problem(
            "E001",
            "this statement is not finished",
            broken.start,
            last,
            help="the next line starts another one",
        )
    else:
        reading.unexpected(stop)
    end = broken.end
    if lexeme.type in {OPEN_STRING, OPEN_HTML}:
        end = line_end(text, lexeme.at)
    if text[end - 1] == "{" and end - 1 > lexeme.at:
        end -= 1  # what it opens is read as a block without a name
    if resume is not None and reading.turned < resume < end:
        reading.turned = end = resume
    reading.lexer.position = end


def mend_earlier_quote(reading: Reading, start: int, stop: Stop, body: int) -> bool:
    """Look for an odd quote in the statements before, which may be made of what stands between strings."""
    statements: list[Statement] = reading.parse.values[body]
    text, first, popped = reading.text, None, 0
    for back, statement in enumerate(statements[: -LOOK_BACK - 1 : -1], 1):
        begin, stop_at = first_offset(statement, text), last_offset(statement, text)
        if begin is None or stop_at is None or isinstance(statement, Block):
            break
        if begin < reading.turned or start - begin > LONGEST_MENDED:
            break
        if odd_string(text, begin, stop_at) is not None:
            first, popped = begin, back
    if first is None:
        return False
    while popped < len(statements):
        before = first_offset(statements[-popped - 1], text)
        if before is None or before < line_start(text, first):
            break
        first, popped = before, popped + 1
    taken = statements[-popped:]
    del statements[-popped:]
    broken = Broken(text, first, stop.lexeme.to, stop.lexeme, stop.taken, reading.lexer.directed)
    for remedy in quote_remedies(broken):
        if (
            remedy.until is not None
            and reading.may_move(remedy.until)
            and attempt(reading, (first, remedy.until), list(remedy.edits), body) is None
        ):
            reading.note([remedy])
            reading.move(remedy.until)
            return True
    statements.extend(taken)
    return False


def mend(reading: Reading, broken: Broken, body: int) -> bool:
    """Try remedies, one after the other where several mistakes are in one statement.

    True where it then parses.
    """
    edits: list[Edit] = []
    found: list[Remedy] = []
    for _ in range(MOST_STEPS):
        best: tuple[int, list[Edit], Remedy, Broken] | None = None
        for remedy in remedies(broken):
            together = merged(edits, remedy.edits)
            until = broken.end if remedy.until is None else remedy.until
            if together is None or together[-1][1] > until or not reading.may_move(until):
                continue
            stop = attempt(reading, (broken.start, until), together, body)
            if stop is None:
                reading.note([*found, remedy])
                reading.move(until)
                return True
            fragment = stop.lexeme.text
            assert isinstance(fragment, Edited)
            at = fragment.local(stop.lexeme.at)
            if (
                stop.lexeme.type != END
                and at > max(broken.lexeme.at, remedy.end - 1)
                and (best is None or at > best[0])
            ):
                lexeme = Lexeme(stop.lexeme.type, broken.text, at, max(fragment.local(stop.lexeme.to), at + 1))
                further = Broken(broken.text, broken.start, until, lexeme, stop.taken, broken.directed)
                best = at, together, remedy, further
        if best is None:
            return False
        _, edits, remedy, broken = best
        found.append(remedy)
    return False


def attempt(reading: Reading, place: tuple[int, int], edits: list[Edit], body: int) -> Stop | None:
    """Parse the text at the place with the edits instead of the broken statement; keep it if it parses."""
    text = reading.text
    fragment = edited(text, *place, edits)
    lexer = Lexer(fragment, directed=reading.lexer.directed)
    if fragment.count("}") > fragment.count("{"):
        return Stop(lexer.end(), frozenset())
    reading.allowance -= len(fragment)
    statements: list[Statement] = reading.parse.values[body]
    own: list[Statement] = []
    parse = reading.parse
    states, values = (parse.states[:], parse.values[:]) if "}" in fragment else ([], [])
    lengths = [(grown, len(grown)) for grown in _lists(values)]
    parse.values[body] = own
    failure: Stop | None = None
    try:
        parse.read(lexer)
        parse.feed(reading.nothing())
    except Stop as stop:
        failure = stop
    if failure is None and not (len(parse.values) > body and parse.values[body] is own):
        failure = Stop(lexer.end(), frozenset())  # it closed the body that it stands in
    if failure is not None:
        if states:
            parse.states[:], parse.values[:] = states, values
            for grown, length in lengths:
                del grown[length:]
        parse.cut(body + 1)
        parse.values[body] = statements
        if failure.lexeme.text is not fragment:
            failure.lexeme = lexer.end()
        return failure
    statements.extend(own)
    parse.values[body] = statements
    reading.tree.comments.extend(lexer.comments)
    wrong = [Lexeme(one.type, text, fragment.local(one.at), fragment.local(one.to)) for one in lexer.wrong]
    known = reading.lexer.wrong
    known[:] = [*(one for one in known if not place[0] <= one.at < place[1]), *wrong]
    return None


def _lists(values: list[Any]) -> Iterator[list[Any]]:
    """Yield the lists among the parser's values, such as bodies and the sides of an edge: they grow in place."""
    for value in values:
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, list):
                yield part


def merged(edits: list[Edit], more: tuple[Edit, ...]) -> list[Edit] | None:
    """Put edits in order; None where they overlap or there is none."""
    together = sorted({*edits, *more})
    if not together or any(one[1] > other[0] for one, other in pairwise(together)):
        return None
    return together
