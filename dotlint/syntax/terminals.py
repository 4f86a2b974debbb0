"""The terminals of `dot.lark`, and the lexemes that are made of several of them.

The grammar file is the one place that spells a terminal. It is read here without Lark, so that ids and
attributes can be taken apart, and a file can be split into tokens, where no parser is needed. No pattern
backtracks over more than one optional part, so each match takes time linear in what it looks at.
"""

from __future__ import annotations

import re
from binascii import crc32
from functools import cache

from dotlint.files.paths import read_package_text, sibling_path
from dotlint.text.regex import regex

_GRAMMAR = read_package_text(sibling_path(__file__, "dot.lark"))
GRAMMAR_CHECKSUM = crc32(_GRAMMAR.encode())


def _patterns(grammar: str) -> dict[str, str]:
    found = dict(re.findall(r"^([A-Z_]+): /(.*)/$", grammar, re.MULTILINE))
    found["KEYWORD"] = "|".join(re.findall(r'^[A-Z]+: "([a-z]+)"i$', grammar, re.MULTILINE))
    found.update((text, name) for name, text in re.findall(r'^([A-Z]+): "(.)"$', grammar, re.MULTILINE))
    return found


PATTERNS = _patterns(_GRAMMAR)
KEYWORDS = frozenset(PATTERNS["KEYWORD"].split("|"))
NAME, NUMBER, STRING, HTML = (PATTERNS[name] for name in ("NAME", "NUMBER", "STRING", "HTML"))
LINE_COMMENT, BLOCK_COMMENT = PATTERNS["LINE_COMMENT"], PATTERNS["BLOCK_COMMENT"]
LETTER_OR_DIGIT = NAME[NAME.rindex("[^") :].removesuffix("*+")

# As in the grammar, but for places where there need be none.
_B = PATTERNS["BLANK"].removesuffix("++") + "*+"
_ANY_ID = f"{NAME}|{NUMBER}|{STRING}|{HTML}"
# A keyword is an id only in quotes; a byte order mark that stands alone is a blank. The first test is there
# because it is quick; what it refuses beyond keywords ("gode") is read the long way round.
_TAILS = "|".join(sorted(word[1:] for word in KEYWORDS))
_ID = rf"(?:(?!(?:[nNeEgGdDsS](?i:{_TAILS})|\ufeff)(?!{LETTER_OR_DIGIT})){NAME}|{NUMBER}|{STRING}|{HTML})"
# Three letters tell a keyword, and more than keywords, from a port: what else they refuse is read the long way round.
_PORT_ID = rf"(?:(?![nNeEgGdDsS][oOdDrRiItTuU][dDaAgGrRbB]|\ufeff){NAME}|{NUMBER}|{STRING})"
_PORT = f"(?:{_B}:{_B}{_PORT_ID}){{1,2}}+"
_LIST = rf"\[{_B}(?:{_ID}{_B}={_B}{_ID}{_B}[;,]?+{_B})*+\]"
_GOES_ON = rf"{_B}(?:(?:{LINE_COMMENT}){_B})*+(?:-[->]|[:,+\[=;]|\ufeff|/\*)"


@cache
def statement_pattern(operator: str) -> re.Pattern[str]:
    """Compile a plain statement of a graph whose edges are written `operator`, with the blanks before it.

    Groups: 1 id, 2 its port, 3 the other end's id (None: a node statement), 4 its port, 5 the attribute
    lists.
    """
    edge = rf"{_B}{operator}{_B}({_ID})({_PORT})?"
    return re.compile(rf"{_B}({_ID})({_PORT})?(?:{edge})?((?:{_B}{_LIST})++)?(?:{_B};|(?!{_GOES_ON}))")


ATTR_LIST = regex(_LIST)
SPACE = regex(_B)
ATTRIBUTE = regex(rf"[\[\];, \t\r\n]*+({_ANY_ID}){_B}={_B}({_ANY_ID})")
PORT = regex(rf"{_B}:{_B}({_ANY_ID})")
QUOTED = regex(rf"{STRING}|{HTML}")
# Between the pieces of a joined string.
BETWEEN = regex(rf"(?:[ \t\r\n+]++|\ufeff|{LINE_COMMENT}|{BLOCK_COMMENT})*+")
COMMENT = regex(rf"{LINE_COMMENT}|{BLOCK_COMMENT}")
BRACKET = regex("[<>]")
FINE = regex(rf"(?P<NAME>{NAME})|(?P<NUMBER>{NUMBER})|(?P<STRING>{STRING})|(?P<EDGEOP>{PATTERNS['EDGEOP']})")


def html_end(text: str, start: int) -> int:
    """Return the offset after the `>` that closes the `<` at `start`; -1 where none does.

    Only < and > count.
    """
    depth = 0
    for bracket in BRACKET.finditer(text, start):
        if bracket[0] == "<":
            depth += 1
        else:
            depth -= 1
            if not depth:
                return bracket.end()
    return -1
