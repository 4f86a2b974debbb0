"""The programs that lay out a picture: `dot` of Graphviz, or else the Graphviz of pygraphviz."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

from dotlint.errors import DotlintError
from dotlint.text.display import one_line

Form = Literal["svg", "png", "pdf"]
FORMS: tuple[Form, ...] = ("svg", "png", "pdf")


class EngineError(DotlintError):
    """Graphviz is not installed, or it failed."""


class LayoutTimeoutError(EngineError):
    """Graphviz exceeded the time limit."""


def engines(form: Form) -> list[list[str]]:
    """Return the commands that read DOT from standard input and write a picture, in order of preference."""
    found: list[list[str]] = []
    dot = shutil.which("dot")
    if dot:
        found.append([dot, f"-T{form}"])
    if importlib.util.find_spec("pygraphviz") is not None:
        found.append([sys.executable, "-P", str(Path(__file__).with_name("pygraphviz_worker.py")), form])
    return found


def draw(source: str, form: Form, *, time_limit: float) -> bytes:
    """Lay out DOT in a separate process, which can be ended at any time, and return the bytes of the picture.

    Raises `LayoutTimeoutError` after `time_limit` seconds, and `EngineError` if Graphviz is not installed or fails.
    """
    commands = engines(form)
    if not commands:
        raise EngineError(
            "a picture needs Graphviz: install it so that `dot` is on the PATH (https://graphviz.org/download/), "
            "or `pip install 'dotlint[render]'`"
        )
    reason = ""
    for command in commands:
        try:
            done = subprocess.run(  # noqa: S603 - the text goes to standard input, never to the command
                command, input=source.encode("utf-8", "backslashreplace"), capture_output=True, timeout=time_limit,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise LayoutTimeoutError(f"Graphviz took longer than {time_limit:g} seconds") from None
        except OSError as error:
            reason = reason or f"{command[0]} cannot be run: {error.strerror or error}"
            continue
        if done.returncode == 0 and done.stdout:
            return done.stdout
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = reason or (one_line(last[-1], 200) if last else f"it ended with status {done.returncode}")
    raise EngineError(f"Graphviz could not draw the picture as {form}: {reason}")
