"""`dotlint diff`: formats, exit status, options, and git."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dotlint
from tests.cli.command import run
from tests.dsl import chain, digraph
from tests.golden import FIXTURES, HERE

if TYPE_CHECKING:
    from collections.abc import Callable

    Files = Callable[..., list[str]]

BEFORE = digraph(*chain(2, "norm attn mlp", gpus="{n}", dims="[batch=4, hidden=512]"))
AFTER = digraph(*chain(2, "norm attn mlp", gpus="{n}", dims="[batch=4, hidden=512]", without=["l1_attn"]))
BUILD = 'digraph build { compile [label="Compile"]; link [label="Link"]; compile -> link; link -> test }\n'


@pytest.fixture
def files(tmp_path: Path) -> Files:
    def write(*texts: str) -> list[str]:
        paths = [tmp_path / f"{name}.dot" for name, _ in zip("abcd", texts, strict=False)]
        for path, text in zip(paths, texts, strict=False):
            path.write_text(text, encoding="utf-8")
        return list(map(str, paths))

    return write


def as_json(*argv: str) -> dict[str, Any]:
    result = run("diff", *argv, "-f", "json", "--isolated")
    assert result.status in (0, 1), result.err
    assert result.out.isascii()
    found: dict[str, Any] = json.loads(result.out)
    assert found["differ"] == bool(result.status)
    return found


def test_the_same_file_is_the_same(files: Files) -> None:
    (path,) = files(BEFORE)
    result = run("diff", path, path, "--isolated")
    assert result.status == 0
    assert "the deployments are the same" in " ".join(result.out.split())


def test_colors_comments_order_and_format_are_counted_and_no_difference(files: Files) -> None:
    other = BEFORE.replace("digraph {", "// a comment\ndigraph { node [color=red];").replace(";\n", " ; \n\n")
    result = run("diff", *files(BEFORE, other), "--isolated")
    assert result.status == 0
    assert "elements drawn differently" in result.out
    assert "1 comment" in result.out
    lines = BEFORE.split("\n")
    result = run("diff", *files(BEFORE, "\n".join([lines[0], *lines[1:-2][::-1], *lines[-2:]])), "--isolated")
    assert (result.status, "the order of statements" in result.out) == (0, True)
    result = run("diff", *files(BEFORE, BEFORE.replace(" -> ", "->")), "--isolated")
    assert (result.status, "Not counted: the formatting" in result.out) == (0, True)


@pytest.mark.parametrize("style", ["clusters", "reference"])
def test_headers_and_boxes_are_no_difference(files: Files, style: str) -> None:
    texts = [run("new", "-s", "pp2tp2", "--style", each).out for each in ("plain", style)]
    names = [node for node in dotlint.parse(texts[1]).graphs[0].nodes if node not in ("input", "output")]
    anonymous = texts[1]
    for number, name in enumerate(names):
        anonymous = re.sub(rf"\b{name}\b", f"n{number}", anonymous)
    paths = files(texts[0], anonymous)
    for before, after in (paths, paths[::-1]):
        found = as_json(before, after)
        assert found["differences"] == []
        assert len(found["matching"][0]["pairs"]) == texts[0].count("Output: [")
        assert found["layout"]["headers" if style == "reference" else "clusters"]


def test_a_removed_operator(files: Files) -> None:
    found = as_json(*files(BEFORE, AFTER))
    (operator,) = [one for one in found["differences"] if one["section"] == "operators"]
    assert (operator["change"], operator["what"], operator["count"]) == ("removed", "attention", 1)
    assert (
        operator["items"] == [{"before": ["l1_attn"], "after": None, "unit": {"layer": 1}, "edges": 2}]
        or operator["items"][0]["unit"]["layer"] == 1
    )
    (edge,) = [one for one in found["differences"] if one["section"] == "edges"]
    assert edge["items"][0]["after"] == ["l1_norm", "l1_mlp"]
    assert found["matching"][0]["pairs"][0] == ["input", "input"]


def test_findings_are_fixed_new_and_still_there(files: Files) -> None:
    found = as_json(*files(AFTER, BEFORE), "--select", "S")["findings"]
    assert [one["code"] for one in found["fixed"]] == ["S003"]
    assert found["new"] == []
    renamed = AFTER.replace("_norm", "_rms").replace("_mlp", "_ffn")
    found = as_json(*files(AFTER, renamed), "--select", "S003")["findings"]
    assert ([one["before"]["code"] for one in found["still"]], found["new"]) == (["S003"], [])
    broken = BUILD.replace('label="Link"', 'label="Link", shpae=box')
    found = as_json(*files(BUILD, broken))
    assert [one["code"] for one in found["findings"]["new"]] == ["A001"]


def test_options_of_check_count(files: Files, tmp_path: Path) -> None:
    paths = files(BEFORE, AFTER)
    assert not as_json(*paths, "--ignore", "S,G,T,C,D,P,H,V,N,A")["findings"]["new"]
    config = tmp_path / "dotlint.toml"
    config.write_text('select = ["S003"]\n', encoding="utf-8")
    result = run("diff", *paths, "--config", str(config), "-f", "json")
    assert {one["code"] for one in json.loads(result.out)["findings"]["new"]} == {"S003"}
    assert run("diff", *paths, "-s", "pp2").status == 1
    failed = run("diff", *paths, "-s", "xx2")
    assert (failed.status, failed.out) == (2, "")


def test_plain_graphs_are_compared_as_graphs(files: Files) -> None:
    other = BUILD.replace("link [", "linking [").replace("link ->", "linking ->").replace("-> link", "-> linking")
    found = as_json(*files(BUILD, other))
    assert (found["deployments"], found["differ"], found["layout"]["renamed"]) == (False, False, 1)
    other = BUILD.replace("link -> test", "compile -> test [label=always]; subgraph cluster_x { link }")
    found = as_json(*files(BUILD, other))
    assert [(one["section"], one["change"], one["count"]) for one in found["differences"]] == [
        ("edges", "removed", 1),
        ("edges", "added", 1),
        ("clusters", "added", 1),
    ]


def test_alike_nodes_are_undecided_and_not_guessed(files: Files) -> None:
    def fan(names: str) -> str:
        body = " ".join(f'{name} [label="Worker"]; start -> {name} -> stop;' for name in names)
        return f"digraph {{ start; stop; {body} }}\n"

    found = as_json(*files(fan("abc"), fan("xyz")))
    assert found["matching"][0]["alike"] == [{"before": ["a", "b", "c"], "after": ["x", "y", "z"]}]
    assert found["differ"] is False
    found = as_json(*files(fan("abc"), fan("xy")))
    (one,) = found["differences"]
    assert (one["section"], one["change"], one["count"], one["undecided"]) == ("nodes", "removed", 1, True)


def test_alike_nodes_that_are_connected_differently_are_not_the_same(files: Files) -> None:
    labels = "in out " + " ".join(f'{name}{n} [label="{name}"];' for name in "abc" for n in (1, 2))
    straight = f"digraph {{ {labels} in -> a1 -> b1 -> c1 -> out; in -> a2 -> b2 -> c2 -> out }}"
    crossed = f"digraph {{ {labels} in -> a1 -> b1 -> c1 -> out; in -> a2 -> b1; b2 -> c2 -> out }}"
    renamed = crossed.replace("1", "x").replace("2", "y")
    assert as_json(*files(straight, straight.replace("1", "x").replace("2", "y")))["differ"] is False
    assert as_json(*files(straight, renamed))["differ"] is True


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_text_from_a_file_is_shown_and_never_obeyed(files: Files, form: str) -> None:
    hostile = BUILD.replace("Link", "<script>alert(1)</script>\x1b[31m|`x`")
    result = run("diff", *files(BUILD, hostile), "-f", form, "--isolated")
    assert result.status == 1
    assert "\x1b" not in result.out
    assert form != "html" or "<script>" not in result.out


def test_what_cannot_be_compared_exits_2(files: Files, tmp_path: Path) -> None:
    (path,) = files(BUILD)
    for argv, words in (
        ([path], "two files are needed"),
        ([path, str(tmp_path / "no.dot")], "no.dot"),
        ([path, str(tmp_path)], "is a folder"),
        (["-", "-"], "standard input"),
        ([path, path, "--textconv"], "one file"),
        ([path, path, "-o", path], "would overwrite"),
    ):
        result = run("diff", *argv)
        assert (result.status, result.out) == (2, "")
        assert words in result.err
    (tmp_path / "x.dot").write_bytes(b"\0\1\2")
    assert run("diff", path, str(tmp_path / "x.dot")).status == 2


def test_standard_input_and_output_file(files: Files, tmp_path: Path) -> None:
    (path,) = files(BUILD)
    assert run("diff", "-", path, "--isolated", stdin=BUILD.encode()).status == 0
    target = tmp_path / "out.md"
    result = run("diff", path, "-", "-f", "markdown", "-o", str(target), "--isolated", stdin=b"digraph { compile }")
    assert (result.status, result.out) == (1, "")
    assert target.read_text(encoding="utf-8").startswith("# ")
    assert run("diff", path, path, "-o", "-", "--isolated").out.startswith(path)


def test_a_new_and_a_deleted_file(files: Files) -> None:
    (path,) = files(BEFORE)
    new, deleted = as_json(os.devnull, path), as_json(path, os.devnull)
    assert (new["before"]["missing"], new["after"]["nodes"]) == (True, 8)
    assert [one["change"] for one in new["differences"]] == ["added"]
    assert [one["change"] for one in deleted["differences"]] == ["removed"]
    assert "the file is new: 8 nodes, 7 edges" in run("diff", os.devnull, path, "--isolated").out


def test_textconv_does_not_depend_on_order_and_format(files: Files) -> None:
    lines = BEFORE.split("\n")
    shuffled = "\n".join([lines[0], *lines[1:-2][::-1], *lines[-2:]]).replace(" -> ", "   ->   ")
    texts = [run("diff", "--textconv", path, "--isolated") for path in files(BEFORE, shuffled)]
    assert [text.status for text in texts] == [0, 0]
    assert texts[0].out == texts[1].out
    assert "layer 1: attention l1_attn; GPUs 1" in texts[0].out
    assert "edge l0_attn -> l0_mlp" in texts[0].out


def git(folder: Path, *argv: str, env: dict[str, str] | None = None) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {
        "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder),
        "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.invalid",
        "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.invalid",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    done = subprocess.run(
        ["git", *argv],
        cwd=folder,
        env=environment | (env or {}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a committed plan that was then changed, a new file and a deleted one."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "plan.dot").write_text(BEFORE, encoding="utf-8")
    (folder / "old.dot").write_text(BUILD, encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "plans")
    (folder / "plan.dot").write_text(AFTER, encoding="utf-8")
    (folder / "old.dot").unlink()
    (folder / "new.dot").write_text("graph { a -- b -- c }\n", encoding="utf-8")
    git(folder, "add", "-A")
    return folder


COMMAND = f'"{sys.executable}" -m dotlint diff'


def test_as_difftool(repository: Path) -> None:
    tool = f'{COMMAND} --path "$MERGED" "$LOCAL" "$REMOTE"'
    out = git(repository, "-c", f"difftool.dotlint.cmd={tool}", "difftool", "-y", "-t", "dotlint", "HEAD")
    assert "plan.dot: the deployments differ" in out
    assert "- 1 attention operator of layer 1" in out
    assert "the file is new: 3 nodes, 2 edges" in out
    assert "the file is deleted: 3 nodes, 2 edges" in out


def test_as_diff_driver(repository: Path) -> None:
    (repository / ".gitattributes").write_text("*.dot diff=dotlint\n", encoding="utf-8")
    out = git(repository, "-c", f"diff.dotlint.command={COMMAND}", "diff", "--ext-diff", "HEAD", "--", "*.dot")
    assert "plan.dot: the deployments differ" in out
    assert "the file is new" in out
    assert "the file is deleted" in out


def test_as_textconv(repository: Path) -> None:
    (repository / ".gitattributes").write_text("*.dot diff=dotlint\n", encoding="utf-8")
    out = git(repository, "-c", f"diff.dotlint.textconv={COMMAND} --textconv", "diff", "HEAD", "--", "plan.dot")
    assert "-layer 1: attention l1_attn; GPUs 1; input [batch=4, hidden=512]" in out
    assert "+edge l1_norm -> l1_mlp" in out


def test_a_renamed_file(repository: Path) -> None:
    git(repository, "commit", "-q", "-m", "changed")
    git(repository, "mv", "plan.dot", "moved.dot")
    (repository / ".gitattributes").write_text("*.dot diff=dotlint\n", encoding="utf-8")
    (repository / "moved.dot").write_text(AFTER.replace("MLP", "Expert"), encoding="utf-8")
    out = git(repository, "-c", f"diff.dotlint.command={COMMAND}", "diff", "-M30", "HEAD", "--", "*.dot")
    assert "moved.dot" in out


def test_fixtures_are_deployments() -> None:
    found = as_json(str(FIXTURES / "diff_before.dot"), str(FIXTURES / "diff_after.dot"))
    assert found["deployments"]
    assert {one["section"] for one in found["differences"]} == {
        "strategy", "stages", "communication", "devices", "shapes", "labels", "edges",
    }  # fmt: skip


def test_the_page_of_the_documents_shows_what_is_reported() -> None:
    page = (HERE.parents[1] / "docs/diff.md").read_text(encoding="utf-8")
    for name in ("diff.80.txt", "diff.md"):
        assert (HERE / name).read_text(encoding="utf-8") in page
