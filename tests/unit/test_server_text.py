"""Positions, mentions and cursors of the language server, without an editor."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("lsprotocol", reason="pygls is not installed: pip install -e '.[test]'")

from hypothesis import given
from hypothesis import strategies as st

import dotlint
from dotlint.server.changes import between
from dotlint.server.cursor import cursor_at
from dotlint.server.references import read_mentions
from dotlint.server.text import Encoding, Text, common_prefix, offset_before_change

TEXTS = st.text(alphabet="ab\n\r é😀\u2028\ud800\x0b", max_size=40)
ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")
CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
FIXTURE = dotlint.parse(Path(__file__).parent.parent / "fixtures" / "moe_two_phases.dot")


def _slow_position(text: str, offset: int, encoding: Encoding) -> tuple[int, int]:
    """Return the position of an offset, by the definition in the protocol."""
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    codec, size = CODECS[encoding]
    return before.count("\n"), len(before[before.rfind("\n") + 1 :].encode(codec, "surrogatepass")) // size


@given(TEXTS, st.sampled_from(ENCODINGS))
def test_positions_follow_the_protocol_and_convert_back(text: str, encoding: Encoding) -> None:
    known = Text(text, encoding)
    for offset in range(len(text) + 1):
        if text[offset - 1 : offset + 1] == "\r\n":
            continue  # the protocol has no position between CR and LF
        position = _slow_position(text, offset, encoding)
        assert known.position(offset) == position
        assert known.offset(position) == offset


@given(TEXTS, st.sampled_from(ENCODINGS), st.data())
def test_a_change_replaces_the_text_between_two_positions(text: str, encoding: Encoding, data: st.DataObject) -> None:
    offsets = [offset for offset in range(len(text) + 1) if text[offset - 1 : offset + 1] != "\r\n"]
    first, last = sorted(data.draw(st.lists(st.sampled_from(offsets), min_size=2, max_size=2)))
    start, end = (_slow_position(text, offset, encoding) for offset in (first, last))
    assert Text(text, encoding).changed(start, end, "new").text == text[:first] + "new" + text[last:]


def test_positions_outside_of_the_text_are_clamped() -> None:
    text = Text("a😀\r\nb", "utf-16")
    assert text.offset((0, 99)) == 2
    assert text.offset((0, 2)) == 1  # inside a character
    assert text.offset((7, 3)) == 5
    assert text.position(99) == (1, 1)
    assert text.position(3) == (0, 3)


def test_positions_count_a_byte_order_mark_and_offsets_do_not() -> None:
    text = Text("\ufeffab", "utf-16")
    assert text.position(0) == (0, 1)
    assert text.offset((0, 2)) == 1
    assert text.offset((0, 0)) == 0
    assert text.body == "ab"


@given(TEXTS, TEXTS)
def test_an_offset_before_a_change_is_the_same_place(old: str, new: str) -> None:
    same = common_prefix(old, new)
    assert old[:same] == new[:same]
    for offset in range(len(new) + 1):
        position = offset_before_change(old, new, offset)
        if position is not None:
            assert old[:position] == new[:offset] or old[position:] == new[offset:]
        else:
            assert offset > same


@given(TEXTS, TEXTS)
def test_edits_between_two_texts_turn_the_one_into_the_other(old: str, new: str) -> None:
    text = old
    for edit in reversed(between(old, new)):
        text = text[: edit.start] + edit.text + text[edit.end :]
    assert text == new


def test_every_mention_is_spelled_where_it_stands() -> None:
    mentions = read_mentions(FIXTURE)
    graph = FIXTURE.graphs[0]
    assert set(mentions.nodes) == set(range(len(graph.nodes)))
    for node, name in enumerate(mentions.names):
        for mention in mentions.of(node):
            assert FIXTURE.text[mention.start : mention.end].strip('"') == name
            assert mentions.at(mention.start) == mentions.at(mention.end) == mention
        home = mentions.home(node)
        assert home is not None
        assert home.own is graph.nodes[name].declared


def test_nodes_of_one_name_in_two_graphs_are_two() -> None:
    mentions = read_mentions(dotlint.parse("digraph { a -> b }\ngraph { a -- c }\n"))
    assert mentions.names == ["a", "b", "a", "c"]
    assert [len(list(mentions.of(node))) for node in range(4)] == [1, 1, 1, 1]
    assert (list(mentions.siblings(1)), list(mentions.siblings(2))) == ([0, 1], [2, 3])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a [x=1] -> |", ("node", "graph", "")),
        ("a [label=<|>]", ("none", "graph", "")),
        ('a [label="|"]', ("value", "node", "label")),
        ("a [label=x] b -- c [|", ("attribute", "edge", "")),
        ("a [broken -> b [|", ("attribute", "edge", "")),
        ("a [broken } b [|", ("attribute", "node", "")),
        ("graph [|", ("attribute", "graph", "")),
        ('a [label="open, style=|', ("value", "node", "label")),
        ("/* a [|", ("none", "graph", "")),
        ("subgraph |", ("none", "graph", "")),
        ("a:|", ("none", "graph", "")),
    ],
)
def test_a_cursor_knows_where_it_is(text: str, expected: tuple[str, str, str]) -> None:
    offset = text.index("|")
    cursor = cursor_at(text.replace("|", ""), offset, 0)
    assert (cursor.kind, cursor.element if cursor.kind != "none" else "graph", cursor.attribute) == expected
