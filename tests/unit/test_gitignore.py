"""Patterns of `.gitignore`, compared with git itself if it is installed."""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path

import pytest

from dotlint.files.gitignore import read_line
from dotlint.text.glob import GlobError

NAMES = ("a", "b", "ab", "aab", "a.b", "x-y", "a b", "#x", "!x", "A1", "[a]", "a\\b", "a ")
PATHS = [
    *NAMES,
    *(f"{one}/{two}" for one in NAMES[:6] for two in NAMES[:9]),
    *(f"{one}/{two}/{three}" for one in NAMES[:4] for two in NAMES[:4] for three in NAMES[:5]),
]
PIECES = [
    "a", "b", "ab", "*", "*", "**", "?", "/", "/", "/**/", "**/", "[ab]", "[!a]", "[a-b]", "[^b]", "[[:alpha:]]",
    "[[:upper:]x]", "\\a", "\\*", ".", "-", "!", "#", " ", "\\ ", "[]a]", "[b-a]", "[\\]a]", "x", "1", "[a-]",
]  # fmt: skip
LINES = [
    "*.b", "/a", "a/", "a/*", "**/a", "a/**", "a/**/b", "**", "*/", "/*", "a**b", "\\#x", "\\!x", "a\\ ", "a  ", "[[]a]",
    "a?b", "!a", "a//b", "/", "!", "a\\", "[a", "[[:none:]]a", "**/a/**/b", "a/**/", "**a", "a\\\\b", "***", "[^[:digit:]]?",
]  # fmt: skip


def is_excluded(line: str, path: str) -> bool:
    """Return whether one line alone excludes a file, by itself or by a folder around it."""
    try:
        read = read_line(line)
    except GlobError:
        return False
    if read is None or not read.excludes:
        return False
    parts = path.split("/")
    above = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
    return any(read.glob.matches(folder, is_folder=True) for folder in above) or read.glob.matches(
        path, is_folder=False
    )


def test_git_agrees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    subprocess.run(["git", "init", "-q"], check=True)
    draw = random.Random(7)
    drawn = ["".join(draw.choice(PIECES) for _ in range(draw.randint(1, 5))) for _ in range(60)]
    for line in [*LINES, *drawn]:
        if "**/**" in line.strip("/") and line.rstrip("/").endswith("*"):
            continue  # in git, `**` at the end matches nothing after another `*`, contrary to its manual
        Path(".gitignore").write_text(line + "\n")
        asked = subprocess.run(
            ["git", "check-ignore", "--no-index", "-z", "--stdin"],
            input="\0".join(PATHS), capture_output=True, text=True, check=False,
        )  # fmt: skip
        expected = set(asked.stdout.split("\0")) - {""}
        assert {path for path in PATHS if is_excluded(line, path)} == expected, line


@pytest.mark.parametrize("line", ["", "   ", "# a", "#"])
def test_blank_lines_and_comments(line: str) -> None:
    assert read_line(line) is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("!", "no path can match it"),
        ("/", "no path can match it"),
        ("!/", "no path can match it"),
        ("a//b", "no path can match it"),
        ("a\\", "a backslash at the end"),
        ("[a", "never closed"),
        ("[!", "never closed"),
        ("[", "never closed"),
        ("[]", "never closed"),
        ("[[:none:]]", "unknown character class"),
    ],
)
def test_patterns_that_can_never_match(line: str, why: str) -> None:
    with pytest.raises(GlobError, match=why):
        read_line(line)


def test_negated_and_folder_patterns() -> None:
    kept, folders = read_line("!a"), read_line("b/")
    assert kept is not None
    assert folders is not None
    assert (kept.excludes, folders.excludes) == (False, True)
    assert kept.glob.matches("x/a", is_folder=False)
    assert folders.glob.matches("x/b", is_folder=True)
    assert not folders.glob.matches("x/b", is_folder=False)
    assert not kept.glob.matches("a/x", is_folder=False)


@pytest.mark.parametrize(
    "line",
    ["*a" * 40 + "b", "**/a/" * 40 + "b", "*" * 9_000 + "b", "[!b]*" * 40 + "b", "?*" * 40 + "b", "/**" * 40 + "/b"],
)
def test_no_line_is_slow(line: str) -> None:
    read = read_line(line)
    assert read is not None
    began = time.process_time()
    for path in ("a" * 4_000, "a/" * 2_000 + "a"):
        assert not read.glob.matches(path, is_folder=False)
    assert time.process_time() - began < 20
