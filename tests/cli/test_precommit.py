"""The hooks in a real repository under the real pre-commit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CLEAN = "digraph { a -> b }\n"
BROKEN = "digraph {\n  a [shpae=box]\n  a -> b\n}\n"
CYCLE = "digraph { norm_tp0 -> mlp_tp0 -> norm_tp0; input -> norm_tp0; mlp_tp0 -> output }\n"
PACKAGED = (
    "dotlint",
    "rules",
    "pyproject.toml",
    "hatch_build.py",
    "README.md",
    "LICENSE",
    ".pre-commit-hooks.yaml",
    "action.yml",
)


def git(folder: Path, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {
        "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.invalid",
        "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.invalid",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    result = subprocess.run(
        ["git", *argv], cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=600
    )
    assert not check or result.returncode == 0, result.stdout + result.stderr
    return result


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> str:
    """This checkout, with what is not committed yet, as a repository with a tag; its address."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in PACKAGED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    git(folder, "init", "-q")
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-q", "-m", "x")
    git(folder, "tag", "v1")
    return folder.as_uri()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps its environments: made once, since each test needs the same."""
    return tmp_path_factory.mktemp("pre-commit")


@pytest.fixture
def repository(tmp_path: Path, hooks: str, store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PRE_COMMIT_HOME", str(store))
    for name in ("VIRTUAL_ENV", "PYTHONPATH", "SKIP"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    configuration = {"repos": [{"repo": hooks, "rev": "v1", "hooks": [{"id": "dotlint-fix"}, {"id": "dotlint"}]}]}
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(configuration))
    subprocess.run([sys.executable, "-m", "pre_commit", "install"], cwd=folder, check=True, capture_output=True)
    return folder


def outcomes(said: str) -> dict[str, str]:
    found = re.findall(r"^(dotlint[^.\n]*)\.+(?:\(.*\))?(Passed|Failed|Skipped)$", said, re.MULTILINE)
    return {name.strip(): outcome for name, outcome in found}


def test_the_hooks_guard_real_commits(repository: Path) -> None:
    (repository / "clean.DOT").write_text(CLEAN)
    (repository / "notes.txt").write_text("digraph {")
    git(repository, "add", "-A")
    first = git(repository, "commit", "-m", "clean")
    assert outcomes(first.stderr) == {"dotlint (safe fixes)": "Passed", "dotlint": "Passed"}

    (repository / "broken.gv").write_text(BROKEN)
    git(repository, "add", "-A")
    refused = git(repository, "commit", "-m", "broken", check=False)
    assert refused.returncode != 0
    assert outcomes(refused.stderr) == {"dotlint (safe fixes)": "Failed", "dotlint": "Passed"}
    assert "files were modified by this hook" in refused.stderr
    assert (repository / "broken.gv").read_text() == BROKEN.replace("shpae", "shape")
    git(repository, "commit", "-a", "-m", "fixed")

    (repository / "cycle.dot").write_text(CYCLE)
    git(repository, "add", "-A")
    refused = git(repository, "commit", "-m", "cycle", check=False)
    assert refused.returncode != 0
    assert outcomes(refused.stderr) == {"dotlint (safe fixes)": "Failed", "dotlint": "Failed"}
    assert "G001" in refused.stderr
    assert "cycle.dot" in refused.stderr
    assert (repository / "cycle.dot").read_text() == CYCLE

    git(repository, "rm", "-q", "--cached", "cycle.dot")
    (repository / "notes.txt").write_text("digraph { {")
    skipped = git(repository, "commit", "-a", "-m", "no graph")
    assert outcomes(skipped.stderr) == {"dotlint (safe fixes)": "Skipped", "dotlint": "Skipped"}
    assert git(repository, "rev-list", "--count", "HEAD").stdout.strip() == "3"
