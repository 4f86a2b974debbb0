"""The extension for Visual Studio Code is packaged, as its readme says, where there are node and a network."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dotlint._version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

EXTENSION = Path(__file__).parents[2] / "editors/vscode"
_UNREACHED = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ECONNRESET", "network", "E403", "E404 ")


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=240)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{command[0]} had no answer from the network")
    said = done.stdout + done.stderr
    if done.returncode and any(word in said for word in _UNREACHED):
        pytest.skip(f"{command[0]} cannot reach its registry")
    assert done.returncode == 0, said


def test_the_extension_is_packaged(tmp_path: Path) -> None:
    if shutil.which("npm") is None or shutil.which("npx") is None:
        pytest.skip("there is no node on the PATH")
    folder = tmp_path / "vscode"
    shutil.copytree(EXTENSION, folder, ignore=shutil.ignore_patterns("node_modules", "*.vsix"))
    _run(["npm", "install", "--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts"], folder)
    _run(["npx", "--yes", "@vscode/vsce@3", "package", "-o", "dotlint.vsix"], folder)
    with zipfile.ZipFile(folder / "dotlint.vsix") as package:
        names = set(package.namelist())
        manifest = json.loads(package.read("extension/package.json"))
    assert manifest["version"] == __version__
    assert {"extension/extension.js", "extension/language-configuration.json"} <= names
    for needed in manifest.get("dependencies", {}):
        assert f"extension/node_modules/{needed}/package.json" in names
