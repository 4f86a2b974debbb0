"""Devices, FIFOs and huge files where DOT is expected: each is one line, and the other files go on."""

from __future__ import annotations

import ast
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import dotlint
from dotlint.files import reading
from tests.cli.command import run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/zero and FIFOs")

TYPO = "digraph {\n  a [shpae=box]\n  a -> b\n}\n"
FOUND = "t.dot:2:6: warning: A001 [*] Graphviz has no attribute `shpae`, set on a node\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    Path("t.dot").write_text(TYPO)


def shell(line: str) -> tuple[int, str, str]:
    script = f'dotlint() {{ "{sys.executable}" -m dotlint "$@"; }}\n{line}'
    done = subprocess.run(["bash", "-c", script], check=False, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_a_searched_folder_has_only_regular_files() -> None:
    Path("zero.dot").symlink_to("/dev/zero")
    Path("null.gv").symlink_to("/dev/null")
    os.mkfifo("fifo.dot")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket.dot")
        for jobs in ("1", "2"):
            found = run("check", ".", "-f", "concise", "--select", "A", "--jobs", jobs)
            assert found.status == 2
            assert found.err.splitlines() == [
                "dotlint: error: fifo.dot: cannot be read: a FIFO, not a regular file",
                "dotlint: error: null.gv: cannot be read: a device, not a regular file",
                "dotlint: error: socket.dot: cannot be read: a socket, not a regular file",
                "dotlint: error: zero.dot: cannot be read: a device, not a regular file",
            ]
            assert FOUND in found.out
        assert run("check", ".", "--fix", "-f", "concise").status == 2
    assert "shape" in Path("t.dot").read_text()


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("dotlint check <(cat t.dot) -f concise", "/dev/fd/63" + FOUND.removeprefix("t.dot")),
        ("cat t.dot | dotlint check /dev/stdin -f concise", "/dev/stdin" + FOUND.removeprefix("t.dot")),
        ("dotlint check /dev/stdin -f concise < t.dot", "/dev/stdin" + FOUND.removeprefix("t.dot")),
        ("dotlint check /dev/null t.dot -f concise", FOUND),
        ("mkfifo p; (sleep 0.3; cat t.dot > p) & dotlint check p -f concise", "p" + FOUND.removeprefix("t.dot")),
        ("dotlint check <(cat t.dot) t.dot --jobs 2 -f concise", FOUND),
        ("dotlint check --diff <(cat t.dot)", "+  a [shape=box]\n"),
        ("dotlint summary <(cat t.dot)", "Deployment summary"),
        ("dotlint diff <(cat t.dot) t.dot", "the graphs are the same"),
        ("dotlint check t.dot -f html -o - <(cat t.dot) | cat", "/dev/fd/63"),
        ('dotlint check t.dot -f concise --baseline <(echo \'{"version": 1, "findings": []}\')', FOUND),
        ("dotlint check t.dot -f concise --config <(echo 'ignore = [\"N\"]')", FOUND),
    ],
)
def test_a_path_on_the_command_line_may_be_a_pipe(line: str, out: str) -> None:
    status, shown, err = shell(line)
    assert (status in {0, 1}, err) == (True, ""), err
    assert out in shown


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("dotlint check /dev/full t.dot", "/dev/full: cannot be read: a device, not a regular file"),
        ("dotlint check --fix <(cat t.dot)", "/dev/fd/63: cannot be read: a FIFO, not a regular file"),
        ("dotlint check -s vllm:/dev/zero t.dot", "file '/dev/zero' cannot be read: a device"),
        ("dotlint new -s pp2 --model /dev/zero", "file '/dev/zero' cannot be read: a device"),
        ("dotlint check --baseline /dev/zero t.dot", "the baseline /dev/zero cannot be read: a device"),
        ("dotlint check --config /dev/zero t.dot", "the configuration /dev/zero cannot be read: a device"),
        ("dotlint explain /dev/zero", "/dev/zero: cannot be read: a device"),
    ],
)
def test_other_devices_are_refused(line: str, message: str) -> None:
    status, _, err = shell(line)
    assert status == 2
    assert err.startswith(f"dotlint: error: {message}"), err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ('extend = "zero.toml"', "zero.toml cannot be read: a device"),
        ('baseline = "zero.toml"', "zero.toml cannot be read: a device"),
        ('strategy = "zero.toml"', "zero.toml is not a regular file"),
        ('strategy = "vllm:zero.toml"', "zero.toml is not a regular file"),
        ('strategy = "phases.toml"', "is the file `zero.toml`: cannot be read: a device"),
        ('strategy = "pp2"\nmodel = "zero.toml"', "zero.toml is not a regular file"),
        ('rules = ["cards"]', "E001-x.toml: cannot be read: a FIFO"),
        ('rules = ["words"]', "vocabulary.toml: a FIFO"),
    ],
)
def test_what_a_configuration_names_is_a_regular_file(configuration: str, message: str) -> None:
    Path("zero.toml").symlink_to("/dev/zero")
    Path("phases.toml").write_text(
        '[phases]\nprefill = {strategy = "pp2", file = "t.dot"}\ndecode = {strategy = "pp2", file = "zero.toml"}\n'
    )
    for folder, name in (("cards", "E001-x.toml"), ("words", "vocabulary.toml")):
        Path(folder).mkdir()
        os.mkfifo(Path(folder, name))
    Path("dotlint.toml").write_text(configuration + "\n")
    found = run("check", "t.dot", "-f", "concise")
    assert found.status == 2
    (line,) = found.err.splitlines()
    assert message in line


def test_a_configuration_or_gitignore_that_is_none() -> None:
    Path("dotlint.toml").symlink_to("/dev/zero")
    assert "dotlint.toml cannot be read: a device" in run("check", ".").err
    Path("dotlint.toml").unlink()
    Path(".gitignore").symlink_to("/dev/zero")
    subprocess.run(["git", "init", "-q", "."], check=True)
    found = run("check", ".", "-f", "concise")
    assert (found.status, found.out.startswith(FOUND)) == (1, True)
    (line,) = found.err.splitlines()
    assert line.endswith(".gitignore cannot be read, so its patterns are ignored: a device, not a regular file")


def test_what_a_document_includes_is_a_regular_file() -> None:
    Path("zero.dot").symlink_to("/dev/zero")
    Path("notes.h").write_text("/** \\dotfile zero.dot\n * \\dotfile t.dot */\n")
    Path("notes.rst").write_text(
        "Notes\n=====\n\n.. include:: zero.dot\n\n.. raw:: html\n   :file: zero.dot\n\n.. graphviz:: zero.dot\n"
    )
    found = run("check", "notes.h", "notes.rst", "-f", "concise")
    assert found.err == "dotlint: error: zero.dot: cannot be read: a device, not a regular file\n"
    assert FOUND in found.out


@pytest.mark.parametrize(
    "options", [{"config": "zero.toml"}, {"strategy": "zero.toml"}, {"strategy": "vllm:zero.toml"}]
)
def test_what_a_program_names_is_a_regular_file(options: dict[str, Any]) -> None:
    Path("zero.toml").symlink_to("/dev/zero")
    with pytest.raises(dotlint.DotlintError, match=r"zero\.toml is not a regular file"):
        dotlint.check("t.dot", **options)
    with pytest.raises(dotlint.DotlintError, match="a device, not a regular file"):
        dotlint.Strategy.load("zero.toml")


def test_a_large_file_is_refused_and_the_limit_is_configurable() -> None:
    Path("large.dot").write_text("digraph {" + " " * 1_100_000 + "}")
    small = ("--config", "max-file-size = 1")
    for options in ((), ("--fix",), ("--diff",), ("--no-cache",)):
        found = run("check", ".", "-f", "concise", *small, *options)
        assert found.status == 2
        assert "large.dot: cannot be read: larger than 1 MB; `max-file-size` sets the limit" in found.err
    assert run("check", "large.dot", "-f", "concise").status == 0
    status, _, err = shell("dotlint check - --config 'max-file-size = 1' < large.dot")
    assert (status, "<stdin>: cannot be read: larger than 1 MB" in err) == (2, True)
    status, _, err = shell("dotlint check - --config 'max-file-size = 1' < /dev/zero")
    assert (status, "<stdin>: cannot be read: larger than 1 MB" in err) == (2, True)


def test_a_silent_pipe_ends_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PATIENCE", 0.2)
    os.mkfifo("p")
    started = time.monotonic()
    found = run("check", "p", "t.dot", "-f", "concise")
    assert time.monotonic() - started < 20
    assert "p: cannot be read: no data for 0.2 seconds" in found.err
    assert FOUND in found.out


@pytest.mark.parametrize("key", ["extend", "baseline"])
def test_a_configuration_names_no_file_outside_its_repository(key: str) -> None:
    Path("repository").mkdir()
    subprocess.run(["git", "init", "-q", "repository"], check=True)
    Path("repository/t.dot").write_text(TYPO)
    Path("secret.toml").write_text('password = "hunter2"\n')
    Path("repository/link.toml").symlink_to("../secret.toml")
    for name in ("../secret.toml", "link.toml", str(Path("secret.toml").absolute())):
        Path("repository/dotlint.toml").write_text(f'{key} = "{name}"\n')
        found = run("check", "repository")
        assert found.status == 2
        assert f"`{key}` names a file outside the repository" in found.err
        assert "hunter2" not in found.err + found.out
        assert "password" not in found.err + found.out


def test_what_the_command_line_names_may_be_outside() -> None:
    subprocess.run(["git", "init", "-q", "."], check=True)
    outside = Path("..", "base.toml")
    outside.write_text('ignore = ["A001"]\n')
    assert run("check", "t.dot", "--config", str(outside)).status == 0
    Path("..", "known.json").write_text('{"version": 1, "findings": []}')
    assert run("check", "t.dot", "--baseline", "../known.json").status == 1
    assert run("check", "t.dot", "--config", 'baseline = "../known.json"').status == 1


def test_a_long_chain_of_configurations() -> None:
    for number in range(2000):
        Path(f"{number}.toml").write_text(f'extend = "{number + 1}.toml"\n')
    Path("2000.toml").write_text('ignore = ["A001"]\n')
    assert run("check", "t.dot", "--config", "0.toml").status == 0
    Path("2000.toml").write_text('extend = "0.toml"\n')
    found = run("check", "t.dot", "--config", "0.toml")
    assert found.status == 2
    assert "extend each other in a cycle" in found.err
    assert len(found.err) < 1000


@pytest.mark.parametrize("name", ["dotlint.toml", "known.json", "cards/ACME001-x.toml"])
def test_no_file_that_was_read_is_overwritten(name: str) -> None:
    Path("cards").mkdir()
    Path("known.json").write_text('{"version": 1, "findings": []}')
    run("new-rule", "ACME001", "x", "--in", "cards")
    Path("dotlint.toml").write_text('rules = ["cards"]\nbaseline = "known.json"\n')
    before = Path(name).read_text()
    found = run("check", "t.dot", "-o", name)
    assert (found.status, f"--output {name} would overwrite a file that is read" in found.err) == (2, True), found.err
    assert Path(name).read_text() == before


PACKAGE = Path(dotlint.__file__).parent
# What they open is no file of a user: /dev/null, a folder to sync, descriptors and memory of a worker process, and what
# dotlint itself stores beside its compiled modules.
OTHERS = {
    "cli/main.py",
    "cli/streams.py",
    "files/atomic.py",
    "server/worker.py",
    "batch/worker.py",
    "text/compiled_patterns.py",
}


def opened(path: Path) -> list[str]:
    """Return the calls in a module that open a file, but not for writing alone."""
    text = path.read_text(encoding="utf-8")
    if not re.search(r"\bopen\(|fdopen|\.read_(text|bytes)\(", text):
        return []
    found = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        modes = {str(a.value) for a in (*node.args, *(k.value for k in node.keywords)) if isinstance(a, ast.Constant)}
        called = ast.unparse(node.func)
        reads = called == "open" or re.search(r"\b(os|io|path|file)\.open$|\.fdopen$|\.read_(text|bytes)$", called)
        if reads and not {"w", "x", "a", "wb", "xb", "ab"} & modes and "O_WRONLY" not in ast.unparse(node):
            found.append(f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno}: {called}")
    return found


def test_only_one_module_opens_files_for_reading() -> None:
    found = [call for path in sorted(PACKAGE.rglob("*.py")) for call in opened(path)]
    assert [call for call in found if call.split(":")[0] not in {*OTHERS, "files/reading.py"}] == []
    assert any(call.startswith("files/reading.py") for call in found)
