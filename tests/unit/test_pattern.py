"""Patterns in cards and globs: matches, invalid patterns, and linear time."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotlint.text.linear_pattern import PatternError, read_pattern

_ATOM = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", r"\d", r"\S", "[a-c_]", "[^0-9]", "1", r"\.", "[]a]"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    quantifier = st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{,2}", "{1,}", "*?"])
    return st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("({}|{})".format, inner, inner),
        st.builds("(?:{}){}".format, inner, quantifier),
    )


@settings(deadline=None, max_examples=300)
@given(
    st.recursive(_ATOM, _grown, max_leaves=8),
    st.lists(st.text("abc1_.\n", max_size=8), min_size=8, max_size=8),
)
def test_a_pattern_matches_what_python_matches(pattern: str, texts: list[str]) -> None:
    ours, theirs = read_pattern(pattern), re.compile(pattern, re.DOTALL)
    for text in texts:
        assert ours.matches(text) is (theirs.fullmatch(text) is not None), (pattern, text)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(.*.*.*.*)*x", "(a?){500}a{500}b", "(\\w*)*\\d"])
def test_no_text_makes_a_pattern_slow(pattern: str) -> None:
    read = read_pattern(pattern)
    start = time.perf_counter()
    assert not read.matches("a" * 20_000 + "!")
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(a", "`(` is never closed at column 1"),
        ("a)", "unmatched `)` at column 2"),
        ("[a", "`[` is never closed at column 1"),
        ("*a", "nothing before it to repeat at column 1"),
        ("a**", "a repeated repeat"),
        ("a{", "does not start a count"),
        ("a{3,2}", "must be ascending"),
        ("(?=a)", "look-arounds"),
        (r"(a)\1", r"unknown escape `\1`"),
        ("a^b", "must match the whole text"),
        ("[z-a]", "in descending order"),
        ("((a{900}){900})", "steps"),
        ("((((){1000}){1000}){1000})", "steps"),
        ("(" * 60 + ")" * 60, "groups nested more than"),
    ],
)
def test_an_invalid_pattern_is_rejected_with_its_column(pattern: str, message: str) -> None:
    with pytest.raises(PatternError, match=re.escape(message)):
        read_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("^a$", "a", True),
        (r"a\$", "a$", True),
        (r"a\\$", "a\\", True),
        ("(?i)Gpu_[a-f]", "gPU_C", True),
        ("a", "ab", False),
        ("", "", True),
    ],
)
def test_a_pattern_is_about_the_whole_text(pattern: str, text: str, expected: bool) -> None:
    assert read_pattern(pattern).matches(text) is expected
