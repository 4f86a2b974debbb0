from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dotlint.graph.builder import read
from tests.cli.command import run

FIXTURES = Path(__file__).parent.parent / "fixtures"
DASHED = """digraph {
  route [label="Expert Routing\\nGPU: 0-3"]
  e0 [label="Expert 0\\nGPU: 0"]; e1 [label="Expert 1\\nGPU: 1"]; e2 [label="Expert 2\\nGPU: 2"]
  route -> e0 [style=dashed]
  route -> e1
  route -> e2 [style=dashed]
}
"""


@pytest.fixture
def dashed(tmp_path: Path) -> Path:
    path = tmp_path / "gate.dot"
    path.write_text(DASHED)
    return path


def test_fix_writes_in_place_and_the_status_speaks_of_what_is_left(dashed: Path) -> None:
    status, out, err = run("check", "--isolated", "--select", "V002", "--fix", str(dashed))
    assert dashed.read_text() == DASHED.replace("route -> e1", "route -> e1 [style=dashed]")
    assert status == 0
    assert "CORRECT" in out
    assert err == ""
    assert out.endswith("\nFixed 1 problem (V002); found no more problems in 1 file\n")


def test_what_was_fixed_is_counted_once_whatever_the_file_is_called(dashed: Path) -> None:
    path = dashed.rename(dashed.with_name("refused.dot"))
    status, out, err = run("check", "--isolated", "--select", "V002", "--fix", str(path))
    assert (status, err) == (0, "")
    assert out.endswith("\nFixed 1 problem (V002); found no more problems in 1 file\n")


def test_diff_writes_nothing_and_says_by_its_status_that_there_is_something(dashed: Path) -> None:
    status, out, err = run("check", "--isolated", "--select", "V002", "--diff", str(dashed))
    assert status == 1
    assert dashed.read_text() == DASHED
    assert err == ""
    assert "-  route -> e1\n+  route -> e1 [style=dashed]\n" in out
    run("check", "--isolated", "--select", "V002", "--fix", str(dashed))
    assert run("check", "--isolated", "--select", "V002", "--diff", str(dashed)) == (0, "", "")


@pytest.mark.skipif(shutil.which("patch") is None, reason="there is no patch here")
def test_patch_and_fix_make_the_same_file(tmp_path: Path) -> None:
    for name in ("fixed.dot", "patched.dot"):
        shutil.copy(FIXTURES / "moe_two_phases.dot", tmp_path / name)
    options = ("check", "--isolated", "--unsafe-fixes", "-s", "pp4ep4tp2sp2")
    _, diff, _ = run(*options, "--diff", str(tmp_path / "patched.dot"))
    subprocess.run(["patch", str(tmp_path / "patched.dot")], input=diff.encode(), check=True, capture_output=True)
    run(*options, "--fix", str(tmp_path / "fixed.dot"))
    assert (tmp_path / "patched.dot").read_bytes() == (tmp_path / "fixed.dot").read_bytes()


def test_standard_input_is_fixed_to_standard_output() -> None:
    status, out, err = run(
        "check", "--isolated", "--select", "V002", "--fix", "-f", "concise", "-", stdin=DASHED.encode()
    )
    assert status == 0
    assert out == DASHED.replace("route -> e1", "route -> e1 [style=dashed]")
    assert err == "Fixed 1 problem (V002); found no more problems in 1 file\n"


def test_standard_input_without_anything_to_fix_comes_out_as_it_went_in() -> None:
    text = b"\xef\xbb\xbf\r\ndigraph { a\r\n }"
    _, out, _ = run("check", "--isolated", "--fix", "-", stdin=text)
    assert out.encode() == text


def test_the_deployment_is_written_whole_with_unsafe_fixes_alone(tmp_path: Path) -> None:
    path = tmp_path / "two.dot"
    before = read((FIXTURES / "moe_two_phases.dot").read_bytes()).graphs[0]
    shutil.copy(FIXTURES / "moe_two_phases.dot", path)
    run("check", "--isolated", "--fix", "-s", "pp4ep4tp2sp2", str(path))
    safe = read(path.read_bytes()).graphs[0]
    assert list(safe.nodes) == list(before.nodes)
    assert len(safe.edges) == len(before.edges) + 60
    run("check", "--isolated", "--fix", "--unsafe-fixes", "-s", "pp4ep4tp2sp2", str(path))
    whole = read(path.read_bytes()).graphs[0]
    assert {"dec4 combine", "dec2 norm", "decode first token"} <= set(whole.nodes)
    once = path.read_bytes()
    run("check", "--isolated", "--fix", "--unsafe-fixes", "-s", "pp4ep4tp2sp2", str(path))
    assert path.read_bytes() == once


def test_the_edits_in_json_are_what_fix_writes_for_that_finding_alone(tmp_path: Path) -> None:
    text = (FIXTURES / "moe_two_phases.dot").read_text()
    options = ("check", "--isolated", "--no-cache", "-s", "pp4ep4tp2sp2")
    _, out, _ = run(*options, "--select", "S002", "-f", "json", str(FIXTURES / "moe_two_phases.dot"))
    findings = json.loads(out)["files"][0]["findings"]
    assert [(f["code"], f["fix"]["applicability"]) for f in findings] == [("S002", "unsafe")]
    expected = text
    for edit in sorted(findings[0]["fix"]["edits"], key=lambda e: -e["start"]):
        expected = expected[: edit["start"]] + edit["text"] + expected[edit["end"] :]
    path = tmp_path / "one.dot"
    path.write_text(text)
    run(*options, "--select", "S002", "--fix", "--unsafe-fixes", str(path))
    assert path.read_text() == expected


def test_what_cannot_be_written_is_said_and_the_others_are_fixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "a.dot", tmp_path / "b.dot"
    for path in (first, second):
        path.write_text(DASHED)
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "a.dot" and access(path, mode))
    status, out, err = run("check", "--isolated", "--select", "V002", "--fix", "-f", "concise", str(tmp_path))
    assert status == 2
    assert first.read_text() == DASHED
    assert second.read_text() != DASHED
    assert f"dotlint: error: {first}: cannot be written: the file is read-only\n" in err
    assert f"{first}:5:3: warning: V002" in out


def test_a_file_that_is_not_there_is_a_failure_and_no_traceback(tmp_path: Path) -> None:
    status, _, err = run("check", "--isolated", "--fix", str(tmp_path / "no.dot"))
    assert status == 2
    assert "no such file" in err


# What the one all-reduce states is wrong, so that to copy it would add an error.
REDUCED = """digraph {
  a [label="All-Reduce\\nInput: [B=2, H=4]\\nOutput: [B=2, H=8]\\nGPU: 0-1"]
  b [label="All-Reduce\\nGPU: 2-3"]
  c [label="MLP\\nInput: [B=2, H=8]\\nOutput: [B=2, H=8]\\nGPU: 2-3"]
  a -> b -> c
}
"""


def test_a_refused_fix_is_named_with_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "reduced.dot"
    path.write_text(REDUCED)
    options = ("check", "--isolated", "--no-cache", "--select", "T001")
    status, _, err = run(*options, "--fix", "--unsafe-fixes", "-f", "concise", str(path))
    assert status == 1
    assert path.read_text() == REDUCED
    assert "the fix of T001 was refused: it would cause T005: all-reduce " in err
    # and what would be refused is not offered
    _, out, _ = run(*options, "-f", "json", str(path))
    finding = json.loads(out)["files"][0]["findings"][0]
    assert (finding["fix"], finding["fixable"]) == (None, None)
    assert "no automatic fix: it would cause T005" in finding["help"]


def test_unsafe_fixes_alone_do_nothing_and_say_so(dashed: Path) -> None:
    _, _, err = run("check", "--isolated", "--unsafe-fixes", str(dashed))
    assert dashed.read_text() == DASHED
    assert "--unsafe-fixes has no effect" in err


def test_what_is_no_text_is_neither_fixed_nor_written(tmp_path: Path) -> None:
    picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1" + bytes(range(32)) * 20
    path = tmp_path / "picture.dot"
    path.write_bytes(picture)
    for argv, stdin in ((str(path), b""), ("-", picture)):
        status, _, err = run("check", "--isolated", "--fix", argv, stdin=stdin)
        assert status == 2
        assert "not a text file" in err
    assert path.read_bytes() == picture
