"""How problems name what stands in the text and what would be right there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.syntax.lexer import END, OPEN_COMMENT, OPEN_HTML, OPEN_STRING

if TYPE_CHECKING:
    from collections.abc import Collection

    from dotlint.syntax.tree import Lexeme

_MARKS = {
    "LBRACE": "`{`", "RBRACE": "`}`", "LBRACKET": "`[`", "RBRACKET": "`]`", "SEMICOLON": "`;`",
    "COMMA": "`,`", "COLON": "`:`", "EQUAL": "`=`", "PLUS": "`+`",
}  # fmt: skip
_IDS = {"NAME", "NUMBER", "STRING", "HTML"}
_STATEMENT = {"NODE", "EDGE", "NAME"}


def expected(taken: Collection[str], *, directed: bool) -> tuple[str, ...]:
    """Name the terminals in words, the likely ones first."""
    found: list[str] = []
    taken = set(taken)
    if taken >= _STATEMENT:
        found.append("a statement")
        taken -= {*_IDS, "NODE", "EDGE", "GRAPH", "SUBGRAPH", "LBRACE", "STATEMENTS"}
    elif "DIGRAPH" in taken:
        found.append("`digraph` or `graph`")
        taken -= {"STRICT"}
    elif taken & {"NAME"}:
        found.append("an id")
        taken -= _IDS
    elif taken & _IDS:
        found.append("a string")
    if "EDGEOP" in taken:
        found.append("`->`" if directed else "`--`")
    if "LBRACKET" in taken:
        found.append("`[`")
    found.extend(_MARKS[one] for one in _MARKS if one in taken and one != "LBRACKET")
    if END in taken:
        found.append("the end of the file")
    return tuple(found)


def one_of(names: Collection[str]) -> str:
    """Join names as a sentence does, few of them."""
    names = list(names)[:5]
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} or {names[-1]}"


def described(lexeme: Lexeme) -> str:
    """Name a lexeme as a reader sees it."""
    if lexeme.type == END:
        return "the end of the file"
    raw = lexeme.raw
    if lexeme.type in {OPEN_STRING, OPEN_HTML, OPEN_COMMENT}:
        return {
            OPEN_STRING: "a string that never ends",
            OPEN_HTML: "`<` without its `>`",
            OPEN_COMMENT: "`/*` without `*/`",
        }[lexeme.type]
    if lexeme.type == "STRING":
        return f"the string {shown(raw)}"
    if lexeme.type.isupper() and raw.isalpha() and lexeme.type not in {"NAME", "NUMBER", "UNKNOWN"}:
        return f"the keyword `{shown(raw)}`"
    return f"`{shown(raw)}`"


def shown(raw: str) -> str:
    """Return a piece of the text for a message: not too long, and nothing that a terminal obeys."""
    short = raw if len(raw) <= 30 else raw[:27] + "..."
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in short)
