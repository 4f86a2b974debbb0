"""Recover from mistakes outside of any graph: no header, a broken header, or text around the graph."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.syntax.lexemes import Lexeme
from dotlint.syntax.lexer import END
from dotlint.syntax.recovery.bounds import indent, looks_like_statement, offset_within
from dotlint.syntax.recovery.program_text import find_wrapper, looks_like_program
from dotlint.syntax.recovery.remedy import Remedy
from dotlint.syntax.recovery.unquoted_values import OTHER_QUOTES_GROUP, quoted_value
from dotlint.syntax.recovery.wording import excerpt
from dotlint.syntax.terminals import NAME, NUMBER, STRING
from dotlint.text.lines import line_end, line_start
from dotlint.text.nearest import nearest
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.syntax.parser import Stop
    from dotlint.syntax.recovery.certainty import Applicability
    from dotlint.syntax.recovery.state import Recovery
    from dotlint.syntax.tree import GraphBlock

_HEADER = regex(
    rf"(?<![^\s;}}\"'`])(?:strict\s+)?(?:di)?graph(?:\s+(?:{NAME}|{NUMBER}|{STRING}))?\s*\{{", re.IGNORECASE
)
_NEARLY = regex(rf"({NAME})\b(?:[ \t]+(?:{NAME}|{STRING}))?[ \t]*\{{")
_BROKEN_NAME = regex(r"graph[ \t]+(\w+(?:[.\-:/]\w+)+)[ \t\r]*(?:\{|\n[ \t]*\{)", re.IGNORECASE)
_SEVERAL_WORDS = regex(
    r"graph[ \t]+((?!(?:strict|graph|digraph|node|edge|subgraph)\b)\w+(?:[ \t]+\w+)+)[ \t\r]*(?:\{|\n[ \t]*\{)",
    re.IGNORECASE,
)
_LETTER = regex(r"\w")
_QUOTED_NAME = regex(
    r"graph[ \t]+('[^'\n]*'|\u201c[^\u201c-\u201e\"\n]*\u201d|\u2018[^\u2018\u2019\"\n]*\u2019)(?=[^\n{]*\n?[ \t]*\{)",
    re.IGNORECASE,
)
_LINE_OF_TEXT = regex(r"^(?=[ \t]*(?!//|#)[^\s])|\A", re.MULTILINE)
_SET = regex(rf"[ \t\r\n]*+(?:{NAME}|{STRING})[ \t]*=[^=]")


def outside(recovery: Recovery, stop: Stop) -> None:
    """Bring the parser back into a graph, or to the end of the file."""
    parse, text = recovery.parse, recovery.text
    at = stop.lexeme.at
    if parse.in_header():
        _broken_header(recovery, stop)
        return
    parse.finish_graph()
    graphs: list[GraphBlock] = parse.values[0]
    header = _HEADER.search(text, at)
    wrapped = header is not None and find_wrapper(text, at, header.start()) is not None
    if not graphs and not wrapped and looks_like_program(text, at):
        recovery.report_program(at)
        if header is None:
            recovery.lexer.position = len(text)
            return
    if graphs:
        _after_graph(recovery, stop, graphs, header)
        return
    if header is not None:
        _before_header(recovery, stop, header.start())
        return
    nearly = _NEARLY.match(text, at)
    if nearly is not None and (near := nearest(nearly[1], ("digraph", "graph", "strict"), least=0.7)):
        meant = "strict digraph" if near == "strict" else near
        message = f"`{excerpt(nearly[1])}` is not expected here"
        edits = ((*nearly.span(1), meant),)
        recovery.add_remedies([Remedy("E001", message, *nearly.span(1), edits, "unsafe", suggestion=f"`{meant}`")])
        open_graph(recovery, at, nearly.end() - 1)
    elif looks_like_body(text, at):
        recovery.missing_header_at = at
        open_graph(recovery, at, at)
    else:
        recovery.report_unexpected(stop)
        recovery.lexer.position = len(text)


def looks_like_body(text: str, at: int) -> bool:
    """Return whether one of the first lines could be a statement."""
    for _ in range(20):
        if text[at : line_end(text, at)].strip() and (looks_like_statement(text, at) or _SET.match(text, at)):
            return True
        at = text.find("\n", at) + 1
        if not at:
            return False
    return False


def open_graph(recovery: Recovery, at: int, brace: int) -> None:
    """Feed a synthetic header of the kind that the edge operators suggest; parsing continues at `brace`."""
    text = recovery.text
    directed = "->" in text or "--" not in text
    recovery.lexer.set_directed(directed=directed)
    recovery.parse.feed(Lexeme("DIGRAPH" if directed else "GRAPH", text, at, at))
    if not text.startswith("{", brace):
        recovery.parse.feed(Lexeme("LBRACE", text, brace, brace))
    recovery.lexer.position = brace


def _broken_header(recovery: Recovery, stop: Stop) -> None:
    parse, text, at = recovery.parse, recovery.text, stop.lexeme.at
    if stop.lexeme.type == END:
        recovery.report("E006", "the file ends inside the graph's header", line_start(text, at), at)
        parse.cut(1)
        return
    line = line_end(text, len(text[:at].rstrip()))
    if line < at and "LBRACE" in stop.accepted and stop.lexeme.type != "LBRACE":
        line = max(line, 1)
        closed = text.count("}", line) > text.count("{", line)
        recovery.add_remedies(
            [
                Remedy(
                    "E001",
                    "the graph's `{` is missing",
                    line - 1,
                    line,
                    ((line, line, " {"),),
                    "unsafe" if closed else None,
                    "write `{` after the header",
                )
            ]
        )
        parse.feed(Lexeme("LBRACE", text, line, line))
        recovery.lexer.position = at
        return
    if stop.lexeme.type == "SEMICOLON" and text[at + 1 :].lstrip().startswith("{"):
        recovery.report_stray("stray token", at, at + 1, [(at, at + 1, "")])
        recovery.lexer.position = at + 1
        return
    quoted = _QUOTED_NAME.search(text, line_start(text, at))
    if quoted is not None and quoted.start(1) <= at < quoted.end(1):
        remedy = Remedy(
            "E008",
            f"`{excerpt(quoted[1])}` needs double quotes",
            *quoted.span(1),
            ((*quoted.span(1), quoted_value(quoted[1])),),
            "safe",
            'write it in "..."',
            OTHER_QUOTES_GROUP,
        )
        recovery.add_remedies([remedy])
        parse.cut(1)
        parse.feed(Lexeme("DIGRAPH" if recovery.lexer.directed else "GRAPH", text, at, at))
        recovery.lexer.position = quoted.end()
        return
    glued = not text[at - 1 : at].isspace()
    name = (_BROKEN_NAME if glued else _SEVERAL_WORDS).search(text, line_start(text, at))
    if name is not None and name.start(1) < at < name.end(1):
        recovery.add_remedies(
            [
                Remedy(
                    "E001",
                    f"`{excerpt(name[1])}` is not a valid unquoted id",
                    *name.span(1),
                    ((*name.span(1), f'"{name[1]}"'),),
                    "safe" if glued else "unsafe",
                    "quote the name: without quotes it may only have letters, digits and `_`",
                )
            ]
        )
    else:
        recovery.report_unexpected(stop)
    if "LBRACE" not in stop.accepted:
        parse.cut(1)
        parse.feed(Lexeme("DIGRAPH" if recovery.lexer.directed else "GRAPH", text, at, at))
    brace = text.find("{", at, line_end(text, at))
    recovery.lexer.position = brace if brace >= 0 else at
    if brace < 0:
        parse.feed(Lexeme("LBRACE", text, at, at))


def _before_header(recovery: Recovery, stop: Stop, header: int) -> None:
    text, at = recovery.text, stop.lexeme.at
    known = find_wrapper(text, at, header)
    if known is None and not recovery.muted and not text[at:header].strip("\"'`()[]{},;:.\\/ \t\r\n"):
        known = "stray token", [(at, at + len(text[at:header].rstrip()), "")]
    if known is not None:
        what, edits = known
        offered: Applicability = None if "{" in text[at:header] else "safe"
        recovery.report_stray(what, at, at + len(text[at:header].rstrip()), edits, offered)
        recovery.wrapper_end = edits[-1][0] if len(edits) > 1 else None
    elif text[line_start(text, header) : header].strip() and len(text[at:header].split()) == 1:
        recovery.report_unexpected(stop)
    else:
        _report_prose(recovery, "before", at, header)
    recovery.lexer.position = header


def _report_prose(recovery: Recovery, side: str, at: int, end: int) -> None:
    """Report text around a graph; the fix makes its lines comments."""
    text = recovery.text
    edits = [(at + line.start(), at + line.start(), "// ") for line in _LINE_OF_TEXT.finditer(text[at:end])]
    if text[line_start(text, end) : end].strip():
        edits.append((end, end, "\n"))
    recovery.add_remedies(
        [
            Remedy(
                "E001",
                f"this text {side} the graph is not DOT",
                at,
                line_end(text, at),
                tuple(edits),
                "unsafe",
                "remove it, or make it a comment with `//`",
            )
        ]
    )


def _after_graph(recovery: Recovery, stop: Stop, graphs: list[GraphBlock], header: re.Match[str] | None) -> None:
    text, at = recovery.text, stop.lexeme.at
    if stop.lexeme.type == END:
        return
    rest = len(text) if header is None else header.start()
    position = rest
    if at == recovery.wrapper_end:
        position = max(at + 1, rest)
    elif stop.lexeme.type in {"RBRACE", "SEMICOLON", "COMMA"} or stop.lexeme.raw in {")", "]"}:
        following = text[at + 1 : line_end(text, at + 1)].strip()
        recovery.closed_early |= header is None and _LETTER.search(following) is not None
        recovery.report_stray("stray token", at, at + 1, [(at, at + 1, "")], _of_removal(text, at, graphs[-1]))
        position = at + 1 if len(following) < 2 else max(at + 1, position)
    elif text[at] in "\"'`" and not (stop.lexeme.type == "STRING" and looks_like_statement(text, at)):
        end = line_end(text, at)
        to = at + len(text[at:end].rstrip())
        recovery.report_stray("stray token", at, to, [(at, to, "")], None if _LETTER.search(text, at, to) else "safe")
        position = rest if text[end:rest].strip() == "" or header else len(text)
    elif looks_like_statement(text, at) and stop.lexeme.type != "UNKNOWN":
        recovery.closed_early = True
        closed = offset_within(graphs[-1].close.text, graphs[-1].close.at, text) or 0
        recovery.report(
            "E001",
            "the graph ends at this brace, but statements follow it",
            closed,
            closed + 1,
            related=(("the first statement after it", at, line_end(text, at)),),
            help="remove the extra brace",
        )
        recovery.reopen(at)
        return
    elif stop.lexeme.type == "NAME" and rest == len(text):
        _report_prose(recovery, "after", at, rest)
    else:
        recovery.report_unexpected(stop)
    recovery.lexer.position = position


def _of_removal(text: str, at: int, graph: GraphBlock) -> Applicability:
    """Return how certain it is that a token after a graph is stray.

    A `}` is, if the brace before it closes the graph: it is on a line of its own, below the header.
    """
    close, header = (
        offset_within(graph.close.text, graph.close.at, text),
        offset_within(graph.keyword.text, graph.keyword.at, text),
    )
    if text[at] != "}" or close is None or header is None:
        return "safe"
    alone = not text[line_start(text, close) : close].strip() and not text[line_start(text, at) : at].strip()
    return "safe" if alone and indent(text, close) == indent(text, header) else None
