"""Pictures as Graphviz lays them out, by the system's `dot` and by the wheel of pygraphviz."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from dotlint import picture
from dotlint.errors import DotlintError
from dotlint.picture import PictureOptions, engines, render, svg
from dotlint.picture.model import LEVELS
from tests.unit.test_picture import hostile_text, result_of

FIXTURES = Path(__file__).parent.parent / "fixtures"
MOE = (FIXTURES / "moe_two_phases.dot").read_text(encoding="utf-8")
HAS_DOT = shutil.which("dot") is not None
HAS_WHEEL = importlib.util.find_spec("pygraphviz") is not None
drawn = pytest.mark.skipif(not (HAS_DOT or HAS_WHEEL), reason="neither `dot` nor pygraphviz is installed")


@pytest.fixture(
    params=[
        pytest.param("dot", marks=pytest.mark.skipif(not HAS_DOT, reason="there is no `dot` on the PATH")),
        pytest.param("wheel", marks=pytest.mark.skipif(not HAS_WHEEL, reason="pygraphviz is not installed")),
    ]
)
def _engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """One Graphviz after the other."""
    name = str(request.param)
    found = engines.engines

    def chosen(form: engines.Form) -> list[list[str]]:
        return [command for command in found(form) if ("pygraphviz_worker.py" in command[-2]) == (name == "wheel")]

    monkeypatch.setattr(engines, "engines", chosen)


def _ids(text: str) -> dict[str, ET.Element]:
    root = ET.fromstring(text)
    return {id_: element for element in root.iter() if (id_ := element.get("id")) is not None}


def _title(element: ET.Element) -> str:
    return next((child.text or "" for child in element if child.tag.endswith("title")), "")


@pytest.mark.usefixtures("_engine")
def test_the_svg_has_the_ids_and_titles_that_its_maps_promise() -> None:
    result = result_of(MOE, "pp4ep4tp2sp2")
    made = svg(result, PictureOptions(prefix="f1-"))
    assert made.text.startswith("<svg")
    elements = _ids(made.text)
    promised = {*made.nodes.values(), *made.edges.values(), *made.units.values()}
    promised |= {id_ for ids in made.findings.values() for id_ in ids}
    assert promised <= elements.keys()
    assert all(id_.startswith("f1-") for id_ in elements)
    node = elements[made.nodes["pre2 norm"]]
    assert "isolated" in (node.get("class") or "").split()
    assert "G003" in _title(node)
    assert _title(node).startswith("pre2 norm\n")
    proposed = elements[made.edges["pre2 split", "pre2 norm"]]
    assert "S001" in _title(proposed)
    assert "S001" in "".join(proposed.itertext())
    assert "proposed" in (proposed.get("class") or "").split()
    index = next(i for i, f in enumerate(result.findings) if f.code == "S002")
    assert made.units["decode", 1] in made.findings[index]


@pytest.mark.usefixtures("_engine")
def test_nothing_of_a_hostile_file_becomes_markup() -> None:
    for fold in LEVELS:
        made = svg(result_of(hostile_text(), name='<a&"\x1b.dot'), PictureOptions(fold=fold, full_labels=True))
        root = ET.fromstring(made.text)
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags <= {"svg", "g", "title", "text", "polygon", "polyline", "path", "ellipse"}
        names = {name for element in root.iter() for name in element.attrib}
        assert not any("href" in name or name.startswith("on") for name in names)


@drawn
@pytest.mark.parametrize(("form", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_every_form_is_what_it_says(form: engines.Form, start: bytes) -> None:
    assert render(result_of("digraph { a -> b }"), form).data.startswith(start)


@drawn
def test_a_large_graph_is_folded_and_says_so() -> None:
    text = "".join(
        f'l{layer}_mlp_{rank} [label="MLP up\\nGPU: {rank}"]; l{layer}_mlp_{rank} -> l{layer}_ar;'
        f"l{layer}_ar -> l{layer + 1}_mlp_{rank};"
        for layer in range(12)
        for rank in range(32)
    )
    made = svg(result_of(f"digraph {{ {text} }}"))
    assert len(set(made.nodes.values())) <= picture.MOST_NODES
    (note,) = made.notes
    assert "too many to read" in note
    assert "--fold none" in note


@drawn
def test_of_several_graphs_one_is_drawn_and_named() -> None:
    result = result_of("digraph { a -> b }\ndigraph { c -> d }")
    assert set(svg(result).nodes) == {"a", "b"}
    assert "--graph" in svg(result).notes[0]
    assert set(svg(result, PictureOptions(graph=1)).nodes) == {"c", "d"}
    with pytest.raises(DotlintError, match="the file has 2 graphs"):
        svg(result, PictureOptions(graph=2))


def test_a_file_without_a_graph_is_one_clear_line() -> None:
    with pytest.raises(DotlintError, match="the file has no graph"):
        svg(result_of("nothing here"))


def _fake_dot(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "dot"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")


def test_a_layout_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_dot(tmp_path, "exec sleep 60", monkeypatch)
    with pytest.raises(DotlintError, match=r"longer than 0.2 seconds.*--fold"):
        svg(result_of("digraph { a -> b }"), PictureOptions(time_limit=0.2))


def test_what_graphviz_says_is_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_dot(tmp_path, "echo 'Format: \"pdf\" not recognized' >&2; exit 1", monkeypatch)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(DotlintError, match='as pdf: Format: "pdf" not recognized'):
        render(result_of("digraph { a -> b }"), "pdf")


@pytest.mark.skipif(not HAS_WHEEL, reason="pygraphviz is not installed")
def test_a_broken_dot_gives_way_to_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake_dot(tmp_path, "exit 1", monkeypatch)
    assert svg(result_of("digraph { a -> b }")).text.startswith("<svg")
