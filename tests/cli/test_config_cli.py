"""Configuration, baseline, suppression and rules of one's own on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import run

FIXTURES = Path(__file__).parent.parent / "fixtures"
CYCLE = "digraph {\n  input -> norm_tp0\n  norm_tp0 -> mlp_tp0\n  mlp_tp0 -> norm_tp0\n  mlp_tp0 -> output\n}\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, and no configuration above it that a test did not write."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dotlint.toml").write_text("")
    (tmp_path / "a.dot").write_text(CYCLE)
    return tmp_path


def codes(*argv: str) -> list[str]:
    done = run("check", *argv, "-f", "json")
    assert done.status < 2, done.err
    return [f["code"] for file in json.loads(done.out)["files"] for f in file["findings"]]


def test_each_file_has_its_nearest_configuration(project: Path) -> None:
    (project / "sub").mkdir()
    (project / "sub" / "a.dot").write_text(CYCLE)
    (project / "sub" / "dotlint.toml").write_text('ignore = ["G001"]\n')
    assert codes("a.dot", "sub/a.dot") == ["G001"]
    assert codes("a.dot", "sub/a.dot", "--isolated") == ["G001", "G001"]
    assert codes("a.dot", "sub/a.dot", "--config", "sub/dotlint.toml") == []


def test_standard_input_goes_by_its_name(project: Path) -> None:
    (project / "sub").mkdir()
    (project / "sub" / "dotlint.toml").write_text('ignore = ["G001"]\n')
    assert run("check", "-", stdin=CYCLE.encode()).status == 1
    assert run("check", "-", "--stdin-filename", "sub/x.dot", stdin=CYCLE.encode()).status == 0


def test_fail_on_of_each_file(project: Path) -> None:
    (project / "dotlint.toml").write_text('severity = {G001 = "warning"}\nfail-on = "error"\n')
    assert run("check", "a.dot").status == 0
    assert run("check", "a.dot", "--fail-on", "warning").status == 1


def test_exclude_is_for_what_is_found(project: Path) -> None:
    (project / "dotlint.toml").write_text('exclude = ["old/", "*.gv"]\n')
    (project / "old").mkdir()
    (project / "old" / "b.dot").write_text(CYCLE)
    (project / "c.gv").write_text(CYCLE)
    found = json.loads(run("check", ".", "-f", "json").out)["files"]
    assert [file["path"] for file in found] == ["a.dot"]
    assert codes("old/b.dot") == ["G001"], "a file that is named itself is read"
    assert run("check", "old/b.dot", "--force-exclude").status == 0
    (project / "dotlint.toml").write_text('exclude = ["old/"]\nforce-exclude = true\n')
    done = run("check", "old/b.dot")
    assert done.status == 0
    assert "excludes every file" in done.err


def test_the_strategy_of_the_configuration_is_named_as_such(project: Path) -> None:
    (project / "a.dot").write_bytes((FIXTURES / "moe_two_phases.dot").read_bytes())
    (project / "dotlint.toml").write_text('[strategy]\n"a.*" = "pp4ep4tp2sp2"\n')
    [file] = json.loads(run("check", "a.dot", "-f", "json").out)["files"]
    assert file["strategy"]["source"] == "configuration"
    [given] = json.loads(run("check", "a.dot", "--isolated", "-s", "pp4ep4tp2sp2", "-f", "json").out)["files"]
    assert given["findings"] == file["findings"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('selct = ["E"]\n', "unknown key `selct`; did you mean `select`?"),
        ('plugins = ["nope"]\n', "unknown plugin `nope`"),
        ('rules = ["nope"]\n', "does not exist"),
        ('baseline = "nope.json"\n', "nope.json does not exist"),
        ("][", "is not TOML"),
        ("max-file-size = 0\n", "`max-file-size` is 0; it can be 1 to 1000000"),
        ("max-file-size = 100000000000000\n", "it can be 1 to 1000000"),
        ("max-file-size = true\n", "`max-file-size` must be a whole number, not a boolean"),
        ('rules = ["dotlint.toml"]\n', "dotlint.toml is not a folder\n"),
    ],
)
@pytest.mark.parametrize("command", [("check", "a.dot"), ("config",), ("config", "a.dot"), ("rules",)])
def test_a_wrong_configuration_is_exit_2(project: Path, text: str, told: str, command: tuple[str, ...]) -> None:
    (project / "dotlint.toml").write_text(text)
    done = run(*command)
    if command == ("rules",) and "baseline" in text:
        assert done.status == 0
        return
    assert done.status == 2
    assert told in done.err
    assert done.out == ""


def test_config_and_isolated_contradict_each_other() -> None:
    done = run("check", "a.dot", "--isolated", "--config", "dotlint.toml")
    assert done.status == 2
    assert "--config cannot be combined with --isolated" in done.err


def test_config_shows_what_holds_and_from_where(project: Path) -> None:
    (project / "base.toml").write_text('ignore = ["T"]\n[per-file-ignores]\n"a.dot" = ["G001"]\n"b.dot" = ["E"]\n')
    (project / "dotlint.toml").write_text(
        'extend = "base.toml"\nfail-on = "error"\n[strategy]\n"*" = "tp4"\n"a.dot" = "tp8"\n'
    )
    done = run("config", "a.dot")
    assert done.status == 0
    assert f"configuration of a.dot: {project / 'dotlint.toml'}" in done.out
    assert f'fail-on = "error"  ({project / "dotlint.toml"})' in done.out
    assert f'ignore = ["T"]  ({project / "base.toml"})' in done.out
    assert f'"a.dot" = ["G001"]  ({project / "base.toml"}, matches)' in done.out
    assert f'"b.dot" = ["E"]  ({project / "base.toml"}, does not match)' in done.out
    assert 'preset = "recommended"  (default)' in done.out
    assert f"strategy: tp8  ({project / 'dotlint.toml'}, pattern `a.dot`)" in done.out
    rules = done.out.rpartition("rules that run: ")[2]
    assert "G001" not in rules
    assert "E013" in rules
    shown = json.loads(run("config", "a.dot", "-f", "json").out)
    assert shown["strategy"] == {"value": ["tp8"], "from": f"{project / 'dotlint.toml'}, pattern `a.dot`"}
    assert shown["keys"]["fail-on"] == {"value": "error", "from": str(project / "dotlint.toml")}


def test_config_of_what_is_not_there() -> None:
    assert run("config", "nope.dot").status == 2


def test_the_schema_names_the_rules_of_this_folder(project: Path) -> None:
    assert run("new-rule", "ACME001", "label-required").status == 0
    (project / "dotlint.toml").write_text('rules = ["rules"]\n')
    schema = json.loads(run("config", "--schema").out)
    offered = schema["$defs"]["rule"]["anyOf"][0]["enum"]
    assert {"S001", "cycle", "ACME001", "label-required"} <= set(offered)


def test_the_schema_helps_to_correct_a_configuration(project: Path) -> None:
    (project / "dotlint.toml").write_text("selct = []\n")
    done = run("config", "--schema")
    assert (done.status, "select" in json.loads(done.out)["properties"]) == (0, True)
    assert "the schema has only the rules of dotlint itself" in done.err
    assert "unknown key `selct`" in done.err


def test_a_new_rule_counts_at_once(project: Path) -> None:
    done = run("new-rule", "ACME001", "label-required", "--in", "lint")
    assert (done.status, done.out) == (0, f"{Path('lint') / 'ACME001-label-required.toml'}\n")
    assert 'rules = ["lint"]' in done.err
    (project / "dotlint.toml").write_text('rules = ["lint"]\n')
    assert set(codes("a.dot", "--select", "ACME001")) == {"ACME001"}
    assert "ACME001 label-required" in run("rule", "ACME001").out
    assert "bad:" in run("rule", "label-required").out
    assert "ACME001" in run("rules").out
    second = run("new-rule", "ACME002", "short-names", "--check", "id-matches")
    assert second.out == f"{project / 'lint' / 'ACME002-short-names.toml'}\n"
    assert second.err == ""


@pytest.mark.parametrize(
    ("code", "name", "told"),
    [
        (
            "acme1",
            "label",
            "`acme1` is not a valid rule code: use 1-8 capital letters and three digits, e.g. `ACME001`",
        ),
        ("ACME001", "LabelRequired", "e.g. `label-required`"),
        ("G001", "mine", "the rule G001 cycle already exists"),
        ("ACME001", "cycle", "the rule G001 cycle already exists"),
        ("G987", "mine", "are reserved for dotlint"),
    ],
)
def test_names_of_new_rules(code: str, name: str, told: str) -> None:
    done = run("new-rule", code, name)
    assert done.status == 2
    assert told in done.err
    assert not Path("rules").exists()


def test_a_new_rule_overwrites_nothing(project: Path) -> None:
    assert run("new-rule", "ACME001", "label-required").status == 0
    card = project / "rules" / "ACME001-label-required.toml"
    card.write_text("mine")
    assert run("new-rule", "ACME001", "label-required").status == 2
    assert card.read_text() == "mine"


def test_baseline_there_and_back(project: Path) -> None:
    wrote = run("check", "a.dot", "--write-baseline", "known.json")
    assert (wrote.status, wrote.out, wrote.err) == (0, "", "dotlint: 1 finding written to known.json\n")
    assert codes("a.dot", "--baseline", "known.json") == []
    assert run("check", "a.dot", "--baseline", "known.json").status == 0
    (project / "dotlint.toml").write_text('baseline = "known.json"\n')
    (project / "a.dot").write_text("// moved\n\n" + CYCLE)
    assert codes("a.dot") == []
    (project / "a.dot").write_text(CYCLE.replace("norm", "mlp_norm"))
    done = run("check", "a.dot", "-f", "concise")
    assert "G001" in done.out
    assert (
        done.err
        == "dotlint: 1 baseline entry no longer matches; run --prune-baseline to remove it, or --write-baseline to refresh the file\n"
    )
    assert run("check", "a.dot", "-f", "concise", "--quiet").err == ""
    assert run("check", "a.dot", "--write-baseline", "known.json").status == 0
    assert codes("a.dot") == []


def test_a_baseline_speaks_for_the_same_file_however_it_is_called(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("check", ".", "--write-baseline", "known.json")
    assert codes(str(project / "a.dot"), "--baseline", "known.json") == []
    (project / "sub").mkdir()
    monkeypatch.chdir(project / "sub")
    assert codes("../a.dot", "--baseline", "../known.json") == []


def test_write_baseline_and_fix_contradict_each_other() -> None:
    assert run("check", "a.dot", "--write-baseline", "known.json", "--fix").status == 2
    assert not Path("known.json").exists()


def test_an_unreadable_file_is_told_while_a_baseline_is_written() -> None:
    done = run("check", "a.dot", "gone.dot", "--write-baseline", "known.json")
    assert done.status == 2
    assert "gone.dot" in done.err
    assert len(json.loads(Path("known.json").read_text())["findings"]) == 1


def test_a_suppressed_finding_counts_no_more(project: Path) -> None:
    (project / "a.dot").write_text(
        CYCLE.replace("norm_tp0 -> mlp_tp0", "norm_tp0 -> mlp_tp0 // dotlint: ignore[G001] a ring on purpose")
    )
    done = run("check", "a.dot", "-f", "json")
    assert done.status == 0
    [file] = json.loads(done.out)["files"]
    assert (file["verdict"], file["findings"], file["suppressed"]) == ("correct", [], 1)


def test_fix_removes_unused_suppressions(project: Path) -> None:
    (project / "a.dot").write_text("digraph {\n  // dotlint: ignore[G001]\n  a -> b // dotlint: ignore[N006] why\n}\n")
    assert run("check", "a.dot", "--fix").status == 0
    assert (project / "a.dot").read_text() == "digraph {\n  a -> b\n}\n"


def test_preset_option() -> None:
    shown = {preset: len(json.loads(run("config", "-f", "json").out)["rules"]) for preset in ("recommended",)}
    assert shown["recommended"] > 20
    Path("a.dot").write_text('digraph { a [pos="1,2"]; b [pos="2,3"]; a -> b [pos="e,1,2"] }\n')
    assert "N018" not in codes("a.dot")
    assert run("check", "a.dot", "--preset", "nope").status == 2


def test_nothing_is_imported_from_the_linted_folder(project: Path) -> None:
    (project / "click.py").write_text("raise SystemExit('stranger')\n")
    (project / "evil.py").write_text("raise SystemExit('stranger')\n")
    info = project / "evil-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[dotlint.plugins]\nevil = evil:plugin\n")
    (project / "dotlint.toml").write_text('plugins = ["evil"]\n')
    command = [sys.executable, "-m", "dotlint", "check", "a.dot"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=project)
    assert done.returncode == 2
    assert "unknown plugin `evil`" in done.stderr
    assert "stranger" not in done.stdout + done.stderr
