"""DOT inside documents, as a user of the command meets it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from dotlint.documents.kinds import ENDINGS
from tests.cli.command import run

ROOT: Final = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def notebook(*cells: tuple[str, Any], **metadata: Any) -> str:
    made = [{"cell_type": kind, "metadata": {}, "source": source} for kind, source in cells]
    return json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1)


# (name of the document, its text, codes and places of what is found)
DOCUMENTS: Final = {
    "fences in a list, a quote, with tildes": (
        "a.md",
        (
            "1. x\n\n   ```dot\n   digraph { a -> b [colr=red] }\n   ```\n\n> ```{.graphviz #f cap='x -> y'}\n"
            "> digraph { a -> b [labl=x] }\n> ```\n\n~~~ DOT\ndigraph {\n\ta -> b [stile=dashed] }\n~~~\n"
        ),
        ["A001 4:22", "A001 8:21", "A001 13:10"],
    ),
    "a fence without end": ("a.md", "```dot\ndigraph {\n  a -> b [color=red]\n", ["E002 3:20"]),
    "one broken block and one that is right": (
        "a.md",
        "```dot\ndigraph { a -> b\n```\n\n```dot\ndigraph { a -> b }\n```\n",
        ["E002 2:16"],
    ),
    "text, code of others, comments, parts of graphs": (
        "a.md",
        (
            "a -> b {\n\n```mermaid\ngraph TD\n A-->B\n```\n\n<!--\n```dot\ndigraph { [ }\n```\n-->\n\n    digraph { [ }\n\n"
            "```dot\nsubgraph cluster_a { x [shap=box] }\n```\n\n```dot\na -> b [colr=red]\n```\n\n"
            "```dot\ndigraph { a -> b [colr=red]\n  ...\n}\n```\n"
        ),
        [],
    ),
    "MyST": (
        "a.md",
        (
            ":::{graphviz}\n:caption: x\ndigraph { a -> b [colr=red] }\n:::\n\n```{digraph} foo\na -> b [labl=x]\n```\n\n"
            "```{eval-rst}\n.. graph::\n\n   a -- b [labl=x]\n```\n"
        ),
        ["A001 3:19", "A001 7:9", "A001 13:12"],
    ),
    "statements alone, a table, a domain": (
        "a.rst",
        (
            ".. digraph:: foo\n\n   a -> b [colr=red]\n\n.. only:: html\n\n   .. sphinx:graphviz::\n\n      digraph { a -> b [labl=x] }"
            "\n\n+---+-------------------------------+\n| a | .. graphviz::                 |\n|   |                               |\n"
            "|   |    digraph { a -> b [labl=x]} |\n+---+-------------------------------+\n"
        ),
        ["A001 3:12", "A001 9:25", "A001 14:28"],
    ),
    "text of reStructuredText": (
        "a.rst",
        "a::\n\n   .. graphviz::\n\n      digraph { [ }\n\n.. code-block:: rst\n\n   .. graphviz::\n\n      digraph { [ }\n",
        [],
    ),
    "AsciiDoc": (
        "a.adoc",
        (
            '["graphviz", "n", "png"]\n.T\n------\ndigraph { a -> b [colr=red] }\n------\n\n[graphviz]\ndigraph { a -> b [labl=x] }\n\n'
            "[graphviz%inline]\n--\ndigraph { a -> b [labl=x] }\n--\n\n////\n[graphviz]\n----\ndigraph { [ }\n----\n////\n"
        ),
        ["A001 4:19", "A001 8:19", "A001 12:19"],
    ),
    "Doxygen": (
        "a.hpp",
        (
            "//! \\dot\n//! digraph {\n//!   a -> b [colr=red]; // x\n//!\n//! }\n//! \\enddot\n"
            '/*! \\dot digraph { a -> b [labl=x] } \\enddot */\nconst char *s = "\\\\dot{x}"; // \\ddot{y} \\dot{z} \\dotfile a.dot\n'
        ),
        ["A001 3:15", "A001 7:28"],
    ),
    "Doxygen in Python": (
        "a.py",
        "## \\dot\n#  digraph { a -> b [colr=red] }\n#  \\enddot\n",
        ["A001 2:22"],
    ),
    "strings of Python": (
        "a.py",
        (
            "import graphviz\nTEXT = '''\ndigraph {\n  a -> b [colr=red, label=\"x\\\\n\"]\n}\n'''\nOTHER = 'digraph { [ }'\n"
            'graphviz.Source(TEXT)\nf(pydot.graph_from_dot_data("graph { a -- b [labl=\\"y\\"] }"), f\'graph {{ {x} }}\')\n'
        ),
        ["A001 4:11", "A001 9:46"],
    ),
    "PlantUML": (
        "a.puml",
        "@startuml\ndigraph x {\n  a -> b [colr=red]\n}\n@enduml\n@startuml\na -> b : digraph {\n@enduml\n",
        ["A001 3:11"],
    ),
    "Org": (
        "a.org",
        (
            "  #+NAME: x\n  #+begin_src dot :file a.png\n    digraph { a -> b [colr=red] }\n  #+end_src\n"
            "  #+begin_src python\n  digraph {\n  #+end_src\n"
        ),
        ["A001 3:23"],
    ),
    "HTML": (
        "a.html",
        "<script>a--; b->c</script><script id=x type='text/vnd.graphviz'>digraph { a -> b [colr=red] }</script>\n",
        ["A001 1:83"],
    ),
    "R": (
        "a.Rmd",
        (
            "```{r}\ng <- grViz(diagram = \"digraph {\n  node [shape = 'bocks', label = '@@1']\n  a -> b [labl = \\\"x\\\"]\n}\n"
            "[1]: paste('a', 'b')\n\")\n```\n"
        ),
        ["A004 3:17", "A001 4:11"],
    ),
    "Quarto": (
        "a.qmd",
        "```{dot}\n//| label: fig-x\ndigraph { a -> b [colr=red] }\n```\n\n```{python}\nSource('digraph { a -> b [labl=x] }')\n```\n",
        ["A001 3:19", "A001 7:27"],
    ),
    "a notebook": (
        "a.ipynb",
        notebook(
            ("code", ["%matplotlib inline\n", "dot = '''digraph {\n", "  a -> b [colr=red]\n", "}'''\n"]),
            ("code", '!ls\nSource(dot)\nSource("graph { a -- b [labl=\\"y\\"] }")'),
            ("markdown", ["x\n", "\n", "```dot\n", "digraph { a -> b [labl=x] }\n", "```"]),
            ("code", ["\n", "%%dot\n", "digraph { a -> b [labl=x] }"]),
            ("raw", "digraph {"),
        ),
        ["A001 9:16", "A001 16:58", "A001 25:24", "A001 35:24"],
    ),
    "a notebook in R": (
        "a.ipynb",
        notebook(("code", "grViz('digraph { a -> b [colr=red] }')"), kernelspec={"language": "R"}),
        ["A001 6:40"],
    ),
}


@pytest.mark.parametrize("case", DOCUMENTS)
def test_what_is_found_where(case: str) -> None:
    name, text, expected = DOCUMENTS[case]
    Path(name).write_bytes(text.encode())
    found = json.loads(run("check", name, "-f", "json", "--isolated", "--no-cache").out)["files"][0]["findings"]
    starts = [(one["code"], one["range"]["start"]) for one in found]
    assert [f"{code} {start['line']}:{start['column']}" for code, start in starts] == expected


@pytest.mark.parametrize("case", DOCUMENTS)
def test_only_the_dot_is_fixed(case: str) -> None:
    name, text, expected = DOCUMENTS[case]
    Path(name).write_bytes(text.encode())
    run("check", "--fix", name, "--isolated")
    fixed = Path(name).read_bytes().decode()
    words = {"colr": "color", "labl": "label", "stile": "style"}
    # A table has a fixed width, so its rows stay as they are.
    lines = {int(place.split()[1].split(":")[0]) - 1 for place in expected}
    meant = [
        re.sub(r"\b(colr|labl|stile)\b", lambda match: words[match[0]], line)
        if number in lines and line[:1] != "|"
        else line
        for number, line in enumerate(text.split("\n"))
    ]
    assert fixed.split("\n") == meant


def test_a_folder_search_reads_documents_where_it_is_told_to() -> None:
    Path("a.md").write_text("```dot\ndigraph { a -> b [colr=red] }\n```\n")
    Path("b.dot").write_text("digraph { a -> b }\n")
    assert run("check", ".", "-f", "concise").status == 0
    assert "a.md:2:19" in run("check", ".", "-f", "concise", "--embedded").out
    Path("dotlint.toml").write_text("embedded = true\n")
    assert "a.md:2:19" in run("check", ".", "-f", "concise").out
    assert run("check", ".", "-f", "concise", "--isolated").status == 0


def test_files_that_a_document_includes_are_linted() -> None:
    Path("graphs").mkdir()
    Path("graphs/x.dot").write_text("digraph { a -> b [colr=red] }\n")
    Path("conf.py").touch()
    for name, text in {
        "a.rst": ".. graphviz:: graphs/x.dot\n",
        "b.rst": ".. literalinclude:: /graphs/x.dot\n   :language: dot\n",
        "c.h": '/** \\dotfile graphs/x.dot "caption" */\n',
        "d.md": "```{graphviz} graphs/x.dot\n```\n",
    }.items():
        Path(name).write_text(text)
        assert "graphs/x.dot:1:19: warning: A001" in run("check", name, "-f", "concise").out
    assert run("check", *map(str, sorted(Path().glob("*.*"))), "graphs", "-f", "concise").out.count("A001") == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "```dot strategy=pp2tp2\n%s\n```\n"),
        ("a.md", "```dot strategy='pp2tp2'\n%s\n```\n"),
        ("a.md", "```dot\n/* dotlint: strategy = pp2tp2 */ %s\n```\n"),
        ("a.adoc", "[graphviz,strategy=pp2tp2]\n----\n%s\n----\n"),
        ("a.dot", "// dotlint: strategy=pp2tp2 layout=overlay\n%s\n"),
        ("a.dot", "%s # dotlint: strategy=pp2tp2\n"),
    ],
)
def test_a_strategy_in_the_text(name: str, text: str) -> None:
    Path(name).write_text(text % "digraph { a -> b }")
    (file,) = json.loads(run("check", name, "-f", "json", "--isolated").out)["files"]
    assert file["findings"] == []
    assert file["strategy"]["source"] == "file"
    assert file["strategy"]["phases"][0]["degrees"] == {"pp": 2, "tp": 2}
    (file,) = json.loads(run("check", name, "-f", "json", "--isolated", "-s", "tp8").out)["files"]
    assert file["strategy"]["source"] == "option"


def test_a_phase_each_in_comments() -> None:
    Path("a.dot").write_text(
        "// dotlint: strategy=prefill=pp2tp2\n// dotlint: strategy=decode=tp8\ndigraph { a -> b }\n"
    )
    (file,) = json.loads(run("check", "a.dot", "-f", "json", "--isolated").out)["files"]
    assert [phase["name"] for phase in file["strategy"]["phases"]] == ["prefill", "decode"]


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ("strategy=pp2tpx2", "unknown axis 'tpx'"),
        ("strategy", "declares no strategy"),
        ("strategy=plan.toml", "is a strategy file"),
        ("strateg=pp2", "did you mean `strategy`?"),
        ("strategy=pp2 layout=megatorn", "unknown layout"),
    ],
)
def test_a_strategy_that_cannot_be_read(declared: str, message: str) -> None:
    Path("a.dot").write_text(f"// dotlint: {declared}\ndigraph {{ a -> b }}\n")
    said = run("check", "a.dot", "-f", "full", "--isolated")
    assert "X003" in said.out
    assert message in said.out


def test_comments_in_a_block_suppress_there() -> None:
    graph = "digraph {\n  // dotlint: ignore[A001] known\n  a -> b [colr=red]\n  b -> c [labl=x]\n}"
    Path("a.md").write_text(f"```dot\n{graph}\n```\n\n```dot\n// dotlint: ignore-file[A001]\n{graph}\n```\n")
    assert re.findall(r"a\.md:(\d+):\d+: \w+: (\w+)", run("check", "a.md", "-f", "concise").out) == [
        ("5", "A001"),
    ]


def test_a_baseline_of_a_document() -> None:
    block = "```dot\ndigraph { a -> b [colr=red] }\n```\n\n"
    Path("a.md").write_text(block + block)
    assert run("check", "a.md", "--write-baseline", "b.json").status == 0
    known = run("check", "a.md", "--baseline", "b.json", "-f", "concise")
    assert (known.status, known.out, known.err) == (0, "", "")
    Path("a.md").write_text(block + block.replace("colr", "stile"))
    again = run("check", "a.md", "--baseline", "b.json", "-f", "concise")
    assert "stile" in again.out
    assert "1 baseline entry no longer matches" in again.err


def test_fingerprints_in_a_document_are_unique() -> None:
    block = "```dot\ndigraph { a -> b [colr=red] }\n```\n\n"
    Path("a.md").write_text(block * 3)
    found = json.loads(run("check", "a.md", "-f", "json").out)["files"][0]["findings"]
    assert len({one["fingerprint"] for one in found}) == 3


def test_a_notebook_that_cannot_be_read() -> None:
    Path("a.ipynb").write_text('{"cells": [{"graph" 1}]}')
    said = run("check", "a.ipynb")
    assert said.status == 2
    assert "dotlint: error: a.ipynb: is not a valid notebook: line 1, column 21" in said.err


@pytest.mark.parametrize("command", ["explain", "summary", "infer", "overview"])
def test_commands_for_one_graph(command: str) -> None:
    graph = 'digraph { n0 [label="LayerNorm\\nGPU: 0"] m0 [label="MLP TP=2\\nGPU: 1"] n0 -> m0 }'
    Path("a.md").write_text(f"text\n\n```dot\n{graph}\n```\n")
    assert "several blocks" not in run(command, "a.md").err
    Path("a.md").write_text(f"```dot\n{graph}\n```\n\n```dot\n{graph}\n```\n")
    said = run(command, "a.md")
    assert said.status == 2
    assert "several blocks of DOT, at lines 2, 6" in said.err


def test_the_hook_has_the_endings_of_documents() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    (hook,) = (one for one in hooks if one["id"] == "dotlint-documents")
    assert all(
        re.search(hook["files"], f"a{ending}") and re.search(hook["files"], f"A{ending.upper()}") for ending in ENDINGS
    )
    assert not any(re.search(hook["files"], name) for name in ("a.dot", "a.gv", "md", "a.mdd"))


@pytest.mark.parametrize(
    ("name", "text", "fixed"),
    [
        (
            "a.rst",
            ".. graphviz::\n\n   digraph {\n      a -> b;\n      b -> c\n\nText.\n",
            "      b -> c\n   }\n\nText.\n",
        ),
        ("a.h", "/**\n * @dot\n * digraph {\n *   a -> b;\n *   b -> c\n * @enddot\n */\n", " *   b -> c\n * }\n"),
        ("a.ipynb", notebook(("code", "%%dot\ndigraph {\n  a -> b;\n  b -> c")), "b -> c\\n}"),
        ("a.md", "```dot\r\ndigraph {\r\n  a -> b [colr=red]\r\n}\r\n```\r\n", "[color=red]\r\n}\r\n```\r\n"),
    ],
)
def test_a_block_ends_with_a_whole_line(name: str, text: str, fixed: str) -> None:
    Path(name).write_bytes(text.encode())
    run("check", "--fix", "--unsafe-fixes", name)
    assert fixed in Path(name).read_bytes().decode()
