"""The features of the language server, over standard input and output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pytest_lsp", reason="pytest-lsp is not installed: pip install -e '.[test]'")

from lsprotocol import types
from pygls.exceptions import JsonRpcException

import dotlint
from tests.server.session import Session, applied, edits, range_

if TYPE_CHECKING:
    from collections.abc import Iterator

MAIN = (Path(__file__).parent.parent / "fixtures" / "moe_two_phases.dot").read_text("utf-8")
STRATEGY = "pp4ep4tp2sp2"
EVERYWHERE = range_(0, 0, 10_000, 0)


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One editor for all tests of this module; each test opens its own files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOTLINT_SITE", "https://docs.example")
        session = Session(tmp_path_factory.mktemp("work"), options={"strategy": STRATEGY})
    yield session
    assert session.close() == 0


@pytest.fixture(scope="module")
def main(editor: Session) -> str:
    return editor.open("main.dot", MAIN)


def at(text: str, part: str, more: int = 0) -> tuple[int, int]:
    """Return line and character of the first occurrence of a part of an ASCII text."""
    offset = text.index(part) + more
    return text.count("\n", 0, offset), offset - text.rfind("\n", 0, offset) - 1


def test_the_findings_are_those_of_the_command_line(editor: Session, main: str) -> None:
    expected = dotlint.check(MAIN, strategy=STRATEGY, filename=str(editor.folder / "main.dot")).findings
    shown = [(d.code, d.range.start.line + 1, d.range.start.character + 1) for d in editor.diagnostics[main]]
    starts = [(f.code, place["range"]["start"]) for f in expected for place in f.to_dict()["locations"]]
    assert shown == [(code, start["line"], start["column"]) for code, start in starts]
    assert len(shown) > 20


def test_a_diagnostic_has_all_parts_of_a_finding(editor: Session, main: str) -> None:
    finding = editor.found(main, "S001")[0]
    assert finding.severity == types.DiagnosticSeverity.Error
    assert finding.source == "dotlint"
    assert finding.message == "stage 2 lacks 20 edges that stage 1 has\nhelp: add the 20 edges"
    assert finding.code_description is not None
    assert finding.code_description.href == "https://docs.example/rules/S001/"
    assert finding.related_information is not None
    assert [one.message for one in finding.related_information] == ["exemplar: stage 1"]
    follower = editor.found(main, "G004")[0]
    assert follower.related_information is not None
    assert follower.related_information[0].message.startswith("fixed by S001: ")
    assert all(d.range.start.line == d.range.end.line for d in editor.diagnostics[main])


def test_code_without_effect_is_faded(editor: Session) -> None:
    uri = editor.open("twice.dot", "digraph {\n  a -> b\n  a -> b\n  a [labelfontname=x, URL=y, headURL=z]\n}\n")
    assert [d.tags for d in editor.found(uri, "N004")] == [(types.DiagnosticTag.Unnecessary,)]


def test_a_fix_writes_what_the_help_proposes(editor: Session, main: str) -> None:
    finding = editor.found(main, "S001")[0]
    offered = editor.actions(main, finding.range, ["quickfix"])
    own = next(one for one in offered if one.title == "Add the 20 missing edges of stage 2 (S001)")
    assert own.is_preferred
    assert own.diagnostics == (finding,)
    assert own.edit is not None
    fixed = applied(MAIN, edits(own.edit))
    expected = next(f for f in dotlint.check(MAIN, strategy=STRATEGY).findings if f.code == "S001").fix
    assert expected is not None
    (edit,) = expected.edits
    assert fixed == MAIN[: edit.start] + edit.text + MAIN[edit.end :]


def test_unsafe_fixes_are_named_as_such_and_come_after_the_safe_ones(editor: Session, main: str) -> None:
    offered = editor.actions(main, editor.found(main, "S001")[0].range, ["quickfix"])
    unsafe = [index for index, one in enumerate(offered) if one.title.endswith("; unsafe, review it)")]
    safe = [index for index, one in enumerate(offered) if one.is_preferred]
    assert unsafe
    assert safe
    assert max(safe) < min(unsafe)
    assert not any(offered[index].is_preferred for index in unsafe)


def test_fixing_all_writes_what_the_command_line_writes(editor: Session, main: str) -> None:
    (action,) = editor.actions(main, EVERYWHERE, ["source.fixAll"])
    assert action.kind == "source.fixAll.dotlint"
    assert action.edit is None
    resolved = editor.do(editor.client.code_action_resolve_async(action))
    assert applied(MAIN, edits(resolved.edit)) == dotlint.fix(MAIN, strategy=STRATEGY).text != MAIN


def test_every_finding_can_be_suppressed_at_its_location(editor: Session, main: str) -> None:
    tried = 0
    for finding in editor.diagnostics[main]:
        title = f"suppress {finding.code} "
        offered = editor.actions(main, finding.range, ["quickfix"])
        here = next(one for one in offered if one.title.startswith(title) and " here" in one.title)
        assert here.edit is not None
        left = dotlint.check(applied(MAIN, edits(here.edit)), strategy=STRATEGY).findings
        line = finding.range.start.line + 1
        assert not [f for f in left if f.code == finding.code and f.line == line]
        assert not [f for f in left if f.code in {"X002", "X003"} or f.code.startswith("E")]
        tried += 1
    assert tried == len(editor.diagnostics[main])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "digraph {\r\n  a -> a // kept\r\n}\r\n",
            "digraph {\r\n  a -> a // kept  // dotlint: ignore[N006]\r\n}\r\n",
        ),
        (
            "digraph {\n  // dotlint: ignore[N001, N002] why\n  a -> a\n}\n",
            "digraph {\n  // dotlint: ignore[N001, N002, N006] why\n  a -> a\n}\n",
        ),
        (
            'digraph {\n  a -> a [tooltip="two\nlines"]\n}\n',
            'digraph {\n  a -> a [tooltip="two\nlines"]  // dotlint: ignore[N006]\n}\n',
        ),
        (
            "digraph {\n  a -> a [tooltip=<two<br/>\nlines>\n  style=bold]\n}\n",
            "digraph {\n  a -> a [tooltip=<two<br/>\nlines>  // dotlint: ignore[N006]\n  style=bold]\n}\n",
        ),
    ],
)
def test_a_suppression_is_inserted_where_it_applies(editor: Session, text: str, expected: str) -> None:
    uri = editor.open(f"suppress{abs(hash(text))}.dot", text)
    finding = editor.found(uri, "N006")[0]
    offered = editor.actions(uri, finding.range)
    here = next(one for one in offered if one.title == "suppress N006 self-loop here, with a comment")
    assert here.edit is not None
    assert applied(text, edits(here.edit)) == expected
    assert not [f for f in dotlint.check(expected).findings if f.code == "N006"]


def test_a_suppression_for_the_file_extends_the_existing_one(editor: Session) -> None:
    text = "// dotlint: ignore-file[T001]\ndigraph {\n  a -> a\n}\n"
    uri = editor.open("whole.dot", text)
    offered = editor.actions(uri, editor.found(uri, "N006")[0].range)
    everywhere = next(one for one in offered if one.title == "suppress N006 self-loop in this file, with a comment")
    assert everywhere.edit is not None
    assert applied(text, edits(everywhere.edit)) == text.replace("[T001]", "[T001, N006]")


def test_hover_shows_what_was_inferred_for_a_node(editor: Session, main: str) -> None:
    shown = editor.hover(main, *at(MAIN, '"pre1 qkv second"', 3))
    assert shown is not None
    for line in (
        "**Node** `pre1 qkv second`", "- role: qkv (computation)", "- phase: prefill", "- stage: 1", "- GPUs: 8-15",
        "output: written batch=8, seq=2048, hidden=1536, understood as batch 8, seq 2048, hidden 1536",
        "- stage 1 from `stage` in labels of clusters",
    ):  # fmt: skip
        assert line in shown.split("\n")


def test_hover_on_a_finding_shows_the_rule(editor: Session, main: str) -> None:
    place = editor.found(main, "C003")[0].range.end
    shown = editor.hover(main, place.line, place.character)
    assert shown is not None
    assert "**C003** EP=4, but no all\\-to\\-all" in shown or "**C003** EP=4, but no all-to-all" in shown
    assert "**C003 ep-communication**" in shown
    assert "severity: " in shown


def test_the_outline_has_phases_stages_and_nodes(editor: Session, main: str) -> None:
    params = types.DocumentSymbolParams(types.TextDocumentIdentifier(main))
    outline = editor.do(editor.client.text_document_document_symbol_async(params))
    assert [one.name for one in outline] == ["prefill", "decode"]
    stages = [one for one in outline[0].children if one.name.startswith("stage ")]
    assert [one.name for one in stages][:2] == ["stage 1", "stage 2"]
    assert stages[0].detail == "GPUs 0-15"
    assert "pre1 split" in [one.name for one in stages[0].children]


def test_the_outline_of_any_other_graph_has_its_clusters(editor: Session) -> None:
    text = 'digraph {\n  subgraph cluster_a {\n    label="The A"\n    subgraph deep { x }\n    y\n  }\n  z -> x\n}\n'
    uri = editor.open("clusters.dot", text)
    params = types.DocumentSymbolParams(types.TextDocumentIdentifier(uri))
    outline = editor.do(editor.client.text_document_document_symbol_async(params))
    assert [(one.name, one.detail) for one in outline] == [("cluster_a", "The A"), ("z", None)]
    assert [one.name for one in outline[0].children] == ["deep", "y"]
    assert [one.name for one in outline[0].children[0].children] == ["x"]


NAMES = 'digraph {\n  a [label="A"]; "b c"\n  a -> "b c":n -> { a d }\n  d -> a [lhead=cluster_1]\n  subgraph cluster_1 { d }\n}\n'


def test_definition_references_and_highlights(editor: Session) -> None:
    uri = editor.open("names.dot", NAMES)
    document, place = types.TextDocumentIdentifier(uri), types.Position(3, 7)
    definition = types.DefinitionParams(document, place)
    found = editor.do(editor.client.text_document_definition_async(definition))
    assert found.range == range_(1, 2, 1, 3)
    for declaration, count in ((True, 4), (False, 2)):
        params = types.ReferenceParams(types.ReferenceContext(declaration), document, place)
        assert len(editor.do(editor.client.text_document_references_async(params))) == count
    marks = editor.do(
        editor.client.text_document_document_highlight_async(types.DocumentHighlightParams(document, place))
    )
    assert [(one.range.start.line, one.kind.name) for one in marks] == [
        (1, "Write"), (2, "Read"), (2, "Write"), (3, "Read"),
    ]  # fmt: skip
    cluster = types.DefinitionParams(document, types.Position(3, 20))
    assert editor.do(editor.client.text_document_definition_async(cluster)).range.start.line == 4


@pytest.mark.parametrize(
    ("place", "new", "spelling", "count"),
    [
        ((2, 2), "x", "x", 4),
        ((2, 2), "two words", '"two words"', 4),
        ((2, 2), "node", '"node"', 4),
        ((2, 2), 'say "hi"', '"say \\"hi\\""', 4),
        ((2, 2), '"quoted"', "quoted", 4),
        ((1, 20), "e", "e", 2),
    ],
)
def test_renaming_quotes_names_if_necessary(
    editor: Session, place: tuple[int, int], new: str, spelling: str, count: int
) -> None:
    uri = editor.open("rename.dot", NAMES)
    changes = editor.rename(uri, *place, new)
    assert [one.new_text for one in changes] == [spelling] * count
    before, after = (dotlint.parse(text).graphs[0] for text in (NAMES, applied(NAMES, changes)))
    assert next(iter(after.nodes.values())).label == "A"
    assert len(after.nodes) == len(before.nodes)
    assert [(e.tail.index, e.head.index, e.attributes) for e in after.edges] == [
        (e.tail.index, e.head.index, e.attributes) for e in before.edges
    ]


@pytest.mark.parametrize("new", ["d", "b c", '"b c"', "", "ends\\", "nul\0"])
def test_renaming_to_an_invalid_name_is_refused(editor: Session, new: str) -> None:
    uri = editor.open("refused.dot", NAMES)
    with pytest.raises(JsonRpcException, match=r"already exists|must not be empty|cannot be written"):
        editor.rename(uri, 2, 2, new)


def test_only_nodes_are_renamed(editor: Session) -> None:
    uri = editor.open("nothing.dot", NAMES)
    params = types.PrepareRenameParams(types.TextDocumentIdentifier(uri), types.Position(0, 2))
    with pytest.raises(JsonRpcException, match="no node here"):
        editor.do(editor.client.text_document_prepare_rename_async(params))
    params = types.PrepareRenameParams(types.TextDocumentIdentifier(uri), types.Position(2, 9))
    answer = editor.do(editor.client.text_document_prepare_rename_async(params))
    assert (answer.placeholder, answer.range) == ("b c", range_(2, 7, 2, 12))


@pytest.mark.parametrize(
    ("line", "has", "lacks"),
    [
        ("a [|", "shape", "arrowhead"),
        ("a [sh|", "shape", "label"),
        ("a -> b [|", "arrowhead", "shape"),
        ("edge [|", "arrowhead", "shape"),
        ("node [color=red, |", "shape", "arrowhead"),
        ("a -> {b d} [|", "arrowhead", "shape"),
        ("a:n, d [x=1] [|", "shape", "arrowhead"),
        ("a [shape=|", "ellipse", "dashed"),
        ("a [shape = e|", "ellipse", "box"),
        ('a [shape="e|"]', "ellipse", "box"),
        ("a [style=|", "rounded", "tapered"),
        ("a -> b [style=|", "tapered", "rounded"),
        ('a [style="rounded,f|"]', "filled", "rounded"),
        ("a [fillcolor=lightb|", "lightblue", "blue"),
        ("rankdir=|", "LR", "shape"),
        ("a -> d [dir=|", "both", "true"),
        ("a [fixedsize=|", "true", "both"),
        ("a -> |", "b c", "rankdir"),
        ("a -> b|", "b c", "d"),
        ("|", "rankdir", "shape"),
        ("a -> d [lhead=|", "cluster_1", "a"),
        ("a [label=<x|>]", "", "shape"),
        ("// a -> |", "", "a"),
        ("a [label=x |", "shape", "arrowhead"),
        ("a [label|", "label", "shape"),
        ("a [shape |", "", "box"),
    ],
)
def test_completion_depends_on_the_context(editor: Session, line: str, has: str, lacks: str) -> None:
    before, _, behind = line.partition("|")
    text = NAMES.replace("  d -> a", f"  {before}{behind}\n  d -> a")
    uri = editor.open("complete.dot", text)
    found = editor.complete(uri, 3, 2 + len(before))
    assert (has in found) is bool(has)
    assert lacks not in found


def test_completion_inserts_valid_dot(editor: Session) -> None:
    text = 'digraph {\n  "b c"; x\n  x -> \n  x -> "b"\n  x [style="bold, f"]\n  x [sha=1]\n}\n'
    uri = editor.open("written.dot", text)

    def accepted(line: int, character: int, label: str) -> str:
        edit = editor.complete(uri, line, character)[label].text_edit
        assert isinstance(edit, types.TextEdit)
        return applied(text, [edit]).split("\n")[line]

    assert accepted(2, 7, "b c") == '  x -> "b c"'
    assert accepted(3, 9, "b c") == '  x -> "b c"'
    assert accepted(4, 19, "filled") == '  x [style="bold, filled"]'
    assert accepted(5, 8, "shape") == "  x [shape=1]"


def test_completion_while_a_line_is_typed_sees_the_line(editor: Session) -> None:
    uri = editor.open("typed.dot", NAMES)
    editor.change(uri, 2, ((3, 0, 3, 0), "  d [\n"))
    assert "shape" in editor.complete(uri, 3, 5)
    editor.change(uri, 3, ((3, 5, 3, 5), "shape="))
    assert "ellipse" in editor.complete(uri, 3, 11)
    editor.wait_for(uri, 3)


def test_actions_have_the_requested_kinds(editor: Session, main: str) -> None:
    assert {one.kind for one in editor.actions(main, EVERYWHERE, ["quickfix"])} == {"quickfix"}
    assert {one.kind for one in editor.actions(main, EVERYWHERE, ["source"])} == {"source.fixAll.dotlint"}
    assert editor.actions(main, EVERYWHERE, ["refactor", "source.organizeImports"]) == []
    assert editor.actions(main, range_(0, 0, 0, 0), ["quickfix"]) == []
