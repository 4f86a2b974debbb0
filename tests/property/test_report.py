"""What holds of any names and texts that a report shows."""

from __future__ import annotations

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from dotlint.deployment.words import label_lines, name_parts, parse_name, plain_words
from dotlint.report.markdown import code, escape
from dotlint.report.ranges import families
from dotlint.text.display import one_line, visible

FOLD = re.compile(r"\{([^{}]*)\}")
words = st.sampled_from(["a", "expert", "_", "attn_", "qkv ", "x-", "l", "all2all"])
numbers = st.integers(0, 12).map(str)
names = st.lists(words | numbers | st.sampled_from(["007", "00"]), min_size=1, max_size=5).map("".join)
any_text = st.text(st.characters(codec=None))


def values(part: str) -> list[str]:
    low, _, rest = part.partition("..")
    high, _, step = rest.partition("..")
    return [str(number) for number in range(int(low), int(high) + 1, int(step or 1))] if rest else [part]


def unfold(text: str) -> list[str]:
    """Write out `expert{2..4}_{1,3,5..9}_{1..9..2}`."""
    pieces = FOLD.split(text)
    choices: list[list[str]] = []
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            choices.append([piece])
        else:
            choices.append([value for part in piece.split(",") for value in values(part)])
    return ["".join(some) for some in itertools.product(*choices)]


@given(st.lists(names, max_size=30, unique=True))
def test_folding_loses_and_adds_nothing(some: list[str]) -> None:
    folded = families(some)
    assert sorted(name for fold in folded for name in unfold(fold)) == sorted(some)
    assert len(folded) <= len(some)


@given(st.lists(st.text("ab01{},.", max_size=6), max_size=12, unique=True))
def test_names_with_braces_of_their_own_are_left_alone(some: list[str]) -> None:
    folded = families(some)
    assert {name for name in some if "{" in name} <= set(folded)


@given(any_text)
def test_a_name_is_its_family_and_its_numbers(text: str) -> None:
    name = parse_name(text)
    assert len(name.numbers) == len(name.words) == len(name.glued)
    if "#" not in text:
        assert name.family.count("#") == len(name.numbers)
        pattern = r"0*(\d+)".join(re.escape(piece) for piece in name.family.split("#"))
        match = re.fullmatch(pattern, text, re.DOTALL)
        assert match is not None
        assert tuple(map(int, match.groups())) == name.numbers


@given(any_text)
def test_words_are_lower_case_and_one_space_apart(text: str) -> None:
    shown = plain_words(text)
    assert shown == shown.lower() or any(char.upper() != char for char in text)
    assert shown.startswith(" ")
    assert shown.endswith(" ")
    assert not any(char.isdigit() and part.isdigit() for part in shown.split() for char in part)
    assert "".join(name_parts(text)) in text or len(name_parts(text)) > 1


@given(any_text)
def test_label_lines_are_lines(text: str) -> None:
    assert all(line == line.strip() and line and "\n" not in line for line in label_lines(text))


@given(any_text)
def test_visible_shows_what_is_there(text: str) -> None:
    shown = visible(text)
    assert all(char.isprintable() or char == "\t" for char in shown)
    shown.encode("utf-8")
    if text.isprintable():
        assert shown == text
    assert visible(shown) == shown


@given(any_text, st.integers(1, 80))
def test_one_line_is_one_line(text: str, most: int) -> None:
    shown = one_line(text, most)
    assert len(shown) <= most
    assert shown.isprintable()


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"])))
def test_markdown_code_can_be_read_back(text: str) -> None:
    shown = code(text)
    fence = re.match("`+", shown)
    assert fence is not None
    inner = shown[len(fence[0]) : -len(fence[0])]
    assert fence[0] not in re.findall("`+", inner)
    assert inner.strip() == text


@given(any_text)
def test_markdown_text_has_no_live_html(text: str) -> None:
    shown = escape(text)
    outside = re.sub(r"`[^`]*`", "", shown)
    assert not re.search(r"(?<!\\)(?:\\\\)*<", outside)
