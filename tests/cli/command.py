"""The command as a person calls it, in this process."""

from __future__ import annotations

import io
from typing import NamedTuple

from dotlint.cli.main import main


class Run(NamedTuple):
    status: int
    out: str
    err: str


def run(*argv: str, stdin: bytes = b"") -> Run:
    """Run `dotlint argv` on these bytes of standard input."""
    out, err = io.StringIO(), io.StringIO()
    return Run(main(argv, io.BytesIO(stdin), out, err), out.getvalue(), err.getvalue())
