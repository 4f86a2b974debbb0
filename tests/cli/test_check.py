"""`dotlint check` as a user meets it: the whole program in this process, streams handed in."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dotlint.cli.main import FORMATS
from tests.cli.command import Run, run
from tests.dsl import CYCLE

FIXTURES = Path(__file__).parent.parent / "fixtures"
MAIN = str(FIXTURES / "moe_two_phases.dot")
CLEAN = "digraph { a -> b }\n"
SOLID = """digraph {
  node [shape=box]
  route [label="Router"]
  expert_0 [label="Expert 0\\nGPU: 0"]
  expert_1 [label="Expert 1\\nGPU: 1"]
  route -> expert_0 [style=dashed]
  route -> expert_1
}
"""


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)


def write(name: str, text: str | bytes) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return name


def one_clear_line(result: Run, *words: str) -> None:
    """Exit status 2, nothing on standard output, a first line that says what was wrong."""
    assert result.status == 2
    assert result.out == ""
    first, *rest = result.err.splitlines()
    assert first.startswith("dotlint: error: ")
    assert "Traceback" not in result.err
    for word in words:
        assert word in first
    assert all(line.startswith("  ") for line in rest)


# --- what cannot be run ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("pp4pp2", ("pp", "repeated")),
        ("zz3", ("zz",)),
        ("pp0", ("pp", "0")),
        ("pp", ("pp",)),
        ("", ()),
        ("nowhere.toml", ("nowhere.toml",)),
        ("pp2@", ()),
        ("pp2@5-3", ()),
        ("prefill=pp2; prefill=pp2", ("prefill",)),
        ("pp99999999999999999999", ()),
        ("\x1b[31mpp2", ()),
    ],
)
def test_wrong_strategy(spec: str, told: tuple[str, ...]) -> None:
    result = run("check", write("a.dot", CLEAN), "-s", spec)
    one_clear_line(result, *told)
    assert "\x1b" not in result.err


@pytest.mark.parametrize("spec", ["pp4pp2", "zz3", "pp0"])
def test_wrong_strategy_is_shown_where_it_is_wrong(spec: str) -> None:
    shown = run("check", write("a.dot", CLEAN), "-s", spec).err.splitlines()
    assert any(spec in line for line in shown)
    assert any(set(line.strip()) <= {"^", "~"} and line.strip() for line in shown)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--selct", "S"), ("--selct", "--select")),
        (("--format", "reprot"), ("reprot", "report")),
        (("--select", "S0001"), ("S0001", "did you mean")),
        (("--ignore", "cycles"), ("cycles", "`cycle`")),
        (("--extend-select", "Q"), ("Q",)),
        (("--fail-on", "fatal"), ("fatal", "error")),
        (("--rules", "nowhere"), ("nowhere",)),
        (("--layout", "vlm", "-s", "pp2"), ("vlm", "vllm")),
        (("--layout", "vllm"), ("--strategy",)),
    ],
)
def test_wrong_option(options: tuple[str, ...], told: tuple[str, ...]) -> None:
    one_clear_line(run("check", write("a.dot", CLEAN), *options), *told)


def test_unknown_command() -> None:
    one_clear_line(run("chekc", "a.dot"), "chekc")


def test_no_path() -> None:
    one_clear_line(run("check"), "no *.dot or *.gv file in .")


def test_help_says_what_there_is() -> None:
    result = run("check", "--help")
    assert result.status == 0 or result.out == ""
    assert "Traceback" not in result.err


# --- files that cannot be read ---------------------------------------------------------------------


def test_missing_file_names_the_nearest() -> None:
    write("model.dot", CLEAN)
    result = run("check", "modle.dot")
    assert result.status == 2
    assert result.err == "dotlint: error: modle.dot: no such file; did you mean `model.dot`?\n"


def test_missing_file_does_not_hide_findings_of_others() -> None:
    result = run("check", "nowhere.dot", write("cycle.dot", CYCLE), "-f", "concise")
    assert result.status == 2
    assert "nowhere.dot" in result.err
    assert "G001" in result.out


def test_binary_file() -> None:
    result = run(
        "check",
        write("picture.dot", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1" + bytes(range(32)) * 20),
    )
    assert result.status == 2
    assert result.err.count("\n") == 1
    assert "not a text file" in result.err
    assert "UNREADABLE" in result.out


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="everything may be read")
def test_file_without_permission() -> None:
    path = write("secret.dot", CLEAN)
    Path(path).chmod(0)
    result = run("check", path)
    assert (result.status, result.err) == (2, "dotlint: error: secret.dot: permission denied\n")


def test_empty_folder() -> None:
    Path("graphs").mkdir()
    one_clear_line(run("check", "graphs"), "no *.dot or *.gv file in graphs")


def test_folder_is_searched() -> None:
    write("graphs/a.dot", CYCLE)
    write("graphs/inner/b.gv", CLEAN)
    write("graphs/.hidden/c.dot", CYCLE)
    write("graphs/notes.txt", CYCLE)
    result = run("check", "graphs", "graphs/a.dot", "-f", "json")
    paths = [Path(file["path"]).as_posix() for file in json.loads(result.out)["files"]]
    assert paths == ["graphs/a.dot", "graphs/inner/b.gv"]
    assert result.status == 1


def test_folder_of_the_name_of_a_file() -> None:
    Path("odd.dot").mkdir()
    one_clear_line(run("check", "odd.dot"), "odd.dot")


# --- files that can -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "\n", "// nothing here\n", "\ufeff"])
def test_empty_file(text: str) -> None:
    result = run("check", write("empty.dot", text), "-s", "pp4ep4tp2sp2")
    assert result.err == ""
    assert "0 nodes, 0 edges in 0 graphs" in result.out
    assert "no graph" in result.out
    assert "Critical" not in result.out


def test_standard_input() -> None:
    result = run("check", "-", stdin=CYCLE.encode())
    assert result.status == 1
    assert result.out.startswith("<stdin> ")
    named = run("check", "-", "--stdin-filename", "some.dot", stdin=CYCLE.encode())
    assert named.out.startswith("some.dot ")


def test_file_without_deployment() -> None:
    result = run("check", str(FIXTURES / "build_dependencies.dot"), "-s", "pp4ep4tp2sp2")
    assert (result.status, result.err) == (0, "")
    assert "no deployment recognized" in result.out
    assert "Could not be checked" not in result.out
    assert "prefill" not in result.out


@pytest.mark.parametrize("name", ["dense_pp2tp4_clean.dot", "moe_ep4_ranks_clean.dot", "build_dependencies.dot"])
@pytest.mark.parametrize("form", ["report", "json"])
def test_correct_file_has_no_finding(name: str, form: str) -> None:
    strategy = {"dense_pp2tp4_clean.dot": "pp2tp4", "moe_ep4_ranks_clean.dot": "ep4"}.get(name)
    result = run(
        "check",
        str(FIXTURES / name),
        "-f",
        form,
        "--fail-on",
        "info",
        *(("-s", strategy) if strategy else ()),
    )
    assert result.status == 0
    if form == "json":
        assert json.loads(result.out)["files"][0]["findings"] == []
    else:
        assert "✓ CORRECT" in result.out
        assert "modification" not in result.out


# --- statuses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "status"),
    [
        (CLEAN, (), 0),
        (CYCLE, (), 1),
        (CYCLE, ("--exit-zero",), 0),
        (CYCLE, ("--ignore", "G001"), 0),
        (CYCLE, ("--select", "E"), 0),
        (CYCLE, ("--select", "E", "--extend-select", "cycle"), 1),
        (CYCLE, ("--select", "G", "--ignore", "G001"), 0),
        (CYCLE, ("--select", "G001", "--ignore", "G"), 1),
        (SOLID, ("--select", "V002"), 1),
        (SOLID, ("--select", "V002", "--fail-on", "warning"), 1),
        (SOLID, ("--select", "V002", "--fail-on", "error"), 0),
        (SOLID, ("--select", "V002", "--fail-on", "info"), 1),
    ],
)
def test_exit_status(text: str, options: tuple[str, ...], status: int) -> None:
    result = run("check", write("a.dot", text), *options)
    assert (result.status, result.err) == (status, "")


def test_a_file_with_warnings_alone_has_no_tick() -> None:
    result = run("check", write("a.dot", SOLID), "--select", "V002")
    assert result.status == 1
    assert "  no errors, 1 warning, but no tensors could be" in result.out.splitlines()[0]
    assert "CORRECT" not in result.out
    written = json.loads(run("check", "a.dot", "--select", "V002", "-f", "json").out)
    assert written["files"][0]["verdict"] == "correct"


def test_exit_zero_does_not_hide_a_failed_run() -> None:
    assert run("check", "nowhere.dot", "--exit-zero").status == 2


# --- output ---------------------------------------------------------------------------------------


def test_output_goes_into_a_file() -> None:
    result = run("check", write("a.dot", CYCLE), "-f", "concise", "-o", "found.txt")
    assert result == Run(1, "", "")
    assert Path("found.txt").read_text(encoding="utf-8").startswith("a.dot:1:")


def test_output_into_a_missing_folder_is_told() -> None:
    result = run("check", write("a.dot", CYCLE), "-o", "nowhere/found.txt")
    assert result.status == 2
    assert "nowhere" in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize("form", ["report", "full"])
def test_colour_is_a_choice(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("a.dot", CYCLE)
    plain = run("check", path, "-f", form).out
    assert "\x1b" not in plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = run("check", path, "-f", form).out
    assert "\x1b[" in coloured
    stripped = [line.rstrip() for line in re.sub(r"\x1b\[[\d;]*m", "", coloured).splitlines()]
    assert stripped == plain.splitlines()
    monkeypatch.setenv("NO_COLOR", "1")
    assert run("check", path, "-f", form).out == plain


@pytest.mark.parametrize("form", ["concise", "llm", "json", "jsonl", "markdown"])
def test_forms_for_programs_are_never_coloured(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in run("check", MAIN, "-s", "pp4ep4tp2sp2", "-f", form).out


def test_quiet_prints_files_with_findings_alone() -> None:
    result = run("check", write("a.dot", CLEAN), write("b.dot", CYCLE), "-q", "-f", "concise")
    assert "a.dot" not in result.out
    assert "b.dot" in result.out


def test_json_is_ascii_and_adds_up() -> None:
    out = run("check", MAIN, "-s", "pp4ep4tp2sp2", "-f", "json").out
    assert out.isascii()
    data = json.loads(out)
    findings = data["files"][0]["findings"]
    text = Path(MAIN).read_text(encoding="utf-8")
    for finding in findings:
        start, end = finding["range"]["start"], finding["range"]["end"]
        assert 0 <= start["offset"] <= end["offset"] <= len(text)
        assert start["line"] == text.count("\n", 0, start["offset"]) + 1
        assert start["column"] == start["offset"] - (text.rfind("\n", 0, start["offset"]) + 1) + 1
        assert all(0 <= cause < len(findings) for cause in finding["caused_by"])
    summary = data["summary"]
    own = [finding for finding in findings if not finding["caused_by"]]
    assert summary["consequences"] == len(findings) - len(own)
    for severity in ("error", "warning", "info"):
        assert summary[severity + "s"] == sum(1 for finding in own if finding["severity"] == severity)


@pytest.mark.parametrize("name", ["é", "\U0001f600", "\x7f", "\u2028", "\\\\", "</script>\x1b"])
def test_json_writes_what_is_beyond_ascii_as_python_does(name: str) -> None:
    path = write("a.dot", f'digraph {{ "{name}" -> b -> "{name}" }}')
    out = run("check", path, "-f", "json", "--isolated", "--select", "cycle").out
    data = json.loads(out)
    assert name in data["files"][0]["findings"][0]["nodes"]
    assert out == json.dumps(data, indent=2) + "\n"


def test_json_writes_names_that_are_html_as_strings() -> None:
    out = run(
        "check", write("a.dot", "digraph { <<b>x</b>> -> b -> <<b>x</b>> }"), "-f", "json", "--select", "cycle"
    ).out
    assert "<b>x</b>" in json.loads(out)["files"][0]["findings"][0]["nodes"]


def test_jsonl_is_the_same_findings_a_line_each() -> None:
    whole = json.loads(run("check", MAIN, "-s", "pp4ep4tp2sp2", "-f", "json").out)["files"][0]["findings"]
    lines = [json.loads(line) for line in run("check", MAIN, "-s", "pp4ep4tp2sp2", "-f", "jsonl").out.splitlines()]
    assert [{key: value for key, value in line.items() if key != "path"} for line in lines if "path" in line] == [
        {key: value for key, value in finding.items() if key != "path"} for finding in whole
    ]


def test_a_line_of_jsonl_has_the_path_of_its_file_also_for_a_cycle() -> None:
    (line,) = run("check", write("a.dot", CYCLE), "-f", "jsonl", "--select", "G001").out.splitlines()
    (finding,) = json.loads(run("check", "a.dot", "-f", "json", "--select", "G001").out)["files"][0]["findings"]
    assert json.loads(line) == {**finding, "path": "a.dot", "cycle": finding["path"]}


HOSTILE = 'digraph { "a\x1b[31m" [label="[red]\u202e</b><script>`|" ]; "a\x1b[31m" -> "[bold]b`" -> "a\x1b[31m" }'


@pytest.mark.parametrize("form", ["report", "full", "concise", "llm", "markdown", "json"])
def test_text_of_the_file_is_never_obeyed(form: str) -> None:
    out = run("check", write("a.dot", HOSTILE), "-f", form, "--extend-select", "cycle").out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "[bold]b" in out or "\\[bold\\]b" in out


@pytest.mark.parametrize("form", FORMATS)
def test_html_where_a_name_or_a_port_is_expected(form: str) -> None:
    text = 'digraph { a [<label>=x label=a]; a:<p> -> b:<q>:n; c [shape=record label="<p> x"]; c:<p> -> a:"<p>" }\n'
    found = run("check", write("a.dot", text), "-f", form, "--extend-select", "A007")
    assert (found.status, found.err) == (1, "")
    assert "A007" in found.out


@pytest.mark.parametrize("form", ["json", "report"])
def test_every_run_says_the_same_whatever_the_seed_of_hashes(form: str) -> None:
    """Many ways around are as short, and the component is a small part of the graph: the first in the file is told."""
    ways = "a -> {b c d e f g h i} -> y -> z -> a; y -> k -> a; y -> l -> a; y -> m -> a"
    write("a.dot", f"digraph {{ {ways}; {'; '.join(f't{i} -> a' for i in range(40))} }}")
    options = ("--isolated", "--no-cache", "--extend-select", "cycle", "-f", form)
    command = [sys.executable, "-m", "dotlint", "check", *options, "a.dot", MAIN]
    seeded = (
        subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": seed})
        for seed in ("1", "2")
    )
    one, other = (result.stdout for result in seeded)
    assert "a -> b -> y -> z -> a" in one
    assert one == other


# --- the other commands -----------------------------------------------------------------------------


def test_rules_lists_every_card_once() -> None:
    listed = re.findall(r"^  ([A-Z]\d{3})  ", run("rules").out, re.MULTILINE)
    codes = [card["code"] for card in json.loads(run("rules", "-f", "json").out)]
    assert listed == codes == sorted(set(codes))
    assert len(codes) >= 50


@pytest.mark.parametrize("name", ["S001", "s001", "missing-stage-edge"])
def test_rule_explains(name: str) -> None:
    result = run("rule", name)
    assert result.status == 0
    assert "S001 missing-stage-edge" in result.out
    assert "bad:" in result.out


@pytest.mark.parametrize(
    ("name", "told"),
    [("S0001", "did you mean"), ("S00", "prefix"), ("missing-stage-edges", "missing-stage-edge")],
)
def test_rule_that_is_none(name: str, told: str) -> None:
    one_clear_line(run("rule", name), told)
