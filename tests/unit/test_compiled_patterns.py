"""Compiled patterns that are stored match as those that `re` compiles, and a damaged store is as good as none."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from dotlint.text import compiled_patterns
from dotlint.text.compiled_patterns import compiled_pattern, store_patterns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = "Stage 1, GPUs 0-7: (batch=4, seq=ſK) 阶段\n# tail"
PATTERNS = (
    (r"(?P<word>[a-z]+)\s*(?P<number>\d+)?", re.IGNORECASE),
    (r"^(?:#|//)\s*(.*)$", re.MULTILINE),
    (r"[，、\[\]()（）-]|(?<=\d)-(?=\d)", 0),
    (r"(?s)\(.*?\)", re.VERBOSE),
)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "store.patterns"
    monkeypatch.setattr(compiled_patterns, "_path", lambda: str(path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(compiled_patterns, "_new", {})
    compiled_patterns._stored.cache_clear()
    yield path
    compiled_patterns._stored.cache_clear()


def anew() -> None:
    store_patterns()
    compiled_patterns._stored.cache_clear()
    compiled_patterns._new.clear()


@pytest.mark.parametrize(("text", "flags"), PATTERNS)
def test_a_stored_pattern_is_what_re_compiles(path: Path, text: str, flags: int) -> None:
    expected = re.compile(text, flags)
    for _ in range(2):
        found = compiled_pattern(text, int(flags))
        assert (found.pattern, found.flags, found.groups) == (expected.pattern, expected.flags, expected.groups)
        assert found.groupindex == expected.groupindex
        assert [(m.span(), m.groupdict(), m.lastgroup) for m in found.finditer(TEXT)] == [
            (m.span(), m.groupdict(), m.lastgroup) for m in expected.finditer(TEXT)
        ]
        anew()
        assert path.exists()


@pytest.mark.parametrize("content", [b"", b"\0" * 50, b"not a store", b"\xe3" * 9])
def test_a_damaged_store_is_replaced(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert compiled_pattern(r"(\d+)-(\d+)", 0).findall(TEXT) == [("0", "7")]
    anew()
    assert path.read_bytes() != content
    assert compiled_pattern(r"(\d+)-(\d+)", 0).findall(TEXT) == [("0", "7")]
    assert compiled_patterns._new == {}


@pytest.mark.usefixtures("path")
def test_a_store_of_another_python_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled_pattern(r"\d", 0)
    anew()
    monkeypatch.setattr(compiled_patterns, "_VERSION", "another")
    compiled_pattern(r"\d", 0)
    assert len(compiled_patterns._new) == 1


def test_nothing_is_stored_where_python_stores_no_modules(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    compiled_pattern(r"\d", 0)
    store_patterns()
    assert not path.exists()


@pytest.mark.usefixtures("path")
def test_without_the_internals_of_re_patterns_are_compiled_as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(compiled_patterns, "import_module", missing)
    assert compiled_pattern(r"(\d+)-(\d+)", 0).findall(TEXT) == [("0", "7")]
    assert compiled_patterns._new == {}


@pytest.mark.usefixtures("path")
def test_a_mistake_in_a_pattern_is_raised() -> None:
    with pytest.raises(re.error):
        compiled_pattern(r"(", 0)
