"""The terminals of `dot.lark`, and patterns for sequences of several terminals.

The grammar file is the only definition of a terminal. It is read here without Lark, so that ids and attributes can be
parsed and texts tokenized without a parser. No pattern backtracks over more than one optional part, so each match
takes time linear in the text it looks at.
"""

from __future__ import annotations

import re
from binascii import crc32
from functools import cache

from dotlint.files.paths import sibling_path
from dotlint.files.reading import read_package_text
from dotlint.text.regex import regex

_GRAMMAR = read_package_text(sibling_path(__file__, "dot.lark"))
GRAMMAR_CHECKSUM = crc32(_GRAMMAR.encode())


def _patterns(grammar: str) -> dict[str, str]:
    found = dict(regex(r"^([A-Z_]+): /(.*)/$", re.MULTILINE).findall(grammar))
    found["KEYWORD"] = "|".join(regex(r'^[A-Z]+: "([a-z]+)"i$', re.MULTILINE).findall(grammar))
    found.update((text, name) for name, text in regex(r'^([A-Z]+): "(.)"$', re.MULTILINE).findall(grammar))
    return found


PATTERNS = _patterns(_GRAMMAR)
KEYWORDS = frozenset(PATTERNS["KEYWORD"].split("|"))
NAME, NUMBER, STRING, HTML = (PATTERNS[name] for name in ("NAME", "NUMBER", "STRING", "HTML"))
LINE_COMMENT, BLOCK_COMMENT = PATTERNS["LINE_COMMENT"], PATTERNS["BLOCK_COMMENT"]
LETTER_OR_DIGIT = NAME[NAME.rindex("[^") :].removesuffix("*+")

# As in the grammar, but optional.
_B = PATTERNS["BLANK"].removesuffix("++") + "*+"
_ANY_ID = f"{NAME}|{NUMBER}|{STRING}|{HTML}"
# A keyword is an id only in quotes; a lone byte order mark is a blank. The first test is only a quick filter:
# words that it rejects although they are no keywords ("gode") are read token by token.
_TAILS = "|".join(sorted(word[1:] for word in KEYWORDS))
_ID = rf"(?:(?!(?:[nNeEgGdDsS](?i:{_TAILS})|\ufeff)(?!{LETTER_OR_DIGIT})){NAME}|{NUMBER}|{STRING}|{HTML})"
# Likewise for ports, by the first three letters.
_PORT_ID = rf"(?:(?![nNeEgGdDsS][oOdDrRiItTuU][dDaAgGrRbB]|\ufeff){NAME}|{NUMBER}|{STRING})"
_PORT = f"(?:{_B}:{_B}{_PORT_ID}){{1,2}}+"
_LIST = rf"\[{_B}(?:{_ID}{_B}={_B}{_ID}{_B}[;,]?+{_B})*+\]"
_CONTINUES = rf"{_B}(?:(?:{LINE_COMMENT}){_B})*+(?:-[->]|[:,+\[=;]|\ufeff|/\*)"


@cache
def statement_pattern(operator: str) -> re.Pattern[str]:
    """Return the pattern of a plain statement, with the blanks before it; `operator` is the edge operator.

    Groups: 1 id, 2 its port, 3 id of the head (None for a node statement), 4 its port, 5 attribute lists.
    """
    edge = rf"{_B}{operator}{_B}({_ID})({_PORT})?"
    return regex(rf"{_B}({_ID})({_PORT})?(?:{edge})?((?:{_B}{_LIST})++)?(?:{_B};|(?!{_CONTINUES}))")


ATTR_LIST = regex(_LIST)
SPACE = regex(_B)
ATTRIBUTE = regex(rf"[\[\];, \t\r\n]*+({_ANY_ID}){_B}={_B}({_ANY_ID})")
PORT = regex(rf"{_B}:{_B}({_ANY_ID})")
QUOTED = regex(rf"{STRING}|{HTML}")
# What may be between the pieces of a concatenated string.
BETWEEN = regex(rf"(?:[ \t\r\n+]++|\ufeff|{LINE_COMMENT}|{BLOCK_COMMENT})*+")
COMMENT = regex(rf"{LINE_COMMENT}|{BLOCK_COMMENT}")
BRACKET = regex("[<>]")
FINE = regex(rf"(?P<NAME>{NAME})|(?P<NUMBER>{NUMBER})|(?P<STRING>{STRING})|(?P<EDGEOP>{PATTERNS['EDGEOP']})")


def html_end(text: str, start: int) -> int:
    """Return the offset after the `>` that closes the `<` at `start`, or -1 if none does.

    Only `<` and `>` are considered.
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
