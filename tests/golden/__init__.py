"""Golden reports: the output for the fixtures, reviewed by a person.

`python -m tests.golden` rewrites them; review the difference before committing it.
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from dotlint.cli.main import main
from tests.golden.listing import listing
from tests.golden.units import units

HERE = Path(__file__).parent
FIXTURES = HERE.parent / "fixtures"


class Case(NamedTuple):
    """One golden file: the fixture, the options, the width of the terminal; of JSON, a listing.

    With `after`, it is what `diff` reports of the fixture and that one. A fixture that ends with `/` is a folder, and
    `units.dot` is made by a function.
    """

    file: str
    fixture: str
    options: tuple[str, ...]
    columns: int = 80
    after: str = ""


_MAIN = ("moe_two_phases.dot", ("-s", "pp4ep4tp2sp2"))
CASES = (
    Case("moe_two_phases.80.txt", _MAIN[0], _MAIN[1], 80),
    Case("moe_two_phases.140.txt", _MAIN[0], _MAIN[1], 140),
    Case("moe_two_phases.md", _MAIN[0], (*_MAIN[1], "-f", "markdown")),
    Case("moe_two_phases.full.txt", _MAIN[0], (*_MAIN[1], "-f", "full"), 100),
    Case("moe_two_phases.concise.txt", _MAIN[0], (*_MAIN[1], "-f", "concise")),
    Case("moe_two_phases.listing.txt", _MAIN[0], (*_MAIN[1], "-f", "json")),
    Case("moe_ep4_ranks_gaps.100.txt", "moe_ep4_ranks_gaps.dot", ("-s", "ep4"), 100),
    Case("overview.100.txt", "overview.dot", (), 100),
    Case("diff.80.txt", "diff_before.dot", (), 80, "diff_after.dot"),
    Case("diff.140.txt", "diff_before.dot", (), 140, "diff_after.dot"),
    Case("diff.md", "diff_before.dot", ("-f", "markdown"), 80, "diff_after.dot"),
    Case("build_dependencies.100.txt", "build_dependencies.dot", (), 100),
    Case("three_findings.80.txt", "report/three_findings.dot", (), 80),
    Case("three_findings.60.txt", "report/three_findings.dot", (), 60),
    Case("three_findings.verbose.txt", "report/three_findings.dot", ("--verbose",), 80),
    Case("plain_graph.80.txt", "report/plain_graph.dot", (), 80),
    Case("plain_graph.strategy.80.txt", "report/plain_graph.dot", ("-s", "pp2tp2"), 80),
    Case("syntax.80.txt", "report/syntax.dot", (), 80),
    Case("ten_files.80.txt", "report/ten/", (), 80),
    Case("ten_files.md", "report/ten/", ("-f", "markdown")),
    Case("ten_files.concise.txt", "report/ten/", ("-f", "concise")),
    Case("units.80.txt", "units.dot", (), 80),
)


def produce(case: Case) -> str:
    """Return the current output; a file comes from standard input, so that the output has no absolute path."""
    out, err = io.StringIO(), io.StringIO()
    plain = {key: value for key, value in os.environ.items() if key not in {"FORCE_COLOR", "NO_COLOR"}}
    with mock.patch.dict(os.environ, {**plain, "COLUMNS": str(case.columns)}, clear=True):
        argv = ["check", "-", "--stdin-filename", case.fixture, "--isolated", *case.options]
        if case.after:
            argv = ["diff", case.fixture, case.after, "--isolated", *case.options]
        data = b"" if case.fixture.endswith("/") else _content(case.fixture)
        if not data:
            argv[1:4] = [case.fixture]
        with contextlib.chdir(FIXTURES):
            main([*argv, "--no-cache"] if not case.after else argv, io.BytesIO(data), out, err)
    assert "--verbose" in case.options or not err.getvalue(), err.getvalue()
    return listing(out.getvalue()) if "json" in case.options else out.getvalue()


def _content(fixture: str) -> bytes:
    return units().encode() if fixture == "units.dot" else (FIXTURES / fixture).read_bytes()
