"""The words of a command are those that bash makes of the same script."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dotlint.strategy.launch.shell.reader import commands
from dotlint.strategy.launch.shell.variables import Variables

BASH = shutil.which("bash")
SHOW = "set -f\nvllm() { printf 'S\\0'; [ $# -eq 0 ] || printf '%s\\0' \"$@\"; }\n"
START = "A='a b'; B=b; L=(l1 'l 2')\nN=3\n"

PARTS = st.sampled_from(
    ["x", "-tp", "8", "--a=1", "k=v", "a,b", "'a b'", "'$A'", "'#'", '"a $A"', '"\\"${B}"', '"\\\\"', '"${C:-d e}"',
     "\\ ", "\\$", "\\#", "\\\n", "$A", "${B}", "${A:-x y}", "${Z:-p q}", "${Z-'p q'}", "${#L[@]}", "$((2 * N))",
     '"${L[@]}"', "${L[@]}", '"${L[*]}"', "${L[0]}", "$L", "$'q r'"]
)  # fmt: skip
WORDS = st.lists(PARTS, min_size=1, max_size=2).map("".join)
LISTS = st.lists(WORDS, max_size=4).map(" ".join)
LINES = st.one_of(
    st.tuples(st.sampled_from(["A=", "B=", "C=", "A+=", "C+="]), WORDS).map("".join),
    LISTS.map("L=({})".format),
    WORDS.map("L+=({})".format),
    LISTS.map("vllm {}".format),
    st.sampled_from(
        ["N=4", "unset C", "# 'x", "true && B=z", "for i in c; do A=$i; done", "case x in y) ;; *) B=q ;; esac"]
    ),
)


@pytest.mark.skipif(BASH is None, reason="bash is not installed")
@settings(max_examples=60, deadline=None)
@given(st.lists(LINES, max_size=5), LISTS)
def test_words_are_those_of_bash(lines: list[str], last: str) -> None:
    script = START + "\n".join([*lines, f"vllm {last}", ""])
    done = subprocess.run([BASH or "", "-c", SHOW + script], capture_output=True, check=False)
    assume(not done.stderr)
    expected: list[list[str]] = []
    for text in done.stdout.decode().split("\0")[:-1]:
        expected += [[]] if text == "S" else []
        expected[-1] += [text] if text and text != "S" else []  # an empty word states nothing
    found = [command.words for command in commands(script, range(len(script)), Variables())]
    read = [words[1:] for words in found if words and words[0].text == "vllm"]
    assert len(read) == len(expected)
    for words, texts in zip(read, expected, strict=True):
        if not any(word.unknown for word in words):
            assert [word.text for word in words if word.text] == texts
