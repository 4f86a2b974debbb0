"""No module names a rule by its code: what dotlint has to know of a rule is on the rule's card."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dotlint

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(dotlint.__file__).parent
CODE = re.compile(r"(?<![A-Za-z0-9_-])[A-Z][0-9]{3}(?![A-Za-z0-9_-])")
# The modules that make the findings themselves: the reader those of syntax, the run those about itself.
MAKES = {"syntax/": "E", "engine/crash.py": "X", "suppressions/apply.py": "X"}


def _prose(tree: ast.AST) -> set[int]:
    """Give the constants that are docstrings, by id: a reader may want to be told of a rule by its code."""
    return {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def _texts(node: ast.AST) -> Iterator[str]:
    yield from (one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str))


def _is_code(node: ast.AST) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "code") or (
        isinstance(node, ast.Name) and node.id == "code"
    )


def _prefixes(node: ast.AST) -> Iterator[str]:
    """Give the texts that the start of a code is compared with."""
    if isinstance(node, ast.Compare) and isinstance(node.left, ast.Subscript) and _is_code(node.left.value):
        for other in node.comparators:
            yield from _texts(other)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_code(node.func.value):
        yield from _texts(node) if node.func.attr in {"startswith", "removeprefix"} else ()


def codes(source: str) -> list[tuple[int, str]]:
    """Give line and text of every code, or start of one, that a source names outside of its docstrings."""
    tree = ast.parse(source)
    prose = _prose(tree)
    found = [
        (node.lineno, code)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
        for code in CODE.findall(node.value)
    ]
    return found + [(node.lineno, text) for node in ast.walk(tree) for text in _prefixes(node)]  # type: ignore[attr-defined]


def test_no_module_names_a_rule_by_its_code() -> None:
    named = [
        f"{path.relative_to(PACKAGE).as_posix()}:{line}: {code}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line, code in codes(path.read_text(encoding="utf-8"))
        if not any(
            path.relative_to(PACKAGE).as_posix().startswith(place) and code[0] == letter
            for place, letter in MAKES.items()
        )
    ]
    assert named == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('found = {"S001", "G003"}', ["G003", "S001"]),
        ('text = f"as in `{verb}[S001]`"', ["S001"]),
        ('if finding.code.startswith("E"): pass', ["E"]),
        ('if finding.code.startswith(("N", "A")): pass', ["A", "N"]),
        ('if code[0] in "GS": pass', ["GS"]),
        ('def f():\n    """Make S001."""\n    return 1  # S001', []),
        ('near = "ACME001"', []),
        ("first = card.code[0] != last", []),
    ],
)
def test_codes_are_seen_wherever_they_stand(source: str, expected: list[str]) -> None:
    assert sorted(code for _, code in codes(source)) == expected
