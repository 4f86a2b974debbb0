"""GitHub's hashes of lines."""

from __future__ import annotations

import pytest

from dotlint.text.line_hashes import line_hashes

GREETINGS = [
    "e9496ae3ebfced30:1", "fb7c023a8b9ccb3f:1", "ce8ba1a563dcdaca:1", "e20e36e16fcb0cc8:1",
    "b3edc88f2938467e:1", "c8e28b0b4002a3a0:1", "c129715d7a2bc9a3:1",
]  # fmt: skip
LOREM = [
    *(f"a7f2ff13bc495cf2:{number}" for number in range(1, 7)),
    "a7f2ff1481e87703:1", "a9cf91f7bbf1862b:1", "55ec222b86bcae53:1", "cc97dc7b1d7d8f7b:1", "c129715d7a2bc9a3:1",
]  # fmt: skip


def every(text: str) -> list[str]:
    return list(line_hashes(text.encode("utf-8", "surrogateescape"), range(1, 50)).values())


def by_definition(units: list[int], line: int) -> int:
    """The hash of one line, as the sum of the powers: the file ends with 65535, after which there is nothing."""
    normal = [10 if unit == 13 else unit for at, unit in enumerate(units) if not (unit == 10 and units[at - 1] == 13)]
    normal = [unit for unit in normal if unit not in (9, 32)] + [65535]
    starts = [0, *(at + 1 for at, unit in enumerate(normal) if unit == 10)]
    window = normal[starts[line - 1] :][:100]
    return int(sum(unit * 37 ** (99 - at) for at, unit in enumerate(window)) % 2**64)


@pytest.mark.parametrize(
    ("text", "hashes"),
    [
        ("", ["c129715d7a2bc9a3:1"]),
        (" a\nb\n  \t\tc\n d", ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"]),
        (" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n", GREETINGS),
        (" hello; \t\nworld!!!\r\r\r  \t\tGreetings\r End\r", GREETINGS),
        (" hello; \t\r\nworld!!!\r\n\r\n\r\n  \t\tGreetings\r\n End\r\n", GREETINGS),
        ("Lorem ipsum dolor sit amet.\n" * 10, LOREM),
    ],
)
def test_known_hashes(text: str, hashes: list[str]) -> None:
    assert every(text) == hashes


def test_the_hash_of_a_line_is_the_polynomial_of_its_window() -> None:
    lines = ["digraph {", '  a -> b [label="' + "long " * 40 + '"]', "\té -> 😀", "", "}"]
    text = "\r\n".join(lines)
    encoded = text.encode("utf-16-le")
    units = [encoded[at] | encoded[at + 1] << 8 for at in range(0, len(encoded), 2)]
    assert every(text) == [f"{by_definition(units, line):x}:1" for line in range(1, 6)]


def test_bytes_that_are_not_utf_8_count_as_replacement_characters() -> None:
    assert every("a\udcff\nb") == every("a\ufffd\nb")


def test_only_lines_of_the_file_have_a_hash() -> None:
    assert list(line_hashes(b"a\nb", [0, 2, 3, 9])) == [2]
