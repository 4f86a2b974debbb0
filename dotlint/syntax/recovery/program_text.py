"""Detect traces of the program or tool that wrote a DOT file: loops, quotes, fences, escaped line ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.syntax.recovery.bounds import looks_like_statement
from dotlint.syntax.terminals import BLOCK_COMMENT, STRING
from dotlint.text.lines import line_end, line_start
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.syntax.problem import Replacement

_PROGRAM = regex(
    r"""\s*(?:\}\s*)?(?:
      (?:for|while|if|elif|switch|foreach)\s*\(.*\)\s*\{?\s*(?://.*)?$
    | (?:for|while|if|elif|switch)\s*\([^)\n]*[;<>=+]
    | (?:async\s+)?for\s+[\w, ()]+\s+in\s+\S
    | (?:if|elif|while|with|try|except)\b[^\n\[{]*:\s*(?:\#.*)?$
    | else\s*(?::|\{)
    | (?:def|class)\s+\w+\s*[(:]
    | (?:import\s+[\w.]+(?:\s+as\s+\w+)?|from\s+[\w.]+\s+import\s.*)\s*$
    | (?:print|printf|console\.log|cout|echo)\s*(?:\(|<<|")
    | return\b\s*[^\[\->;=\s]
    | (?:const|let|var|local)\s+\w+\s*=
    | (?:public|private|static|void|int|string|str|function|func|fn)\s+\w+\s*[(=]
    | [A-Za-z_][\w.]*\s*(?:\+=|\|=)
    | [A-Za-z_]\w*(?:\.\w+)+\s*\(
    | [A-Za-z_]\w*\s*=\s*[rbfu]?(?:\"{3}|'{3}|\[|\{|\w+\()
    | .*\b[fF]["'][^"'\n]*\{
    | .*(?:\$\{|\{\{|\{%|%\}|<%|<\?)
    | \#include\b
    )""",
    re.VERBOSE,
)
_LONGEST_LINE = 2_000
_FENCE = regex(r"[ \t]*(```+|~~~+)[^\n]*")
_HOST_QUOTE = regex(r"""(?:[A-Za-z_]\w*\s*=\s*)?[rbfu]{0,2}("{3}|'{3}|"|')\s*""")
_ESCAPED = regex(rf"{STRING}|{BLOCK_COMMENT}|(?://|#)[^\n]*+|\\(?:r\\n|[nrt])")
_ESCAPED_QUOTE = regex(r'=\s*\\"')
_PLAIN_QUOTE = regex(r'(?<!\\)"')
_OTHER_QUOTE = regex(r"=\s*(?:'[^']*|[\u201c\u201e][^\u201d]*|\u2018[^\u2019]*|`[^`]*)\Z")
_ANY_ESCAPE = regex(r"""\\(["'\\nrt/])""")
_MEANING = {"n": "\n", "r": "", "t": "\t"}


def looks_like_program(text: str, offset: int) -> bool:
    """Return whether the line of `offset` looks like a program; called only where DOT does not parse."""
    start = line_start(text, offset)
    if offset - start > _LONGEST_LINE:
        return False
    return _PROGRAM.match(text[start : min(line_end(text, offset), offset + _LONGEST_LINE)]) is not None


def unescaping_edits(text: str, offset: int) -> list[Replacement]:
    r"""Return the edits that unescape a string that was saved in its source form; empty if there is none.

    `offset` is that of a `\` where DOT accepts none. If it is before a quote, every escape is removed; otherwise only
    those between statements and at the end of comments, because `\n` in labels is DOT's own escape.
    """
    around = _quotes_around(text)
    if text.startswith(('\\"', "\\'"), offset) or _ESCAPED_QUOTE.search(text):
        if (around and _PLAIN_QUOTE.search(text, around[0][1], around[1][0])) or (
            not around and _PLAIN_QUOTE.search(text)
        ):
            return []  # in the source of a string, every quote has an escape
        return [(one.start(), one.end(), _MEANING.get(one[1], one[1])) for one in _ANY_ESCAPE.finditer(text)] + around
    if text[offset + 1 : offset + 2] not in {"n", "r", "t"}:
        return []
    before, after = text[:offset].rstrip(" \t"), offset + 2
    if _OTHER_QUOTE.search(before, before.rfind("\n") + 1):
        return []  # inside a label with quotes that are none in DOT
    if before[-1:] not in {"{", "}", ";", "]", "\n", ""} and not looks_like_statement(text, after):
        return []  # more likely inside a label whose quote is missing
    found: list[Replacement] = []
    at = around[0][1] if around else 0
    while True:
        one = _ESCAPED.search(text, at, around[1][0] if around else len(text))
        if one is None:
            break
        at = one.end()
        mark = one[0]
        if mark[0] == "\\":
            found.append((one.start(), at, "\n" if "n" in mark else _MEANING[mark[1]]))
        elif mark[0] == "#" or mark[:2] == "//":
            stop = mark.find("\\n")
            while stop >= 0 and not (
                mark.startswith("\\n", stop + 2) or looks_like_statement(text, one.start() + stop + 2)
            ):
                stop = mark.find("\\n", stop + 2)
            if stop >= 0:
                at = one.start() + stop
    return sorted([*found, *around])


def _quotes_around(text: str) -> list[Replacement]:
    inner = text.strip()
    if len(inner) > 1 and inner[0] in "\"'" and inner[-1] == inner[0]:
        start = text.index(inner[0])
        end = len(text.rstrip())
        return [(start, start + 1, ""), (end - 1, end, "")]
    return []


def find_wrapper(text: str, start: int, end: int) -> tuple[str, list[Replacement]] | None:
    """Return what `text[start:end]` before the header wraps the graph in, and the edits that unwrap it.

    Markdown fences and the quotes of a host language are known; None for anything else.
    """
    before = text[start:end]
    fence = _FENCE.match(before)
    if fence is not None and not before[fence.end() :].strip():
        edits: list[Replacement] = [(start, start + fence.end() + before[fence.end() :].count("\n", 0, 1), "")]
        close = text.rfind(fence[1], end)
        if close >= 0:
            edits.append((close, close + len(fence[1]), ""))
        return "Markdown fence", edits
    quote = _HOST_QUOTE.fullmatch(before)
    if quote is not None:
        edits = [(start, start + len(before.rstrip()), "")]
        last = len(text.rstrip().rstrip(";)"))
        if text.endswith(quote[1], 0, last) and last - len(quote[1]) > end:
            edits.append((last - len(quote[1]), len(text.rstrip()), ""))
        return "quote of a host language", edits
    return None
