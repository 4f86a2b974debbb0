"""The manifest of the extension for Visual Studio Code agrees with what dotlint understands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dotlint._version import __version__
from dotlint.server.options import KEYS, read_options
from dotlint.strategy.presets import PRESETS as LAYOUTS
from dotlint.syntax.terminals import KEYWORDS
from tests.cli.command import run

EXTENSION = Path(__file__).parents[2] / "editors/vscode"
MANIFEST: dict[str, Any] = json.loads((EXTENSION / "package.json").read_text("utf-8"))
SETTINGS: dict[str, dict[str, Any]] = {
    name.removeprefix("dotlint."): setting
    for group in MANIFEST["contributes"]["configuration"]
    for name, setting in group["properties"].items()
}


def _camel_case(key: str) -> str:
    return re.sub(r"-([a-z])", lambda match: match[1].upper(), key)


def _sent_by_default() -> dict[str, object]:
    """Return what the editor answers to a request for the section `dotlint`."""
    section: dict[str, Any] = {}
    for name, setting in SETTINGS.items():
        *tables, last = name.split(".")
        table = section
        for one in tables:
            table = table.setdefault(one, {})
        table[last] = setting["default"]
    return section


def test_the_version_is_that_of_dotlint() -> None:
    lock = json.loads((EXTENSION / "package-lock.json").read_text("utf-8"))
    assert [MANIFEST["version"], lock["version"], lock["packages"][""]["version"]] == [__version__] * 3


def test_every_setting_of_the_server_can_be_set_and_changes_nothing_by_default() -> None:
    assert {_camel_case(key) for key in KEYS} <= set(SETTINGS)
    assert read_options([_sent_by_default()], Path()) == read_options([], Path())


@pytest.mark.parametrize("name", ["layout", "preset"])
def test_every_offered_value_is_understood(name: str) -> None:
    offered = SETTINGS[name]["enum"]
    _, wrong = read_options([{name: value} for value in offered], Path())
    assert not wrong
    if name == "layout":
        assert set(offered) == {"", "product", "overlay", *LAYOUTS}


def test_every_setting_is_described() -> None:
    readme = (EXTENSION / "README.md").read_text("utf-8")
    assert [name for name in SETTINGS if f"`dotlint.{name}`" not in readme] == []
    assert all(setting.get("description") or setting.get("markdownDescription") for setting in SETTINGS.values())


def test_every_named_file_and_command_exists() -> None:
    text = (EXTENSION / "package.json").read_text("utf-8")
    files = re.findall(r'"(?:\./)?((?:images|syntaxes|walkthrough)/[^"]+|language-[^"]+)"', text)
    assert [name for name in files if not (EXTENSION / name).is_file()] == []
    contributed = {command["command"] for command in MANIFEST["contributes"]["commands"]}
    source = (EXTENSION / "src/extension.mjs").read_text("utf-8")
    assert contributed == set(re.findall(r'registerCommand\("([^"]+)"', source))
    assert set(re.findall(r"command:(dotlint\.\w+)", text)) <= contributed


def test_the_grammar_has_the_keywords_of_the_language() -> None:
    grammar = json.loads((EXTENSION / "syntaxes/dot.tmLanguage.json").read_text("utf-8"))
    patterns = " ".join(rule["match"] for rule in grammar["repository"]["keyword"]["patterns"])
    assert set(re.findall(r"[a-z]{2,}", patterns)) == KEYWORDS


def test_the_problem_matcher_reads_the_concise_format(tmp_path: Path) -> None:
    file = tmp_path / "a b.dot"
    file.write_text("digraph { a -> b [colr=red] }\n", "utf-8")
    (line, *_) = run("check", "--format", "concise", "--isolated", str(file)).out.splitlines()
    matcher = MANIFEST["contributes"]["problemMatchers"][0]["pattern"]
    match = re.fullmatch(matcher["regexp"].strip("^$"), line)
    assert match is not None
    parts = [match[matcher[part]] for part in ("file", "line", "column", "severity", "code")]
    assert parts == [str(file), "1", "19", "warning", "A001"]
    assert match[matcher["message"]].startswith("Graphviz has no attribute")
