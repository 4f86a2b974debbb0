"""`check -f llm`: short, causes first, with statements that add the missing edges."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dotlint
from dotlint.report.edge_statements import folded_edges
from tests.cli.command import run

if TYPE_CHECKING:
    from dotlint.graph.model import Graph

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("moe_two_phases.dot", "moe_ep4_ranks_clean.dot", "moe_ep4_ranks_gaps.dot"):
        shutil.copyfile(FIXTURES / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def llm(*arguments: str) -> list[str]:
    return run("check", "-f", "llm", "--no-cache", *arguments).out.splitlines()


def test_causes_come_first_and_the_next_command_last(folder: Path) -> None:
    lines = llm("moe_two_phases.dot")
    assert re.match(r"moe_two_phases\.dot: incorrect, \d+ errors?, ", lines[0])
    heads = [line for line in lines if re.match(r"[A-Z]\d{3} ", line)]
    severities = [line.split()[1] for line in heads]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    assert all(re.match(r"[A-Z]\d{3} \w+ moe_two_phases\.dot:\d+:\d+ ", line) for line in heads)
    found = [one for one in dotlint.check(folder / "moe_two_phases.dot").findings if not one.caused_by]
    assert {line.split()[0] for line in heads} == {one.code for one in found}
    assert lines[-1] == "next: dotlint check --format llm --fix moe_two_phases.dot"


def test_the_next_command_is_one_that_runs(folder: Path) -> None:
    shutil.copyfile("moe_two_phases.dot", "with space.dot")
    last = llm("-s", "pp4ep4tp2sp2", "with space.dot")[-1]
    assert last == "next: dotlint check --format llm --strategy pp4ep4tp2sp2 --fix 'with space.dot'"
    assert folder.is_dir()


def test_a_clean_file_is_one_line(folder: Path) -> None:
    lines = llm("moe_ep4_ranks_clean.dot")
    assert lines[0].startswith("moe_ep4_ranks_clean.dot: correct; ")
    assert lines[-1] == "next: nothing has to change"
    several = llm(".")
    assert "1 of 3 files without findings" in several
    assert not any(line.startswith("moe_ep4_ranks_clean") for line in several)
    assert folder.is_dir()


def test_it_is_shorter_than_every_other_format(folder: Path) -> None:
    sizes = {
        form: len(run("check", "-f", form, "--no-cache", "moe_two_phases.dot").out)
        for form in ("llm", "concise", "report", "json")
    }
    assert sizes["llm"] * 3 < 2 * min(size for form, size in sizes.items() if form != "llm"), sizes
    assert folder.is_dir()


def test_many_findings_are_bounded(folder: Path) -> None:
    nodes = "".join(f"  n{i} [colour=red, shape=foo{i}, fillcolour{i}=x];\n" for i in range(400))
    Path("many.dot").write_text(f"digraph {{\n{nodes}}}\n")
    out = "\n".join(llm("many.dot"))
    assert len(out) < 12_000
    assert folder.is_dir()


def test_an_unreadable_file_is_a_line(folder: Path) -> None:
    Path("x.dot").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 50)
    assert llm("x.dot")[0].startswith("x.dot: unreadable: not a text file")
    again = "dotlint check --format llm"
    assert llm("x.dot")[-1] == f"next: make each unreadable file readable, then {again} x.dot"
    Path("-y.dot").write_text("digraph { a [shpae=box]; b [shape=bxo] }")
    next_ = llm("--select", "A001", "--", "x.dot", "-y.dot")[-1]
    assert next_ == f"next: {again} --select A001 --fix x.dot ./-y.dot"
    assert folder.is_dir()


def edges(graph: Graph) -> list[tuple[str, str, str]]:
    return sorted((edge.tail.name, edge.head.name, edge.attributes.get("style", "")) for edge in graph.edges)


@pytest.mark.parametrize(
    ("lines", "folded"),
    [
        (["a -> b", "b -> c"], ["a -> b -> c"]),
        (["b -> c", "a -> b"], ["a -> b -> c"]),
        (["a -> b", "a -> c"], ["a -> {b c}"]),
        (["a -> c", "b -> c", "c -> d"], ["{a b} -> c -> d"]),
        (["a -> c", "a -> d", "b -> c", "b -> d"], ["{a b} -> {c d}"]),
        (["a -> b [style=dashed]", "b -> c"], ["a -> b [style=dashed]", "b -> c"]),
        (['"a -> b" -> c', '"a -> b" -> d'], ['"a -> b" -> {c d}']),
        (["a -> b", "a -> c:in:w", "a -> d"], ["a -> {b d}", "a -> c:in:w"]),
        (['"a":out -> b', '"a":out -> c'], ['"a":out -> b', '"a":out -> c']),
        (["a -> b", "b -> a"], ["a -> b -> a"]),
        (["a -- b", "a -- c"], ["a -- {b c}"]),
        (['a -> "say \\"hi\\""'], ['a -> "say \\"hi\\""']),
        (["<<b>x</b>> -> c"], ["<<b>x</b>> -> c"]),
    ],
)
def test_folded_edges(lines: list[str], folded: list[str]) -> None:
    assert folded_edges(lines) == folded
    kind = "graph" if "--" in lines[0] else "digraph"
    given, short = (dotlint.parse(f"{kind} {{\n{';'.join(some)}\n}}").graphs[0] for some in (lines, folded))
    assert edges(given) == edges(short)
