"""Recover from a broken statement: repair it if a remedy makes it parse, else skip it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dotlint.syntax.lexemes import Lexeme
from dotlint.syntax.lexer import END, OPEN, OPEN_COMMENT, OPEN_HTML, OPEN_STRING, Lexer
from dotlint.syntax.parser import Stop
from dotlint.syntax.recovery.bounds import first_offset, last_offset, next_statement, open_ended, statement_end
from dotlint.syntax.recovery.certainty import weakest
from dotlint.syntax.recovery.program_text import looks_like_program
from dotlint.syntax.recovery.quotes import find_unbalanced_string, unclosed_value_line_end
from dotlint.syntax.recovery.remedy import BrokenStatement, Remedy
from dotlint.syntax.recovery.repairs import quote_remedies, remedies
from dotlint.syntax.recovery.truncation import nothing_follows
from dotlint.syntax.source import Edited, edited
from dotlint.syntax.tree import Block
from dotlint.text.lines import line_end, line_start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.syntax.problem import Replacement
    from dotlint.syntax.recovery.state import Recovery
    from dotlint.syntax.tree import Statement

LONGEST_REPAIRED = 6_000
MOST_STEPS = 8
LOOK_BACK = 12  # statements


def recover_statement(recovery: Recovery, stop: Stop, body: int) -> None:
    """Repair or skip the statement, and move the lexer to where parsing resumes."""
    text, lexeme = recovery.text, stop.lexeme
    if lexeme.type in OPEN:
        recovery.allowance -= 3 * (len(text) - lexeme.at)
    if lexeme.type == OPEN_COMMENT:
        if not any(problem.code == "E005" for problem in recovery.tree.problems):
            recovery.report(
                "E005",
                "the comment is never closed",
                lexeme.at,
                lexeme.at + 2,
                help="write `*/` where it ends",
            )
        recovery.lexer.position = line_end(text, lexeme.at)
        return
    partial_start = first_offset(recovery.parse.values[body + 1 :], text)
    if recovery.finish_statement(body):
        start = lexeme.at
        statements: list[Statement] = recovery.parse.values[body]
        ended = text.startswith("[", start)  # a list belongs to the statement before it, even after a `;`
        for _ in range(LOOK_BACK):
            before = open_ended(statements[-1], text, start, ended=ended) if statements else None
            if before is None:
                break
            start, ended = before, False
            statements.pop()
    else:
        start = lexeme.at if partial_start is None else min(partial_start, lexeme.at)
        recovery.parse.cut(body + 1)
    if looks_like_program(text, lexeme.at) or looks_like_program(text, start):
        recovery.report_program(start)
    if lexeme.raw in {"-", "/", "\\"} and not text[lexeme.to :].strip():
        recovery.report_truncation(start, start, "a statement")
        return
    if lexeme.type == OPEN_STRING and "}" not in text[lexeme.at :] and nothing_follows(text, lexeme.at):
        recovery.report_truncation(start, lexeme.at, "a string")
        return
    if repair_earlier_quote(recovery, start, stop, body):
        return
    end = max(statement_end(text, start, lexeme.at), lexeme.at + (lexeme.type != "RBRACE"))
    broken = BrokenStatement(text, start, end, lexeme, stop.accepted, recovery.lexer.directed)
    if end - start > LONGEST_REPAIRED and (last := unclosed_value_line_end(text, start)) is not None:
        # It may be repaired within its own line, however much text it spans after that.
        if try_remedies(
            recovery, BrokenStatement(text, start, last, lexeme, stop.accepted, recovery.lexer.directed), body
        ):
            return
    elif end - start <= LONGEST_REPAIRED and try_remedies(recovery, broken, body):
        return
    if lexeme.type in {OPEN_STRING, OPEN_HTML} and nothing_follows(text, lexeme.at):
        what = "a string" if lexeme.type == OPEN_STRING else "an HTML label"
        recovery.report_truncation(start, lexeme.at, what)
        return
    skip_statement(recovery, broken, stop, body)


def skip_statement(recovery: Recovery, broken: BrokenStatement, stop: Stop, body: int) -> None:
    """Report a mistake that no remedy repairs, and resume after the statement."""
    text, lexeme = broken.text, broken.lexeme
    statements: list[Statement] = recovery.parse.values[body]
    before, recovery.skipped_at = recovery.skipped_at, (id(statements), len(statements))
    quote = find_unbalanced_string(text, broken.start, broken.end)
    line = line_start(text, lexeme.at)
    resume = next_statement(text, line_end(text, broken.start), broken.end)
    if before == recovery.skipped_at:
        pass  # nothing was parsed since the last mistake, so it is the same one
    elif lexeme.type == OPEN_HTML:
        recovery.report(
            "E004",
            "the HTML label is never closed",
            lexeme.at,
            lexeme.at + 1,
            help="write a `>` for each `<`",
        )
    elif lexeme.type == OPEN_STRING or quote is not None:
        at = lexeme.at if quote is None else quote
        recovery.report(
            "E003", "this quote has no matching quote", at, at + 1, help="close the string, or remove the quote"
        )
    elif resume is not None and resume == line > broken.start:
        last = len(text[:line].rstrip())
        recovery.report(
            "E001",
            "this statement is incomplete",
            broken.start,
            last,
            help="complete it: the next line starts another statement",
        )
    else:
        recovery.report_unexpected(stop)
    end = broken.end
    if lexeme.type in {OPEN_STRING, OPEN_HTML}:
        end = line_end(text, lexeme.at)
    if text[end - 1] == "{" and end - 1 > lexeme.at:
        end -= 1  # what it opens is parsed as an anonymous block
    if resume is not None and recovery.resumed_at < resume < end:
        recovery.resumed_at = end = resume
    recovery.lexer.position = end


def repair_earlier_quote(recovery: Recovery, start: int, stop: Stop, body: int) -> bool:
    """Repair an unbalanced quote in the previous statements, and return whether that worked.

    Such a quote turns the text between strings into statements, so the mistake is noticed only later.
    """
    statements: list[Statement] = recovery.parse.values[body]
    text, first, popped = recovery.text, None, 0
    for back, statement in enumerate(statements[: -LOOK_BACK - 1 : -1], 1):
        begin, stop_at = first_offset(statement, text), last_offset(statement, text)
        if begin is None or stop_at is None or isinstance(statement, Block):
            break
        if begin < recovery.resumed_at or start - begin > LONGEST_REPAIRED:
            break
        if find_unbalanced_string(text, begin, stop_at) is not None:
            first, popped = begin, back
    if first is None:
        return False
    while popped < len(statements):
        before = first_offset(statements[-popped - 1], text)
        if before is None or before < line_start(text, first):
            break
        first, popped = before, popped + 1
    removed = statements[-popped:]
    del statements[-popped:]
    broken = BrokenStatement(text, first, stop.lexeme.to, stop.lexeme, stop.accepted, recovery.lexer.directed)
    for remedy in quote_remedies(broken):
        if (
            remedy.until is not None
            and recovery.can_resume_at(remedy.until)
            and attempt(recovery, (first, remedy.until), list(remedy.edits), body) is None
        ):
            recovery.add_remedies([remedy])
            recovery.resume_at(remedy.until)
            return True
    statements.extend(removed)
    return False


def try_remedies(recovery: Recovery, broken: BrokenStatement, body: int) -> bool:
    """Try remedies, several in sequence if a statement has several mistakes.

    Returns whether the statement then parses.
    """
    edits: list[Replacement] = []
    found: list[Remedy] = []
    tried: dict[tuple[int, tuple[Replacement, ...]], Stop] = {}  # remedies in another order may be the same edits
    for _ in range(MOST_STEPS):
        best: tuple[int, list[Replacement], Remedy, BrokenStatement] | None = None
        for remedy in remedies(broken):
            together = merge_replacements(edits, remedy.edits)
            until = broken.end if remedy.until is None else remedy.until
            if together is None or together[-1][1] > until or not recovery.can_resume_at(until):
                continue
            edited_so = until, tuple(together)
            stop = tried.get(edited_so) or attempt(recovery, (broken.start, until), together, body)
            if stop is None:
                recovery.add_remedies(_as_certain([*found, remedy]))
                recovery.resume_at(until)
                return True
            tried[edited_so] = stop
            fragment = stop.lexeme.text
            assert isinstance(fragment, Edited)
            at = fragment.parent_offset(stop.lexeme.at)
            if (
                stop.lexeme.type != END
                and at > max(broken.lexeme.at, remedy.end - 1)
                and (best is None or at > best[0])
            ):
                lexeme = Lexeme(stop.lexeme.type, broken.text, at, max(fragment.parent_offset(stop.lexeme.to), at + 1))
                further = BrokenStatement(broken.text, broken.start, until, lexeme, stop.accepted, broken.directed)
                best = at, together, remedy, further
        if best is None:
            return False
        _, edits, remedy, broken = best
        found.append(remedy)
    return False


def _as_certain(found: list[Remedy]) -> list[Remedy]:
    """Return the remedies of one statement, all as certain as the weakest: different mistakes may be another one."""
    if len({(remedy.code, remedy.offered) for remedy in found}) < 2:
        return found
    certainty = weakest(remedy.offered for remedy in found)
    return [replace(remedy, offered=certainty and "unsafe") for remedy in found]


def attempt(recovery: Recovery, span: tuple[int, int], edits: list[Replacement], body: int) -> Stop | None:
    """Parse a span of the text with edits in place of the broken statement; keep the result if it parses.

    Returns where the parser stopped, or None if it parsed.
    """
    text = recovery.text
    fragment = edited(text, *span, edits)
    lexer = Lexer(fragment, directed=recovery.lexer.directed)
    if fragment.count("}") > fragment.count("{"):
        return Stop(lexer.end(), frozenset())
    recovery.allowance -= len(fragment)
    statements: list[Statement] = recovery.parse.values[body]
    own: list[Statement] = []
    parse = recovery.parse
    states, values = (parse.states[:], parse.values[:]) if "}" in fragment else ([], [])
    lengths = [(grown, len(grown)) for grown in _lists(values)]
    parse.values[body] = own
    failure: Stop | None = None
    try:
        parse.read(lexer)
        parse.feed(recovery.empty_run())
    except Stop as stop:
        failure = stop.with_traceback(None)  # whose frames would keep everything that was tried
    if failure is None and not (len(parse.values) > body and parse.values[body] is own):
        failure = Stop(lexer.end(), frozenset())  # it closed the body that contains it
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
    source = recovery.tree.text
    recovery.tree.comments.extend(one for one in lexer.comments if source.startswith(one.kind, one.start))
    wrong = [
        Lexeme(one.type, text, fragment.parent_offset(one.at), fragment.parent_offset(one.to))
        for one in lexer.wrong_operators
    ]
    known = recovery.lexer.wrong_operators
    after: list[Lexeme] = []
    while known and known[-1].at >= span[0]:  # from the end: there may be thousands before
        if (last := known.pop()).at >= span[1]:
            after.append(last)
    known += (*reversed(after), *wrong)
    return None


def _lists(values: list[Any]) -> Iterator[list[Any]]:
    """Yield the lists among the parser's values, such as bodies and the sides of an edge, which grow in place."""
    for value in values:
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, list):
                yield part


def merge_replacements(edits: list[Replacement], more: tuple[Replacement, ...]) -> list[Replacement] | None:
    """Return both sets of edits in order; None if they overlap or are empty."""
    together = sorted({*edits, *more})
    if not together or any(one[1] > other[0] for one, other in pairwise(together)):
        return None
    return together
