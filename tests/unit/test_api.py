"""dotlint as a library."""

from __future__ import annotations

import io
import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pydot
import pytest

import dotlint
from dotlint.cli.main import main
from dotlint.graph.document import Document

if TYPE_CHECKING:
    from dotlint.api import GraphSource

FIXTURES = Path(__file__).parent.parent / "fixtures"
REFERENCE = FIXTURES / "moe_two_phases.dot"
CYCLE = "digraph { norm_tp0 -> mlp_tp0 -> norm_tp0; input -> norm_tp0; mlp_tp0 -> output }"


def cycle_of_pydot() -> pydot.Dot:
    graph = pydot.Dot("G", graph_type="digraph")
    path = ("input", "norm_tp0", "mlp_tp0", "output")
    for tail, head in (*itertools.pairwise(path), ("mlp_tp0", "norm_tp0")):
        graph.add_edge(pydot.Edge(tail, head))
    return graph


class Digraph:
    """As `graphviz.Digraph` has it: the text in `source`."""

    source = CYCLE


@pytest.mark.parametrize("kind", ["text", "bytes", "path", "name", "pydot", "graphviz"])
def test_check_takes_every_kind_of_source(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.dot"
    path.write_text(CYCLE)
    sources: dict[str, GraphSource] = {
        "text": CYCLE, "bytes": CYCLE.encode(), "path": path, "name": str(path),
        "pydot": cycle_of_pydot(), "graphviz": Digraph(),
    }  # fmt: skip
    result = dotlint.check(sources[kind])
    assert result.verdict == "incorrect"
    assert [finding.code for finding in result.findings] == ["G001"]
    assert result.path == (str(path) if kind in {"path", "name"} else result.path)


@pytest.mark.parametrize("text", ["", "  \n", "digraph", "graph g", "// only a comment", "a -> b\n", "{"])
def test_a_text_is_told_from_a_path(text: str) -> None:
    assert dotlint.check(text).path == "<text>"


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "graph.dot").write_text(CYCLE)
    with pytest.raises(dotlint.DotlintError, match=r"grpah\.dot: no such file; did you mean .*graph\.dot"):
        dotlint.check(str(tmp_path / "grpah.dot"))


def test_what_is_no_source_is_an_error() -> None:
    with pytest.raises(dotlint.DotlintError, match=r"cannot read a graph from an object of type int; pass a path"):
        dotlint.check(3)  # type: ignore[arg-type]


def test_the_result_of_a_deployment() -> None:
    result = dotlint.check(REFERENCE, strategy="pp4ep4tp2sp2")
    assert result.verdict == "incorrect"
    assert result.missing_edges
    assert len(set(result.missing_edges)) == len(result.missing_edges)
    assert set(result.missing_edges) == {pair for finding in result.findings for pair in finding.missing_edges}
    assert result.strategy is not None
    assert result.strategy_source == "option"
    first = next(finding for finding in result.findings if finding.code == "S001")
    assert result.document.text[first.start.offset : first.end.offset]
    assert (first.line, first.column) == (first.start.line, first.start.column)


def test_to_dict_is_the_entry_of_the_json_report() -> None:
    out = io.StringIO()
    main(
        ["check", str(REFERENCE), "-s", "pp4ep4tp2sp2", "-f", "json", "--isolated"],
        io.BytesIO(),
        out,
        io.StringIO(),
    )
    [entry] = json.loads(out.getvalue())["files"]
    result = dotlint.check(str(REFERENCE), strategy="pp4ep4tp2sp2")
    assert json.loads(json.dumps(result.to_dict())) == entry
    assert [finding.to_dict() for finding in result.findings] == result.to_dict()["findings"]


@pytest.mark.parametrize(
    "strategy",
    ["prefill=pp4ep4tp2sp2; decode=pp4ep4tp2sp1", ["prefill=pp4ep4tp2sp2", "decode=pp4ep4tp2sp1"]],
)
def test_strategies_as_text_and_list(strategy: str | list[str]) -> None:
    given = dotlint.check(REFERENCE, strategy=strategy)
    parsed = dotlint.check(REFERENCE, strategy=dotlint.Strategy.parse("prefill=pp4ep4tp2sp2; decode=pp4ep4tp2sp1"))
    assert given.findings == parsed.findings


def test_rules_can_be_chosen() -> None:
    text = CYCLE.replace("}", "; c -- d }")
    assert {f.code for f in dotlint.check(text, select="E,G001").findings} == {"E013", "G001"}
    assert "E013" not in {f.code for f in dotlint.check(text, ignore=["E013"]).findings} >= {"G001"}
    assert dotlint.check(text, select=[]).findings == ()
    with pytest.raises(dotlint.DotlintError, match="unknown rule `Q9`"):
        dotlint.check(text, select="Q9")


def test_no_configuration_is_read_unless_asked_for(tmp_path: Path) -> None:
    (tmp_path / "dotlint.toml").write_text('ignore = ["G001"]\n')
    path = tmp_path / "a.dot"
    path.write_text(CYCLE)
    assert dotlint.check(path).findings
    assert not dotlint.check(path, config=True).findings
    assert not dotlint.check(CYCLE, config=tmp_path / "dotlint.toml").findings


def test_fix_gives_text_and_what_became_of_the_findings() -> None:
    fixed = dotlint.fix("digraph {\n  a -> b)\n  c -> c\n}\n")
    assert fixed.text == "digraph {\n  a -> b\n  c -> c\n}\n"
    assert [finding.code for finding in fixed.applied] == ["E011"]
    assert [finding.code for finding in fixed.remaining] == ["N006"]
    assert fixed.changed
    assert not dotlint.fix("digraph { a -> b }").changed


def test_fix_can_be_called_whatever_was_imported_before() -> None:
    program = (
        "import dotlint\n{}\nfrom dotlint import fix\n"
        "one, two = (f('digraph {{a -> b)}}').text for f in (fix, dotlint.fix))\n"
        "assert one == two == 'digraph {{a -> b}}'\n"
    )
    for before in ("", "import dotlint.edits.apply", "dotlint.check('digraph {}')"):
        subprocess.run([sys.executable, "-c", program.format(before)], check=True)


def test_fix_closes_the_gaps_of_a_deployment() -> None:
    before = dotlint.check(REFERENCE, strategy="pp4ep4tp2sp2")
    fixed = dotlint.fix(REFERENCE, strategy="pp4ep4tp2sp2")
    assert any(finding.code == "S001" for finding in before.findings)
    left = {pair for finding in fixed.remaining for pair in finding.missing_edges}
    assert left < set(before.missing_edges)


def test_parse_gives_a_document() -> None:
    document = dotlint.parse("digraph G { a -> b }")
    assert isinstance(document, Document)
    assert [graph.name for graph in document.graphs] == ["G"]
    assert document.text == "digraph G { a -> b }"
    assert dotlint.parse(REFERENCE).graphs
    assert document.errors == []
    assert [problem.start for problem in dotlint.parse("digraph { a -- b }").errors] == [12]


def test_assert_clean() -> None:
    assert dotlint.assert_clean("digraph { a -> b }").verdict == "correct"
    with pytest.raises(AssertionError, match=r"<text>: 1 finding\n  1:11: error: G001 2 edges form a cycle"):
        dotlint.assert_clean(CYCLE)
    assert dotlint.assert_clean(CYCLE, ignore="G001").findings == ()
    with pytest.raises(AssertionError, match="N006"):
        dotlint.assert_clean("digraph { a -> a }", select="N006", fail_on="warning")
    assert dotlint.assert_clean("digraph { a -> a }", select="N006", fail_on="error").findings
    with pytest.raises(dotlint.DotlintError, match="unknown severity"):
        dotlint.assert_clean(CYCLE, fail_on="fatal")  # type: ignore[arg-type]


def test_what_is_shown_in_a_notebook_is_no_markup_of_the_file() -> None:
    result = dotlint.check(
        'digraph { "<script>alert(1)</script>" -> "$x$\x1b[31m" -> "<script>alert(1)</script>" }', select="G001"
    )
    page = result._repr_html_()
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "\x1b" not in page
    assert "$x$" not in page
    assert page.count("<tr>") == page.count("</tr>") == len(result.findings) + 1
    assert "\x1b" not in str(result)
    assert "no findings" in dotlint.check("digraph { a -> b }")._repr_html_()


def test_importing_costs_next_to_nothing() -> None:
    program = (
        "import sys, dotlint\n"
        "own = {'dotlint', 'lark', 'click', 'rich', 'networkx', 'pydot'}\n"
        "print(sorted(m for m in sys.modules if m.partition('.')[0] in own))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['dotlint', 'dotlint._version']"


def test_every_name_that_is_promised_is_there() -> None:
    assert set(dotlint.__all__) <= set(dir(dotlint))
    for name in dotlint.__all__:
        assert getattr(dotlint, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        dotlint.chekc  # noqa: B018
