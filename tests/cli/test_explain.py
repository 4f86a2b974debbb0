"""`dotlint explain` on a terminal."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from dotlint.cli.main import main

if TYPE_CHECKING:
    import pytest

GRAPH = """digraph {
  s0_qkv [label="QKV projection\\nGPU: 0-1"]
  s0_attn [label="Attention compute\\nGPU: 0-1"]
  s1_qkv [label="QKV projection\\nGPU: 2-3"]
  s1_attn [label="Attention compute\\nGPU: 2-3"]
  s0_qkv -> s0_attn -> s1_qkv -> s1_attn
}
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def explained(out: io.StringIO) -> list[str]:
    assert main(["explain", "a.dot", "s1_attn"], io.BytesIO(), out, io.StringIO()) == 0
    return out.getvalue().splitlines()


def test_lines_are_wrapped_on_a_terminal_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "60")
    Path("a.dot").write_text(GRAPH, encoding="utf-8")
    whole, wrapped = explained(io.StringIO()), explained(Terminal())
    assert max(map(len, whole)) > 60 >= max(map(len, wrapped))
    assert " ".join(" ".join(wrapped).split()) == " ".join(" ".join(whole).split())
