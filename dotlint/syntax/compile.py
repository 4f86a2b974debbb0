"""Compile the grammar to LALR(1) tables, with Lark.

`python -m dotlint.syntax.compile` writes the tables beside the grammar, so that a run need not import Lark. If the
grammar was changed since, the tables are compiled in memory.
"""

from __future__ import annotations

import json
from binascii import crc32
from pathlib import Path
from typing import Any

from lark import Lark
from lark.lexer import Lexer
from lark.parsers.lalr_analysis import Shift

from dotlint.files.reading import read_package_text

GRAMMAR = Path(__file__).with_name("dot.lark")
TABLES = Path(__file__).with_name("dot.tables.json")


class _OwnLexer(Lexer):
    """A lexer that does nothing, so that Lark builds none."""

    __future_interface__ = 2

    def __init__(self, conf: object) -> None:
        """Accept and ignore the configuration."""

    def lex(self, lexer_state: Any, parser_state: Any) -> Any:  # noqa: ANN401
        raise NotImplementedError


def compiled(grammar: str) -> dict[str, Any]:
    """Return the tables of a grammar as JSON data.

    `states` maps, for each state, a terminal or rule name to the next state, or to -1 - i to reduce by rule i.
    `rules` are (name, number of symbols, name of action). The start state is 0; in the state `end` a whole file was
    read. States are numbered in breadth-first order from the start and symbols sorted, so that the same grammar
    always gives the same tables.
    """
    lark = Lark(grammar, parser="lalr", lexer=_OwnLexer, start="file", keep_all_tokens=True)
    table = lark.parser.parser._parse_table  # noqa: SLF001  # Lark has no public access to them
    rules = sorted(
        {arg for taken in table.states.values() for action, arg in taken.values() if action is not Shift},
        key=str,
    )
    indexes = {rule: at for at, rule in enumerate(rules)}
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
                taken[name] = -1 - indexes[arg]
        states.append(taken)
    named = [(str(rule.origin.name), len(rule.expansion), str(rule.alias or rule.origin.name)) for rule in rules]
    end = numbers[table.end_states["file"]]
    return {"grammar": crc32(grammar.encode()), "end": end, "rules": named, "states": states}


if __name__ == "__main__":
    found = compiled(read_package_text(GRAMMAR))
    lines = [f'"grammar": {found["grammar"]}', f'"end": {found["end"]}']
    lines += [
        f'"{name}": [\n' + ",\n".join(json.dumps(one) for one in found[name]) + "\n]" for name in ("rules", "states")
    ]
    TABLES.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
