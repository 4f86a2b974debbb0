"""What the language server shows inside a text: hovers on attributes and rules, tokens, folds, colors and hints."""

from __future__ import annotations

import pytest

pytest.importorskip("pytest_lsp", reason="pytest-lsp is not installed: pip install -e '.[test]'")

from lsprotocol import types

from tests.server.session import Session, range_

PICTURE = """/* two
   lines */
digraph "😀" {
  rankdir=LR; node [shape = ellipse, style="filled,rounded"]
  a [label="one
two", color="red:#00ff00;0.5:0.5 1 1", fillcolor=lightblue]; "😀" -> a [arrowhead=vee]  // dotlint: ignore[A001, self-loop]
  subgraph cluster_x {
    b [rank=same]
  }
  // one
  // two
}
"""
TENSORS = """digraph d {
  node [shape=box]
  norm [label="RMSNorm\\nInput: [batch=4, hidden=512]\\nOutput: [batch=4, hidden=512]\\nGPU: 0-1"]
  up_0 [label="MLP up, column-parallel\\nInput: [batch=4, hidden=512]\\nOutput: [batch=4, ffn=1024]\\nGPU: 0"]
  up_1 [label="MLP up, column-parallel\\nInput: [batch=4, hidden=512]\\nOutput: [batch=4, ffn=1024]\\nGPU: 1"]
  down_0 [label="MLP down, row-parallel\\nInput: [batch=4, ffn=1024]\\nOutput: [batch=4, hidden=512]\\nGPU: 0"]
  down_1 [label="MLP down, row-parallel\\nInput: [batch=4, ffn=1024]\\nOutput: [batch=4, hidden=512]\\nGPU: 1"]
  sum [shape=ellipse, label="All-Reduce\\nInput: [batch=4, hidden=512]\\nOutput: [batch=4, hidden=512]\\nGPU: 0-1"]
  norm -> up_0 -> down_0 -> sum
  norm -> up_1 -> down_1 -> sum
}
"""


@pytest.fixture(scope="module")
def picture(editor: Session) -> str:
    return editor.open("picture.dot", PICTURE)


def place(text: str, part: str, more: int = 0) -> tuple[int, int]:
    """Return the position of a part of a text in UTF-16."""
    before = text[: text.index(part) + more]
    return before.count("\n"), len(before[before.rfind("\n") + 1 :].encode("utf-16-le")) // 2


def spelled(text: str, range_: types.Range) -> str:
    line = text.split("\n")[range_.start.line].encode("utf-16-le")
    return line[2 * range_.start.character : 2 * range_.end.character].decode("utf-16-le")


@pytest.mark.parametrize(
    ("part", "more", "words"),
    [
        ("rankdir", 0, ["**rankdir** of graphs", "- value: `TB`, `LR`, `BT` or `RL`", "- default: TB", "- layout: only dot"]),
        ("LR", 1, ["`LR`: value of `rankdir`"]),
        ("shape", 2, ["**shape** of nodes", "- default: ellipse"]),
        ("ellipse", 3, ["`ellipse`: a node shape; in a deployment, the shape of communication"]),
        ("#00ff00", 2, ["`#00ff00;0.5`: the color `#00ff00`, hue 0.333"]),
        ("0.5 1", 1, ["the color `#00ffff`"]),
        ("lightblue", 0, ["`lightblue`: the color `#add8e6`"]),
        ("arrowhead", 0, ["**arrowhead** of edges", "- default: normal"]),
        ("vee", 1, ["value of `arrowhead`"]),
        ("rank=same", 1, ["Graphviz ignores it here: it is not an attribute of nodes"]),
        ("A001", 1, ["**A001 unknown-attribute**", "severity: "]),
        ("self-loop", 4, ["**N006 self-loop**"]),
    ],
)  # fmt: skip
def test_hover_explains_attributes_values_and_rules(
    editor: Session, picture: str, part: str, more: int, words: list[str]
) -> None:
    shown = editor.hover(picture, *place(PICTURE, part, more))
    assert shown is not None
    assert [word for word in words if word not in shown] == []


@pytest.mark.parametrize(
    ("line", "has", "lacks"),
    [
        ("// dotlint: |", {"ignore", "ignore-file", "strategy="}, {"A001", "shape"}),
        ("// dotlint: ign|", {"ignore", "ignore-start"}, {"strategy="}),
        ("// dotlint: ignore[|", {"A001", "self-loop"}, {"X001", "shape"}),
        ("a -> a // dotlint: ignore[N006, |", {"A001"}, {"N006", "self-loop"}),
        ("# dotlint: ignore[self|", {"self-loop"}, {"A001"}),
        ("// dotlint: strategy=|", {"pp", "tp", "prefill", "decode"}, {"layout"}),
        ("// dotlint: strategy=pp4t|", {"tp"}, {"pp", "prefill"}),
        ("// dotlint: strategy=pp4tp2; dec|", {"decode"}, {"prefill"}),
        ("// dotlint: strategy=pp4tp2 |", {"layout", "ep"}, {"prefill"}),
        ("// dotlint: strategy=pp4tp2 layout=|", {"megatron", "overlay"}, {"pp"}),
        ("// any other comment |", set(), {"ignore", "A001", "shape"}),
    ],
)
def test_comments_for_dotlint_are_completed(editor: Session, line: str, has: set[str], lacks: set[str]) -> None:
    before = line.partition("|")[0]
    uri = editor.open("comment.dot", f"{before}\ndigraph {{ a -> b }}\n")
    found = set(editor.complete(uri, 0, len(before)))
    assert has - found == set()
    assert lacks & found == set()


@pytest.mark.parametrize(
    ("line", "label", "words"),
    [
        ("a [sha|", "shape", "**shape** of nodes"),
        ("a [color=lightbl|", "lightblue", "`#add8e6`"),
        ("// dotlint: ignore[N00|", "N006", "**N006 self-loop**"),
    ],
)
def test_a_completion_has_documentation(editor: Session, line: str, label: str, words: str) -> None:
    before = line.partition("|")[0]
    uri = editor.open("documented.dot", f"digraph {{\n{before}\n}}\n")
    item = editor.complete(uri, 1, len(before))[label]
    resolved = editor.do(editor.client.completion_item_resolve_async(item))
    assert words in resolved.documentation.value


def test_folding(editor: Session, picture: str) -> None:
    params = types.FoldingRangeParams(types.TextDocumentIdentifier(picture))
    found = editor.do(editor.client.text_document_folding_range_async(params))
    assert [(one.start_line, one.end_line, one.kind) for one in found] == [
        (0, 1, "comment"), (2, 10, None), (4, 5, None), (6, 7, None), (9, 10, "comment"),
    ]  # fmt: skip


def test_colors_and_the_ways_to_write_them(editor: Session, picture: str) -> None:
    document = types.TextDocumentIdentifier(picture)
    found = editor.do(editor.client.text_document_document_color_async(types.DocumentColorParams(document)))
    assert [spelled(PICTURE, one.range) for one in found] == ["red", "#00ff00", "0.5 1 1", "lightblue"]
    assert found[1].color == types.Color(0.0, 1.0, 0.0, 1.0)
    for one, expected in (
        (found[0], ["#ff0000", "red", "0.000 1.000 1.000"]),
        (found[3], ['"#add8e6"', "lightblue", '"0.541 0.248 0.902"']),
    ):
        params = types.ColorPresentationParams(document, one.color, one.range)
        offered = editor.do(editor.client.text_document_color_presentation_async(params))
        assert [each.text_edit.new_text for each in offered] == expected


def _tokens(editor: Session, text: str, data: list[int]) -> list[tuple[str, str, int]]:
    legend = editor.result.capabilities.semantic_tokens_provider.legend  # type: ignore[union-attr]
    found, line, column = [], 0, 0
    for down, right, length, kind, modifiers in zip(*[iter(data)] * 5, strict=True):
        line, column = line + down, right if down else column + right
        where = range_(line, column, line, column + length)
        found.append((spelled(text, where), legend.token_types[kind], modifiers))
    return found


def test_semantic_tokens_show_roles_and_follow_edits(editor: Session) -> None:
    uri = editor.open("tensors.dot", TENSORS)
    document = types.TextDocumentIdentifier(uri)
    full = editor.do(editor.client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(document)))
    found = _tokens(editor, TENSORS, full.data)
    assert ("norm", "function", 1) in found
    assert ("norm", "function", 0) in found
    assert ("sum", "class", 1) in found
    assert len(found) == 6 + 8
    editor.change(uri, 2, ((1, 0, 1, 0), "  new\n"))
    params = types.SemanticTokensDeltaParams(document, full.result_id)
    delta = editor.do(editor.client.text_document_semantic_tokens_full_delta_async(params))
    (edit,) = delta.edits
    data = list(full.data)
    data[edit.start : edit.start + edit.delete_count] = edit.data
    changed = TENSORS.replace("  node", "  new\n  node", 1)
    assert _tokens(editor, changed, data)[0] == ("new", "variable", 1)
    assert _tokens(editor, changed, data)[1:] == found
    ranged = types.SemanticTokensRangeParams(document, range_(9, 0, 9, 99))
    part = editor.do(editor.client.text_document_semantic_tokens_range_async(ranged))
    assert [name for name, _, _ in _tokens(editor, changed, part.data)] == ["norm", "up_0", "down_0", "sum"]
    editor.wait_for(uri, 2)


def test_tokens_are_requested_again_once_new_roles_are_known(editor: Session) -> None:
    uri = editor.open("roles.dot", TENSORS.replace("All-Reduce", "sum").replace("ellipse", "box"))
    document = types.SemanticTokensParams(types.TextDocumentIdentifier(uri))
    before = editor.do(editor.client.text_document_semantic_tokens_full_async(document))
    editor.refreshed.clear()
    editor.change(uri, 2, TENSORS)
    early = editor.do(editor.client.text_document_semantic_tokens_full_async(document))
    editor.wait(lambda: "tokens" in editor.refreshed, "the request for new tokens")
    after = editor.do(editor.client.text_document_semantic_tokens_full_async(document))
    assert after.data != early.data
    assert len(after.data) == len(before.data)
    assert ("sum", "class", 1) in _tokens(editor, TENSORS, after.data)


def test_inlay_hints_show_the_tensor_on_each_followed_edge(editor: Session) -> None:
    uri = editor.open("hints.dot", TENSORS)
    params = types.InlayHintParams(types.TextDocumentIdentifier(uri), range_(8, 0, 9, 0))
    found = editor.do(editor.client.text_document_inlay_hint_async(params))
    line = TENSORS.split("\n")[8]
    assert [(line[: one.position.character].split()[-1], one.label) for one in found] == [
        ("up_0", "4×512"), ("down_0", "4×1024 · Shard(ffn)"), ("sum", "4×512 · Partial"),
    ]  # fmt: skip
    assert found[2].tooltip == "batch 4, hidden 512; Partial on tp (GPUs 0-1)"


def test_inlay_hints_can_be_turned_off(tmp_path_factory: pytest.TempPathFactory) -> None:
    session = Session(tmp_path_factory.mktemp("work"), options={"inlayHints": False})
    try:
        uri = session.open("hints.dot", TENSORS)
        params = types.InlayHintParams(types.TextDocumentIdentifier(uri), range_(0, 0, 99, 0))
        assert not session.do(session.client.text_document_inlay_hint_async(params))
    finally:
        session.close()
