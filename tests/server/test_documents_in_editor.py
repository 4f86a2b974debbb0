"""The language server on documents with DOT inside."""

from __future__ import annotations

import pytest

pytest.importorskip("pytest_lsp", reason="pytest-lsp is not installed: pip install -e '.[test]'")

from lsprotocol import types

from tests.server.session import Session, applied, edits, range_

NOTES = """# a -> b [

> ```dot
> digraph one {
>   x -> y [colr=red]
> }
> ```

```dot
digraph two {
  x [shap=box]
  x -> zed
}
```
"""
EVERYWHERE = range_(0, 0, 1000, 0)


@pytest.fixture(scope="module")
def notes(editor: Session) -> str:
    return editor.open("notes.md", NOTES)


def test_findings_stand_in_the_document(editor: Session, notes: str) -> None:
    shown = [(d.code, d.range.start.line, d.range.start.character) for d in editor.diagnostics[notes]]
    assert shown == [("A001", 4, 12), ("A001", 10, 5)]


def test_a_fix_and_a_suppression_keep_the_marks_of_a_quote(editor: Session, notes: str) -> None:
    first = editor.diagnostics[notes][0]
    changed = {
        one.title: applied(NOTES, edits(one.edit))
        for one in editor.actions(notes, first.range, ["quickfix"])
        if one.edit is not None
    }
    assert NOTES.replace("colr", "color") in changed.values()
    line = ">   x -> y [colr=red]"
    assert NOTES.replace(line, line + "  // dotlint: ignore[A001]") in changed.values()
    everywhere = NOTES.replace("> digraph one", "> // dotlint: ignore-file[A001]\n> digraph one")
    assert everywhere in changed.values()


def test_all_safe_fixes(editor: Session, notes: str) -> None:
    (action,) = (one for one in editor.actions(notes, EVERYWHERE) if one.kind == "source.fixAll.dotlint")
    resolved = editor.do(editor.client.code_action_resolve_async(action))
    assert applied(NOTES, edits(resolved.edit)) == NOTES.replace("colr", "color").replace("shap=", "shape=")


def test_hover_and_names_belong_to_their_own_graph(editor: Session, notes: str) -> None:
    said = editor.hover(notes, 4, 4)
    assert said is not None
    assert "zed" not in said
    assert editor.hover(notes, 0, 2) is None
    changes = editor.rename(notes, 11, 2, "new")
    assert applied(NOTES, changes) == NOTES.replace("  x [", "  new [").replace("x -> zed", "new -> zed")


def test_completion_only_inside_dot(editor: Session, notes: str) -> None:
    assert editor.complete(notes, 0, 10) == {}
    assert "shape" in editor.complete(notes, 10, 5)


def test_attributes_colors_folds_and_tokens_in_a_block(editor: Session) -> None:
    text = "# shape=box\n\n```dot\ndigraph {\n  x [shape=box, color=red]\n}\n```\n\ncolor=red\n"
    uri = editor.open("block.md", text)
    document = types.TextDocumentIdentifier(uri)
    assert "**shape** of nodes" in (editor.hover(uri, 4, 6) or "")
    assert editor.hover(uri, 0, 3) is None
    colors = editor.do(editor.client.text_document_document_color_async(types.DocumentColorParams(document)))
    assert [one.range for one in colors] == [range_(4, 22, 4, 25)]
    folds = editor.do(editor.client.text_document_folding_range_async(types.FoldingRangeParams(document)))
    assert [(one.start_line, one.end_line) for one in folds] == [(3, 4)]
    tokens = types.SemanticTokensParams(document)
    found = editor.do(editor.client.text_document_semantic_tokens_full_async(tokens))
    assert list(found.data) == [4, 2, 1, 0, 1]


def test_a_notebook(editor: Session) -> None:
    text = '{"cells": [{"cell_type": "code", "source": ["%%dot\\n", "graph { a -- b [colr=\\"red\\"] }"]}]}'
    uri = editor.open("a.ipynb", text)
    assert [d.code for d in editor.diagnostics[uri]] == ["A001"]
    assert editor.complete(uri, 0, text.index("colr")) == {}
    broken = editor.open("b.ipynb", '{"cells": [')
    assert editor.diagnostics[broken] == []
