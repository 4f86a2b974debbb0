"""Offsets, lines and columns against the plainest way to say what they are, for every short text."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from dotlint.engine.statements import Statements, normal
from dotlint.graph.builder import read
from dotlint.server.text import Text, common_prefix, offset_before_change
from dotlint.syntax.source import Edited, Source, edited, visible

if TYPE_CHECKING:
    from collections.abc import Iterator


def texts(alphabet: str, longest: int) -> Iterator[str]:
    for length in range(longest + 1):
        for characters in itertools.product(alphabet, repeat=length):
            yield "".join(characters)


def test_lines_end_at_line_feeds_alone() -> None:
    for text in texts("a\n\r\u2028", 4):
        source = Source.from_text(text)
        lines = text.split("\n")
        assert source.line_count == len(lines)
        for number, line in enumerate(lines, 1):
            assert source.line_text(number) == line
            assert source.line_start(number) == sum(len(one) + 1 for one in lines[: number - 1])
        for outside in (-1, 0, len(lines) + 1, len(lines) + 2):
            assert source.line_text(outside) == ""
        assert source.line_start(len(lines) + 1) == source.line_start(len(lines) + 5) == len(text)
        for offset in range(-2, len(text) + 3):
            inside = min(max(offset, 0), len(text))
            before = text[:inside]
            expected = (inside, before.count("\n") + 1, len(before) - before.rfind("\n"))
            assert tuple(source.position(offset)) == expected


@pytest.mark.parametrize(
    "data", [b"", b"a", b"\xef\xbb\xbf", b"\xef\xbb\xbfa\r\n", b"\xff\xfe\x80a", b"\xed\xa0\x80", b"a\xef\xbb\xbf"]
)
def test_bytes_come_back(data: bytes) -> None:
    source = Source.from_bytes(data, "x.dot")
    assert source.to_bytes() == data
    assert source.name == "x.dot"
    assert source.bom == data.startswith(b"\xef\xbb\xbf")
    assert not source.text.startswith("\ufeff")


def test_text_with_surrogates_of_its_own_has_bytes_too() -> None:
    assert Source.from_text("\ufeffa\ud800").to_bytes() == b"\xef\xbb\xbfa\xed\xa0\x80"


def _as_c_reads(text: str) -> list[int]:
    """Give the offsets that are left where lines are read as C strings, up to the first empty one."""
    left: list[int] = []
    start = 0
    for line in text.splitlines(keepends=True) if "\n" not in text else [one + "\n" for one in text.split("\n")]:
        if line.startswith("\0"):
            break
        cut = line.find("\0")
        left += range(start, start + (len(line) if cut < 0 else cut))
        start += len(line)
    return [offset for offset in left if offset < len(text)]


def test_a_nul_hides_the_rest_of_its_line() -> None:
    for text in texts("a\n\0", 7):
        seen = visible(text)
        assert seen == "".join(text[offset] for offset in _as_c_reads(text)), text
        if "\0" not in text:
            assert seen is text
        else:
            assert isinstance(seen, Edited)
            assert [seen.source_offset(offset) for offset in range(len(seen))] == _as_c_reads(text)


def test_places_in_an_edited_text_are_those_of_the_one_before() -> None:
    text = "0123456789"
    for first, second in itertools.combinations(range(11), 2):
        for third in range(second, 11):
            made = edited(text, 0, 10, [(first, second, ""), (third, third, "++")])
            assert made == text[:first] + text[second:third] + "++" + text[third:]
            kept = [*range(first), *range(second, third)]
            places = [made.source_offset(offset) for offset in range(len(made) + 1)]
            assert places[: len(kept)] == kept
            assert places[len(kept) : len(kept) + 2] == [third, third]
            assert places[len(kept) + 2 :] == list(range(third, 11))


def test_edits_of_an_edited_part_lead_to_the_real_text() -> None:
    outer = edited("0123456789", 2, 9, [(4, 6, "ab"), (7, 7, "c")])
    assert outer == "23ab6c78"
    inner = edited(outer, 1, 7, [(2, 4, "")])
    assert inner == "36c7"
    assert [inner.parent_offset(offset) for offset in range(5)] == [1, 4, 5, 6, 7]
    assert [inner.source_offset(offset) for offset in range(5)] == [3, 6, 7, 7, 8]


NESTED = "digraph {\n  a; x -> { b\n // c\n } -> { d } [x=1]\n  subgraph s {\n    e }\n\n}\n// end\n"


def test_the_statement_at_every_place() -> None:
    document = read(NESTED)
    statements = Statements(document)
    chain = NESTED[NESTED.index("x ->") : NESTED.index("]") + 1]
    told = {
        "digraph": "digraph {", "a;": "a;", "x ->": chain, "{ b": chain, "b\n": "b", "-> { d": chain, "d }": "d",
        "[x=1]": chain, "subgraph": "subgraph s {", "e }": "e", "// end": "// end\n", "}\n//": "}\n", "\n\n}": "    e }\n", "}\n\n": "    e }\n",
    }  # fmt: skip
    for at, text in told.items():
        start, end = statements.at(NESTED.index(at))
        assert NESTED[start:end] == text, at
    assert statements.normal_at(NESTED.index("x ->")) == "x -> { b } -> { d } [ x = 1 ]"
    assert statements.normal_at(NESTED.index("// end")) == "// end"
    start, end = statements.at(len(NESTED))
    assert NESTED[start:end] == ""


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("a->b;", "a -> b"),
        ("a -- b ; ,;", "a -- b"),
        ('a [label="x  // y", b=c]', 'a [ label = "x  // y" , b = c ]'),
        ('a // "\n /* x\n*/ ["\\"#"=1]', 'a [ "\\"#" = 1 ]'),
        ("a\n# b\nc # d", "a c # d"),
        ("a /* never closed", "a"),
        ('"open\n', '" open'),
        ("a-b", "a - b"),
        ("{ ; }", "{ ; }"),
    ],
)
def test_the_normal_form_of_a_statement(text: str, tokens: str) -> None:
    assert normal(text) == tokens


def _units(part: str, encoding: str) -> int:
    codec, size = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}[encoding]
    return len(part.encode(codec)) // size


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_an_editors_places(encoding: str) -> None:
    for text in texts("aé😀\n\r", 4):
        known = Text(text, encoding)  # type: ignore[arg-type]
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for line in range(-1, len(lines) + 2):
            inside = 0 <= line < len(lines)
            content = lines[line] if inside else ""
            assert known.line_end(line) == (line, _units(content, encoding)) or not inside
            if not inside:
                assert known.offset((line, 0)) == known.offset((line, 3)) == (0 if line < 0 else len(text))
                continue
            start = known.offset((line, 0))
            assert known.offset((line, -1)) == start
            for at in range(len(content) + 1):
                units = _units(content[:at], encoding)
                assert known.offset((line, units)) == start + at
                assert known.position(start + at) == (line, units)
            assert known.offset((line, 99)) == start + len(content)


def test_what_two_texts_share() -> None:
    for old in texts("ab", 4):
        for new in texts("ab", 4):
            same = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
            assert common_prefix(old, new) == same
            room = min(len(old), len(new)) - same
            behind = next((n for n in range(room) if old[-n - 1] != new[-n - 1]), room)
            for offset in range(len(new) + 1):
                left = len(new) - offset
                expected = offset if offset <= same else len(old) - left if left <= behind else None
                assert offset_before_change(old, new, offset) == expected
