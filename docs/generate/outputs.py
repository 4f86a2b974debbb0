"""What the commands in a page print: a comment `<!-- output LANGUAGE LINES -->` behind a command asks for it."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import tempfile
from contextlib import chdir
from pathlib import Path
from unittest.mock import patch

from dotlint.cli.main import main

EXAMPLE = Path(__file__).parents[1] / "two_stages.dot"
_WANTED = re.compile(
    r"^(?P<block>```console\n(?:\$ [^\n]+\n)*\$ dotlint (?P<command>[^\n]+)\n```\n)\n"
    r"<!-- output (?P<language>\w+) (?P<lines>\d+) -->",
    re.MULTILINE,
)


def with_outputs(page: str) -> str:
    """Return a page with the outputs that it asks for, cut after so many lines; the commands run with the example."""

    def add(match: re.Match[str]) -> str:
        lines = printed(match["command"]).rstrip("\n").split("\n")
        most = int(match["lines"])
        shown = lines if len(lines) <= most else [*lines[:most], "..."]
        return "\n".join((f"{match['block']}", f"``````{match['language']}", *shown, "``````"))

    return _WANTED.sub(add, page)


def printed(command: str) -> str:
    """Return what a command prints in a folder that has the example."""
    out = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, chdir(folder), patch.dict(os.environ, {"COLUMNS": "80"}):
        shutil.copyfile(EXAMPLE, EXAMPLE.name)
        err = io.StringIO()
        status = main([*shlex.split(command)], io.BytesIO(), out, err)
    if status not in {0, 1}:
        raise ValueError(f"dotlint {command}: {err.getvalue()}")
    return out.getvalue()
