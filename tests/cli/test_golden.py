"""The reports are what they were when somebody last read them; `python -m tests.golden` writes them anew."""

from __future__ import annotations

import pytest

from tests.golden import CASES, HERE, Case, produce


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
def test_report_is_as_read(case: Case) -> None:
    assert produce(case) == (HERE / case.file).read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    kept = {path.name for path in HERE.iterdir() if path.suffix in {".txt", ".md"}}
    assert kept == {case.file for case in CASES}


@pytest.mark.parametrize("case", [case for case in CASES if case.file.endswith("0.txt")], ids=lambda case: case.file)
def test_report_keeps_to_its_width(case: Case) -> None:
    assert max(len(line) for line in produce(case).splitlines()) <= case.columns
