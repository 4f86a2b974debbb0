"""The scripts of the GitHub Action, run as a runner of GitHub runs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CYCLE = "digraph { norm_tp0 -> mlp_tp0 -> norm_tp0; input -> norm_tp0; mlp_tp0 -> output }\n"
TYPO = "digraph {\n  a [shpae=box]\n  a -> b\n}\n"

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


def action() -> dict[str, Any]:
    read = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    assert isinstance(read, dict)
    return read


def run_step(name: str, folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run a step as GitHub does: inputs come in through the environment, and files take outputs and the summary."""
    described = action()
    step = next(step for step in described["runs"]["steps"] if step.get("name") == name)
    given = {name: str(inputs.get(name, about["default"])) for name, about in described["inputs"].items()}
    environment = {
        name: re.sub(
            r"\$\{\{ (?:inputs\.([\w-]+)|steps\.python\.outputs\.python-path) \}\}",
            lambda match: given[match[1]] if match[1] else inputs["python"],
            value,
        )
        for name, value in step["env"].items()
    }
    temporary = folder.parent / "runner temp"
    temporary.mkdir(exist_ok=True)
    environment |= {
        **os.environ,
        **environment,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "RUNNER_TEMP": str(temporary),
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_PATH": str(temporary / "path"),
        "GITHUB_OUTPUT": str(temporary / "output"),
        "GITHUB_STEP_SUMMARY": str(temporary / "summary.md"),
    }
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)


def outputs(folder: Path) -> dict[str, str]:
    lines = (folder.parent / "runner temp" / "output").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def test_it_annotates_sets_outputs_and_fails(work: Path) -> None:
    (work / "graphs").mkdir()
    (work / "graphs" / "cycle.dot").write_text(CYCLE)
    (work / "typo.dot").write_text(TYPO)
    result = run_step("Lint", work)
    assert result.returncode == 1
    assert result.stdout.startswith("::error file=graphs/cycle.dot,line=1,")
    assert "G001 cycle" in (work.parent / "runner temp" / "summary.md").read_text()
    found = outputs(work)
    assert set(found) == set(action()["outputs"])
    assert found["fixable"] == "1"
    log = json.loads(Path(found["sarif"]).read_text())
    assert {r["ruleId"] for r in log["runs"][0]["results"]} >= {"G001", "A001"}
    assert int(found["findings"]) == log["runs"][0]["properties"]["findings"]


def test_it_passes_without_findings(work: Path) -> None:
    (work / "a.dot").write_text("digraph { a -> b }\n")
    result = run_step("Lint", work, paths="")
    assert (result.returncode, result.stdout) == (0, "")
    assert outputs(work)["findings"] == "0"


@pytest.mark.parametrize(
    "paths",
    [
        "my graphs/a b.dot\nother.dot",
        "my graphs\nother.dot\n",
        "  my graphs\r\n\r\n  other.dot\r\n",
        "my graphs",
        "other.dot last.dot",
        "my graphs\nother.dot last.dot",
    ],
)
def test_paths_may_hold_spaces(work: Path, paths: str) -> None:
    (work / "my graphs").mkdir()
    for name in ("my graphs/a b.dot", "other.dot", "last.dot"):
        (work / name).write_text(TYPO)
    result = run_step("Lint", work, paths=paths, format="concise")
    assert result.returncode == 1, result.stderr
    found = {line.split(":")[0] for line in result.stdout.splitlines() if ": warning: " in line}
    assert found == {name for name in ("my graphs/a b.dot", "other.dot", "last.dot") if name.split("/")[0] in paths}


def test_it_takes_phases_options_and_an_output(work: Path) -> None:
    shutil.copy(ROOT / "tests" / "fixtures" / "moe_two_phases.dot", work / "a.dot")
    result = run_step(
        "Lint",
        work,
        paths="a.dot",
        strategy="prefill=pp4ep4tp2sp2\ndecode=pp4ep4tp2sp1@0-31\n",
        format="sarif",
        output="report of all.sarif",
        args="--fail-on error --no-cache",
    )
    assert result.returncode == 1, result.stderr
    assert '"S001"' in (work / "report of all.sarif").read_text()
    assert '"S001"' in Path(outputs(work)["sarif"]).read_text()


@pytest.mark.parametrize(("args", "status"), [("--ignore A001", 0), ("--exit-zero", 0), ("--no-such-option", 2)])
def test_it_preserves_the_exit_status(work: Path, args: str, status: int) -> None:
    (work / "a.dot").write_text(TYPO)
    assert run_step("Lint", work, args=args).returncode == status


def test_a_run_that_writes_no_sarif_sets_no_outputs(work: Path) -> None:
    (work / "a.dot").write_text(TYPO)
    assert run_step("Lint", work, args="--diff").returncode == 1
    assert not (work.parent / "runner temp" / "output").exists()


def test_no_input_becomes_a_command(work: Path) -> None:
    evil = '"; touch pwned; $(touch pwned) `touch pwned` #.dot'
    result = run_step("Lint", work, paths=evil, strategy=evil, args="")
    assert result.returncode == 2
    assert not (work / "pwned").exists()
    for step in action()["runs"]["steps"]:
        assert "${{" not in step.get("run", ""), "an expression in a script runs what a pull request brings"


def test_it_installs_itself_and_is_found_by_later_steps(work: Path) -> None:
    log = work.parent / "pip.log"
    python = work.parent / "python with space"
    python.write_text(
        '#!/bin/sh\nmkdir -p "$3/bin"\n'
        f'printf \'#!/bin/sh\\necho "$PIP_CACHE_DIR" "$@" > "{log}"\\n\' > "$3/bin/python"\n'
        'chmod +x "$3/bin/python"\n'
    )
    python.chmod(0o755)
    result = run_step("Install dotlint", work, python=str(python))
    assert result.returncode == 0, result.stderr
    temporary = work.parent / "runner temp"
    assert (temporary / "path").read_text() == f"{temporary}/dotlint/bin\n"
    assert log.read_text() == f"{temporary}/dotlint-cache/pip -m pip install --quiet {ROOT}\n"


def test_the_examples_of_the_page_fit(work: Path) -> None:
    page = (ROOT / "docs" / "continuous-integration.md").read_text(encoding="utf-8")
    for text in re.findall(r"^```yaml.*?\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        assert yaml.safe_load(text)
    (workflow,) = re.findall(r'^```yaml title="\.github.*?\n(.*?)^```', page, re.MULTILINE | re.DOTALL)
    step = next(s for s in yaml.safe_load(workflow)["jobs"]["dotlint"]["steps"] if s.get("id") == "dotlint")
    described = action()
    assert set(step["with"]) <= set(described["inputs"])
    assert set(re.findall(r"steps\.dotlint\.outputs\.(\w+)", workflow)) <= set(described["outputs"])
    rows = re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)
    assert rows == [*described["inputs"], *described["outputs"]]

    (work / "graphs").mkdir()
    (work / "graphs" / "a.dot").write_text("digraph { a -> b }\n")
    commands = re.findall(r"\bdotlint (check [^|`'\n]*)", page)
    assert len(commands) >= 4
    for command in commands:
        program = [sys.executable, "-m", "dotlint", *command.split(), "--isolated"]
        result = subprocess.run(program, cwd=work, check=False, capture_output=True, text=True)
        assert result.returncode == 0, f"{command}\n{result.stderr}"
