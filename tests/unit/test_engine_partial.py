"""What is said of files that could only be read in part."""

from __future__ import annotations

import dotlint

BROKEN = """digraph {
  norm [label="LayerNorm\\nGPU: 0"];
  qkv [label="QKV\\nGPU: 0"];
  attn [label="Attention\\nGPU: 0"];
  norm -> qkv -> ;
}
"""
PROGRAM = """digraph {
  for (i = 0; i < 4; i++) {
    norm_i [label="LayerNorm\\nGPU: 0"];
    qkv_i [label="QKV\\nGPU: 0"];
  }
}
"""


def test_findings_on_a_broken_file_say_that_they_speak_of_a_part() -> None:
    findings = dotlint.check(BROKEN).findings
    assert any(finding.code.startswith("E") for finding in findings)
    others = [finding for finding in findings if finding.code[0] not in "EX"]
    assert others
    assert all(finding.note for finding in others)


def test_a_program_is_not_judged_as_a_deployment() -> None:
    codes = {finding.code for finding in dotlint.check(PROGRAM).findings}
    assert "E010" in codes
    assert not {code for code in codes if code[0] in "GSPDTCHV"}
