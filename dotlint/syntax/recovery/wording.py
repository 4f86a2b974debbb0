"""Words for lexemes and expected terminals in messages."""

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


def expected_names(accepted: Collection[str], *, directed: bool) -> tuple[str, ...]:
    """Return the accepted terminals in words, the likely ones first."""
    found: list[str] = []
    accepted = set(accepted)
    if accepted >= _STATEMENT:
        found.append("a statement")
        accepted -= {*_IDS, "NODE", "EDGE", "GRAPH", "SUBGRAPH", "LBRACE", "STATEMENTS"}
    elif "DIGRAPH" in accepted:
        found.append("`digraph` or `graph`")
        accepted -= {"STRICT"}
    elif accepted & {"NAME"}:
        found.append("an id")
        accepted -= _IDS
    elif accepted & _IDS:
        found.append("a string")
    if "EDGEOP" in accepted:
        found.append("`->`" if directed else "`--`")
    if "LBRACKET" in accepted:
        found.append("`[`")
    found.extend(_MARKS[one] for one in _MARKS if one in accepted and one != "LBRACKET")
    if END in accepted:
        found.append("the end of the file")
    return tuple(found)


def join_with_or(names: Collection[str]) -> str:
    """Join at most five names into a phrase."""
    names = list(names)[:5]
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} or {names[-1]}"


def describe_lexeme(lexeme: Lexeme) -> str:
    """Return a lexeme in words."""
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
        return f"the string {excerpt(raw)}"
    if lexeme.type.isupper() and raw.isalpha() and lexeme.type not in {"NAME", "NUMBER", "UNKNOWN"}:
        return f"the keyword `{excerpt(raw)}`"
    return f"`{excerpt(raw)}`"


def excerpt(raw: str) -> str:
    """Return a piece of the text for a message: shortened, and without control characters."""
    short = raw if len(raw) <= 30 else raw[:27] + "..."
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in short)
