"""What Graphviz draws wrongly in silence: what the examples of the cards cannot show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import dotlint
from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.pipeline.processes import lint_files
from tests.dsl import find

if TYPE_CHECKING:
    from pathlib import Path

IMAGES = Settings(selection=Selection(select=("A014",)))


def images(folder: Path, text: str, name: str = "net.dot") -> list[str]:
    path = folder / name
    path.write_text(text, "utf-8")
    (result,) = lint_files([(str(path), IMAGES)])
    return [finding.message for finding in result.findings]


@pytest.mark.parametrize(("name", "around"), [("net.dot", "{}"), ("net.md", "# Net\n\n```dot\n{}\n```\n")])
def test_a014_an_image_that_appears_or_disappears_changes_a_cached_result(
    name: str, around: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOTLINT_CACHE_DIR", str(tmp_path / "cache"))
    text = around.replace("{}", 'digraph { a [image="icons/router.png"]; a -> b }')
    assert images(tmp_path, text, name) == ["`icons/router.png` does not exist beside this file"]
    (tmp_path / "icons").mkdir()
    (tmp_path / "icons/router.png").touch()
    assert images(tmp_path, text, name) == images(tmp_path, text, name) == []
    (tmp_path / "icons/router.png").unlink()
    assert len(images(tmp_path, text, name)) == 1


def test_a014_imagepath_replaces_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "icons").mkdir()
    (tmp_path / "icons/in.png").touch()
    (tmp_path / "beside.png").touch()
    assert images(tmp_path, 'digraph { imagepath="other:icons"; a [image="in.png"] }') == []
    (message,) = images(tmp_path, 'digraph { imagepath="icons"; a [image="beside.png"] }')
    assert message == "`beside.png` does not exist in the folders of `imagepath` (`icons`)"
    assert images(tmp_path, 'digraph { a [image="icons/../beside.png"] }') == []


def test_a014_images_in_html_labels(tmp_path: Path) -> None:
    (tmp_path / "a&b.png").touch()
    label = '<<table><tr><td><img scale="true" src="a&amp;b.png"/></td><td><IMG SRC=\'c.png\'/></td></tr></table>>'
    assert images(tmp_path, f"digraph {{ a [label={label}] }}") == ["`c.png` does not exist beside this file"]


def test_a014_without_a_folder_nothing_is_known_of_relative_paths() -> None:
    assert find('digraph { a [image="router.png"] }', "A014") == []


@pytest.mark.parametrize(
    "body",
    [
        "a -> b -> c -> a; c -> d; { rank=same; d; e } e -> f; d -> e:p",  # with a cycle
        "subgraph cluster_x { a; b } subgraph cluster_y { c } { rank=same; d; e } a -> c; d -> e",
        "{ rank=same; a; b; c } a -> b -> c; a -> c",  # the last goes around `b`, and is drawn
        "a -> b [minlen=0]",
        "rankdir=LR; { rank=min; a; b } b -> a [label=x]",
    ],
)
def test_a011_edges_between_neighbors_on_one_rank(body: str) -> None:
    assert len(find(f"digraph {{ node [shape=record label=x]; {body} }}", "A011")) == 1


@pytest.mark.parametrize(
    "body",
    [
        "a -> b; b -> c; a -> c",
        "{ rank=same; a; b } a -> b [style=invis]",
        "layout=neato; { rank=same; a; b } a -> b",
        "splines=curved; { rank=same; a; b } a -> b",
        "subgraph cluster_x { a; b; a -> b } { c -> d }",
        "a -> b -> c; b -> d; c -> d [constraint=false]; c -> e -> d",  # on different ranks
        "{ rank=same; a; x; b } a -> x -> b [style=invis]; a -> b",
    ],
)
def test_a011_edges_that_are_drawn(body: str) -> None:
    assert find(f"digraph {{ node [shape=record label=x]; {body} }}", "A011") == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_e017_is_written_as_utf_8_with_and_without_a_byte_order_mark(encoding: str) -> None:
    text = 'digraph { a -> b [label="café"] }\n'
    data = text.encode(encoding)
    assert [finding.code for finding in dotlint.check(data).findings] == ["E017"]
    assert dotlint.fix(data).text == text


def test_n020_a_chain_of_clusters_becomes_an_edge_each() -> None:
    text = "digraph {\n  subgraph cluster_a { a }\n  subgraph cluster_b { b }\n  x -> cluster_a -> cluster_b [color=red];\n}\n"
    assert dotlint.fix(text, unsafe=True, select=["N020"]).text == (
        "digraph {\n  compound=true;\n  subgraph cluster_a { a }\n  subgraph cluster_b { b }\n"
        "  x -> a [color=red, lhead=cluster_a];\n  a -> b [color=red, ltail=cluster_a, lhead=cluster_b];\n}\n"
    )


@pytest.mark.parametrize(
    "body",
    [
        "{ rank=same; a; c } subgraph cluster_x { style=invis; a }",
        "clusterrank=none; { rank=same; a; c } subgraph cluster_x { a }",
        "newrank=1; { rank=same; a; c } subgraph cluster_x { a }",
        "rank=same; subgraph cluster_x { a } b -> a",
    ],
)
def test_n021_clusters_that_stay_as_they_are(body: str) -> None:
    assert find(f"digraph {{ {body} }}", "N021") == []


@pytest.mark.parametrize(
    "label", ["a \\\\{b\\\\}", "{<p> a|{b|c}}|d", "<p>", " <p> a ", "{{a}}", "\\\\<x\\\\>", "a\\\\|b", "{a|b}"]
)
def test_a012_labels_that_graphviz_draws_whole(label: str) -> None:
    assert find(f'digraph {{ a [shape=record, label="{label}"] }}'.replace("\\\\", "\\"), "A012") == []
