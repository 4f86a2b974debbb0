"""Mistakes outside of any graph: no header, a broken one, or text around the graph."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.syntax.lexemes import Lexeme
from dotlint.syntax.lexer import END
from dotlint.syntax.recovery.bounds import line_end, line_start, looks_like_statement, within
from dotlint.syntax.recovery.program_text import program_text, wrapping
from dotlint.syntax.terminals import NAME, NUMBER, STRING
from dotlint.text.nearest import nearest
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.syntax.parser import Stop
    from dotlint.syntax.recovery.recover import Reading
    from dotlint.syntax.tree import GraphBlock

_HEADER = regex(
    rf"(?<![^\s;}}\"'`])(?:strict\s+)?(?:di)?graph(?:\s+(?:{NAME}|{NUMBER}|{STRING}))?\s*\{{", re.IGNORECASE
)
_NEARLY = regex(rf"({NAME})\b(?:[ \t]+(?:{NAME}|{STRING}))?[ \t]*\{{")
_SET = regex(rf"[ \t\r\n]*+(?:{NAME}|{STRING})[ \t]*=[^=]")


def outside(reading: Reading, stop: Stop) -> None:
    """Get the parser into a graph again, or to the end of the file."""
    parse, text = reading.parse, reading.text
    at = stop.lexeme.at
    if parse.in_header():
        _broken_header(reading, stop)
        return
    parse.settle()
    graphs: list[GraphBlock] = parse.values[0]
    header = _HEADER.search(text, at)
    wrapped = header is not None and wrapping(text, at, header.start()) is not None
    if not graphs and not wrapped and program_text(text, at):
        reading.program(at)
        if header is None:
            reading.lexer.position = len(text)
            return
    if graphs:
        _after_graph(reading, stop, graphs, header)
        return
    if header is not None:
        _before_header(reading, stop, header.start())
        return
    nearly = _NEARLY.match(text, at)
    if nearly is not None and (near := nearest(nearly[1], ("digraph", "graph", "strict"), least=0.7)):
        meant = "strict digraph" if near == "strict" else near
        reading.unexpected(stop, help=f"did you mean `{meant}`?")
        open_graph(reading, at, nearly.end() - 1)
    elif looks_like_body(text, at):
        reading.headless = at
        open_graph(reading, at, at)
    else:
        reading.unexpected(stop)
        reading.lexer.position = len(text)


def looks_like_body(text: str, at: int) -> bool:
    """Tell whether one of the first lines could stand in a graph."""
    for _ in range(20):
        if text[at : line_end(text, at)].strip() and (looks_like_statement(text, at) or _SET.match(text, at)):
            return True
        at = text.find("\n", at) + 1
        if not at:
            return False
    return False


def open_graph(reading: Reading, at: int, brace: int) -> None:
    """Feed a header that is not there, of the kind that the edges ask for; reading goes on at `brace`."""
    text = reading.text
    directed = "->" in text or "--" not in text
    reading.lexer.choose(directed=directed)
    reading.parse.feed(Lexeme("DIGRAPH" if directed else "GRAPH", text, at, at))
    if not text.startswith("{", brace):
        reading.parse.feed(Lexeme("LBRACE", text, brace, brace))
    reading.lexer.position = brace


def _broken_header(reading: Reading, stop: Stop) -> None:
    parse, text, at = reading.parse, reading.text, stop.lexeme.at
    if stop.lexeme.type == END:
        reading.problem("E006", "the file ends inside the graph's header", line_start(text, at), at)
        parse.cut(1)
        return
    line = line_end(text, len(text[:at].rstrip()))
    if line < at and "LBRACE" in stop.taken and stop.lexeme.type != "LBRACE":
        line = max(line, 1)
        reading.problem("E001", "the graph's `{` is missing", line - 1, line, help="write `{` after the header")
        parse.feed(Lexeme("LBRACE", text, line, line))
        reading.lexer.position = at
        return
    hyphen = not text[at - 1 : at].isspace()
    reading.unexpected(stop, help="quote a name that is not one word of letters, digits and `_`" if hyphen else None)
    if "LBRACE" not in stop.taken:
        parse.cut(1)
        parse.feed(Lexeme("DIGRAPH" if reading.lexer.directed else "GRAPH", text, at, at))
    brace = text.find("{", at, line_end(text, at))
    reading.lexer.position = brace if brace >= 0 else at
    if brace < 0:
        parse.feed(Lexeme("LBRACE", text, at, at))


def _before_header(reading: Reading, stop: Stop, header: int) -> None:
    text, at = reading.text, stop.lexeme.at
    known = wrapping(text, at, header)
    if known is None and not reading.muted and not text[at:header].strip("\"'`()[]{},;:.\\/ \t\r\n"):
        known = "a stray token", [(at, at + len(text[at:header].rstrip()), "")]
    if known is not None:
        what, edits = known
        reading.stray(what, at, at + len(text[at:header].rstrip()), edits)
        reading.closing = edits[-1][0] if len(edits) > 1 else None
    elif text[line_start(text, header) : header].strip() and len(text[at:header].split()) == 1:
        reading.unexpected(stop)
    else:
        reading.problem(
            "E001", "this text before the graph is not DOT", at, line_end(text, at), help="start it with `//`"
        )
    reading.lexer.position = header


def _after_graph(reading: Reading, stop: Stop, graphs: list[GraphBlock], header: re.Match[str] | None) -> None:
    text, at = reading.text, stop.lexeme.at
    if stop.lexeme.type == END:
        return
    rest = len(text) if header is None else header.start()
    position = rest
    if at == reading.closing:
        position = max(at + 1, rest)
    elif stop.lexeme.type in {"RBRACE", "SEMICOLON", "COMMA"} or stop.lexeme.raw in {")", "]"}:
        following = text[at + 1 : line_end(text, at + 1)].strip()
        reading.stray("a stray token", at, at + 1, [(at, at + 1, "")])
        position = at + 1 if len(following) < 2 else max(at + 1, position)
    elif text[at] in "\"'`" and not (stop.lexeme.type == "STRING" and looks_like_statement(text, at)):
        end = line_end(text, at)
        reading.stray("a stray token", at, at + len(text[at:end].rstrip()), [(at, at + len(text[at:end].rstrip()), "")])
        position = rest if text[end:rest].strip() == "" or header else len(text)
    elif looks_like_statement(text, at) and stop.lexeme.type != "UNKNOWN":
        closed = within(graphs[-1].close.text, graphs[-1].close.at, text) or 0
        reading.problem(
            "E001",
            "the graph ends at this brace, but statements follow it",
            closed,
            closed + 1,
            related=(("the first of them", at, line_end(text, at)),),
            help="take out the brace that is too many",
        )
        reading.reopen(at)
        return
    else:
        reading.unexpected(stop)
    reading.lexer.position = position
