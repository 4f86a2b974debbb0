"""Each floor of the package imports only from the floors below it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import networkx as nx
import pytest

import dotlint

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(dotlint.__file__).parent
# A module may import from its own floor and from those before it.
FLOORS = (
    "errors", "_version", "text", "files", "data", "syntax", "documents", "graph", "strategy", "deployment", "drawing",
    "engine", "edits", "suppressions", "checks", "registry", "config", "pipeline", "comparison", "report", "summary",
    "picture", "overview", "page",
    "plugin", "api", "server", "mcp", "batch", "cli", "__init__", "__main__",
)  # fmt: skip


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


def _floor(path: str) -> int:
    """Give the floor of a module by its path within the package; every module has one."""
    return FLOORS.index(path.split("/", maxsplit=1)[0].removesuffix(".py"))


def _violations() -> list[str]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE).as_posix()
        for module, name in _imports(ast.parse(path.read_text(encoding="utf-8"))):
            root, *parts = module.split(".")
            if root != "dotlint":
                continue
            other = parts[0] if parts else name if name in FLOORS else "__init__"
            if _floor(other) > _floor(relative):
                found.append(f"{relative} imports {module}.{name}")
    return found


def test_rooms_import_one_way() -> None:
    assert _violations() == []


def _modules() -> dict[str, set[str]]:
    """Give each module with those that it imports: at the top, in functions and for types alike."""
    paths = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
    paths = {name.removesuffix(".__init__"): path for name, path in paths.items()}
    found: dict[str, set[str]] = {}
    for name, path in paths.items():
        imports = {
            (f"{module}.{imported}".removeprefix("dotlint."), module.removeprefix("dotlint."))
            for module, imported in _imports(ast.parse(path.read_text(encoding="utf-8")))
        }
        found[name] = {next((one for one in names if one in paths), "") for names in imports} - {"", name}
    return found


def test_no_module_needs_one_that_needs_it() -> None:
    """Two modules that import each other are one module in two files; so are longer circles."""
    whole: nx.DiGraph[str] = nx.DiGraph((name, other) for name, others in _modules().items() for other in others)
    assert [sorted(part) for part in nx.strongly_connected_components(whole) if len(part) > 1] == []


def test_every_floor_is_there() -> None:
    assert {path.name.removesuffix(".py") for path in PACKAGE.glob("[!_]*") if path.name != "py.typed"} | {
        "__init__",
        "__main__",
        "_version",
    } == set(FLOORS)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from dotlint.text import display", [("dotlint.text", "display")]),
        ("import dotlint.cli.main", [("dotlint.cli.main", "")]),
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
    assert users == {
        "rich": {"batch/summary.py", *(f"report/rich_{part}.py" for part in ("paragraphs", "report", "sections"))},
        "networkx": set(),
    }


def test_only_the_mcp_server_imports_its_packages() -> None:
    """They are an extra, and their import takes longer than most checks."""
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else [node.module or ""] if isinstance(node, ast.ImportFrom)
            else []
        )
        if name.split(".")[0] in {"mcp", "mcp_types", "pydantic", "anyio"} or name.startswith("dotlint.mcp")
    }  # fmt: skip
    assert {user for user in users if not user.startswith("mcp/")} == {"cli/mcp.py"}


def test_a_check_imports_no_optional_package(tmp_path: Path) -> None:
    (tmp_path / "a.dot").write_text("digraph { a -> b; c [colour=red] }")
    code = (
        "import sys; from dotlint.cli.main import main; main(['check', '-f', 'llm', '--no-cache', 'a.dot']); "
        "print(sorted({'mcp', 'mcp_types', 'pydantic', 'anyio', 'pygls', 'rich'} & sys.modules.keys()))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"
