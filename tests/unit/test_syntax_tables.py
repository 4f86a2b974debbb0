"""The compiled grammar in the package."""

from __future__ import annotations

import json

from dotlint.syntax.compile import GRAMMAR, TABLES, compiled


def test_the_shipped_tables_are_those_of_the_grammar() -> None:
    made = compiled(GRAMMAR.read_text("utf-8"))
    assert json.loads(TABLES.read_text("utf-8")) == json.loads(json.dumps(made))
