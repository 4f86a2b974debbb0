"""What Windows lacks or has otherwise, as far as it can be had elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dotlint.files import atomic
from tests.cli.command import run

MISSPELLED = b"digraph {\r\n  a [shape=elipse]\r\n  a -> b\r\n}\r\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOTLINT_CACHE_DIR", str(tmp_path / "cache"))
    Path("graphs").mkdir()
    Path("graphs/a.dot").write_bytes(MISSPELLED)


def test_a_file_is_fixed_without_modes_owners_and_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("fchmod", "fchown"):
        monkeypatch.delattr(os, name, raising=False)
    monkeypatch.setattr(atomic, "fcntl", None)
    found = run("check", "graphs", "--fix", "-f", "concise")
    assert (found.status, found.err) == (0, ""), found
    assert Path("graphs/a.dot").read_bytes() == MISSPELLED.replace(b"elipse", b"ellipse")
    assert [path.name for path in Path("graphs").iterdir()] == ["a.dot"]


def test_patterns_do_not_match_files_of_another_drive(monkeypatch: pytest.MonkeyPatch) -> None:
    def other_drive(path: str, start: str) -> str:
        raise ValueError(f"path is on mount {path!r}, start on mount {start!r}")

    monkeypatch.setattr(os.path, "relpath", other_drive)
    found = run("check", "graphs", "--exclude", "graphs/", "-f", "concise", "--isolated")
    assert "A004" in found.out, found


def test_no_module_of_posix_is_needed_to_import_one() -> None:
    program = """
import importlib, pkgutil, sys
missing = ("fcntl", "resource", "termios", "pwd", "grp")
sys.modules.update(dict.fromkeys(missing))
import dotlint
for one in pkgutil.walk_packages(dotlint.__path__, "dotlint."):
    if one.name.startswith(("dotlint.mcp", "dotlint.server", "dotlint.batch.on_ray")):
        continue  # their packages look at the platform
    try:
        importlib.import_module(one.name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("dotlint") or error.name in missing:
            raise
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
