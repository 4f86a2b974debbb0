"""The grammar's LALR(1) tables, made by Lark.

`python -m dotlint.syntax.compile` writes them beside the grammar, so that reading a file does not take Lark
and its time. Where the grammar has been changed since, they are made anew in memory.
"""

from __future__ import annotations

import json
from binascii import crc32
from pathlib import Path
from typing import Any

from lark import Lark
from lark.lexer import Lexer
from lark.parsers.lalr_analysis import Shift

GRAMMAR = Path(__file__).with_name("dot.lark")
TABLES = Path(__file__).with_name("dot.tables.json")


class _OwnLexer(Lexer):
    """Tells Lark that it need not make a lexer."""

    __future_interface__ = 2

    def __init__(self, conf: object) -> None:
        """Take no notice of the configuration."""

    def lex(self, lexer_state: Any, parser_state: Any) -> Any:  # noqa: ANN401
        raise NotImplementedError


def compiled(grammar: str) -> dict[str, Any]:
    """Return the tables of a grammar, as JSON has them.

    `states` has what each state takes: terminal or rule name -> the state to go to, or, negative, -1 less
    the index of the rule to reduce by. `rules` are (name, number of symbols, name of action). The start is
    state 0; in the state `end` a whole file has been read. States are numbered as a walk from the start meets
    them, symbols in alphabetical order, so that the same grammar always gives the same tables.
    """
    lark = Lark(grammar, parser="lalr", lexer=_OwnLexer, start="file", keep_all_tokens=True)
    table = lark.parser.parser._parse_table  # noqa: SLF001  # Lark has no public way to them
    rules = sorted(
        {arg for taken in table.states.values() for action, arg in taken.values() if action is not Shift},
        key=str,
    )
    places = {rule: at for at, rule in enumerate(rules)}
    numbers = {table.start_states["file"]: 0}
    order = [table.start_states["file"]]
    states: list[dict[str, int]] = []
    for state in order:
        taken = {}
        for name, (action, arg) in sorted((str(name), action) for name, action in table.states[state].items()):
            if action is Shift:
                if arg not in numbers:
                    numbers[arg] = len(order)
                    order.append(arg)
                taken[name] = numbers[arg]
            else:
                taken[name] = -1 - places[arg]
        states.append(taken)
    named = [(str(rule.origin.name), len(rule.expansion), str(rule.alias or rule.origin.name)) for rule in rules]
    end = numbers[table.end_states["file"]]
    return {"grammar": crc32(grammar.encode()), "end": end, "rules": named, "states": states}


if __name__ == "__main__":
    found = compiled(GRAMMAR.read_text("utf-8"))
    lines = [f'"grammar": {found["grammar"]}', f'"end": {found["end"]}']
    lines += [
        f'"{name}": [\n' + ",\n".join(json.dumps(one) for one in found[name]) + "\n]" for name in ("rules", "states")
    ]
    TABLES.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
