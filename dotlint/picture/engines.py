"""The programs that lay a picture out: the system's Graphviz, else the one that pygraphviz brings along."""

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
    """There is no Graphviz, or it could not draw."""


class LayoutTimeoutError(EngineError):
    """Graphviz took longer than it was given."""


def engines(form: Form) -> list[list[str]]:
    """Return the commands that read DOT from standard input and write a picture, the first choice first."""
    found: list[list[str]] = []
    dot = shutil.which("dot")
    if dot:
        found.append([dot, f"-T{form}"])
    if importlib.util.find_spec("pygraphviz") is not None:
        found.append([sys.executable, "-P", str(Path(__file__).with_name("pygraphviz_worker.py")), form])
    return found


def draw(source: str, form: Form, *, time_limit: float) -> bytes:
    """Lay DOT out and give the picture's bytes; a process of its own can be ended, whatever it is at.

    Raises `LayoutTimeoutError` after `time_limit` seconds, `EngineError` where there is no Graphviz or it fails.
    """
    commands = engines(form)
    if not commands:
        raise EngineError(
            "a picture needs Graphviz: install it so that `dot` is on the PATH (https://graphviz.org/download/), "
            "or `pip install 'dotlint[render]'`"
        )
    said = ""
    for command in commands:
        try:
            done = subprocess.run(  # noqa: S603 - the text goes to standard input, never to the command
                command, input=source.encode("utf-8", "backslashreplace"), capture_output=True, timeout=time_limit,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise LayoutTimeoutError(f"Graphviz took longer than {time_limit:g} seconds") from None
        except OSError as error:
            said = said or f"{command[0]} cannot be run: {error.strerror or error}"
            continue
        if done.returncode == 0 and done.stdout:
            return done.stdout
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()
        said = said or (one_line(last[-1], 200) if last else f"it ended with status {done.returncode}")
    raise EngineError(f"Graphviz could not draw the picture as {form}: {said}")
