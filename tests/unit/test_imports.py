"""The rooms of the house import one way."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dotlint

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(dotlint.__file__).parent
# A module may import from rooms of its own rank and of earlier ones.
RANKS = {
    "errors": 0, "_version": 0, "regex": 0, "paths": 0, "toml": 0, "data": 0, "atomic": 0, "gitignore": 0, "ignored": 0, "discovery": 0,
    "syntax": 1,
    "graph": 2,
    "strategy": 3,
    "deployment": 4,
    "engine": 5,
    "checks": 6, "fix": 6,
    "report": 7, "picture": 7, "summary": 7, "overview": 7,
    "server": 100,  # like the command line it stands above all rooms
}  # fmt: skip
# The engine finds a check by its name in one table; that table is all it knows of them.
# The package `dotlint.fix` can be called and hands on to the function of the library.
MAY = {("engine", "checks", "find_check"), ("fix", "api", "fix"), ("fix", "api", "Fixed")}


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Give (module, name) of every import of dotlint's own, those inside functions and for types included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                yield node.module or "", alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, ""


def _violations() -> list[str]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        room = relative.parts[0].removesuffix(".py")
        if room not in RANKS:
            continue  # the command line and what serves it stand above all rooms
        for module, name in _imports(ast.parse(path.read_text(encoding="utf-8"))):
            parts = module.split(".")
            if parts[0] != "dotlint":
                continue
            other = parts[1] if len(parts) > 1 else name
            if other == room or (room, other, name) in MAY:
                continue
            if RANKS.get(other, 99) > RANKS[room]:
                found.append(f"{relative.as_posix()} imports {module}.{name}")
    return found


def test_rooms_import_one_way() -> None:
    assert _violations() == []


def test_every_room_is_ranked() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    assert rooms <= RANKS.keys()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from dotlint.report import text", [("dotlint.report", "text")]),
        ("import dotlint.cli", [("dotlint.cli", "")]),
        ("def f():\n    from dotlint.engine.card import Card", [("dotlint.engine.card", "Card")]),
    ],
)
def test_imports_are_seen_wherever_they_stand(source: str, expected: list[tuple[str, str]]) -> None:
    assert list(_imports(ast.parse(source))) == expected


def test_library_does_not_import_rich_or_networkx_early() -> None:
    """Only the Rich report draws with Rich, and only what asks for paths or cycles pays for networkx."""
    users: dict[str, set[str]] = {"rich": set(), "networkx": set()}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                if name.split(".")[0] in users:
                    users[name.split(".")[0]].add(path.relative_to(PACKAGE).as_posix())
    assert users == {"rich": {"report/rich_report.py"}, "networkx": set()}
