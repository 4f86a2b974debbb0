"""What is handed out: what is in the wheel, that it is the same whoever builds it, and what it asks for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENDINGS = {".py", ".toml", ".json", ".lark", ".css", ".js", ".typed", ".md"}


def build(folder: Path, umask: int, zone: str) -> Path:
    """Build in a copy, as somebody else would: another folder, other times of files, another clock."""
    tree = folder / "tree"
    tree.mkdir(parents=True)
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore"):
        shutil.copyfile(ROOT / name, tree / name)
    for name in ("dotlint", "rules", "tests"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("fixtures", ".*_cache"))
    for path in tree.rglob("*"):
        os.utime(path, (10**9 + umask * 1000, 10**9 + umask * 1000))
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000", "TZ": zone}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=tree, env=environment, umask=umask, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling")
    return build(tmp_path_factory.mktemp("here"), 0o022, "UTC")


def test_it_is_the_same_wherever_and_whenever_it_is_built(wheel: Path, tmp_path: Path) -> None:
    other = build(tmp_path / "some" / "where else", 0o027, "Asia/Tokyo")
    assert other.name == wheel.name
    assert other.read_bytes() == wheel.read_bytes()


def test_it_has_the_package_its_cards_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    inside = {name.partition("/")[2] for name in names if name.startswith("dotlint/")}
    about = {name.partition("/")[2] for name in names if not name.startswith("dotlint/")}
    assert about == {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    package = {
        path.relative_to(ROOT / "dotlint").as_posix()
        for path in (ROOT / "dotlint").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    } | {"engine/rules.json"}
    cards = {path.relative_to(ROOT).as_posix() for path in (ROOT / "rules").rglob("*") if path.is_file()}
    assert inside == package | cards
    assert {"py.typed", "engine/rules.json", "syntax/dot.lark", "rules/vocabulary.toml"} <= inside
    assert {Path(name).suffix for name in inside} <= ENDINGS
    assert not [name for name in inside if "test" in name]
    assert wheel.stat().st_size < 1_600_000


def test_what_it_needs_is_little_and_bounded(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        metadata = Parser().parsestr(archive.read(name).decode())
    needed = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert sorted(line.partition("<")[0].partition(">")[0] for line in needed) == [
        "click", "docutils", "lark", "markdown-it-py", "msgspec", "networkx", "pydot", "pyyaml", "rich",
    ]  # fmt: skip
    assert all(">=" in line and "<" in line for line in needed)
    assert metadata["Requires-Python"] == ">=3.11"


def test_what_is_imported_is_what_is_declared() -> None:
    """The declared dependencies are those that the code imports, no more and no less."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    modules = {"markdown-it-py": "markdown_it", "pyyaml": "yaml"}
    names = {modules.get(name, name) for line in declared["dependencies"] if (name := line.partition(">")[0])}
    # lsprotocol comes with pygls, and pydantic with mcp, whose types are its own
    extras = {"pygraphviz", "pygls", "lsprotocol", "mcp", "pydantic", "pyarrow", "fsspec", "ray"}
    found = set()
    for path in (ROOT / "dotlint").rglob("*.py"):
        for line in path.read_text().splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]) and len(words) > 1:
                found.add(words[1].split(".")[0].rstrip(","))
    known = {*sys.stdlib_module_names, "dotlint", *extras}
    assert {name for name in found - known if name.isidentifier() and _is_package(name)} == names


def _is_package(name: str) -> bool:
    import importlib.util  # noqa: PLC0415

    return importlib.util.find_spec(name) is not None
