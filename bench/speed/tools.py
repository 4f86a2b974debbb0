"""The programs that are measured: what each does with a file, as a command in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

LINT = (sys.executable, "-m", "dotlint", "check", "--isolated", "--no-cache", "--jobs", "1", "--format", "json")


class Tool(NamedTuple):
    """A program: `command` with the file's path behind it; `needs` is a module or a program it cannot do without."""

    name: str
    command: tuple[str, ...]
    needs: str


def _script(code: str) -> tuple[str, ...]:
    return sys.executable, "-c", f"import sys; {code}"


TOOLS = (
    Tool("dotlint, all rules", LINT, "dotlint"),
    Tool("dotlint, reading and syntax rules", (*LINT, "--select", "E"), "dotlint"),
    Tool("pygraphviz, reading (Graphviz's C parser)", _script("from pygraphviz import AGraph; AGraph(sys.argv[1])"), "pygraphviz"),
    Tool("Graphviz nop, reading and writing", ("nop",), "nop"),
    Tool("Graphviz dot -Tcanon", ("dot", "-Tcanon"), "dot"),
    Tool("networkx through pygraphviz", _script("from networkx.drawing.nx_agraph import read_dot; read_dot(sys.argv[1])"), "pygraphviz"),
    Tool("pydot, reading", _script("from pydot import graph_from_dot_file as read; read(sys.argv[1])"), "pydot"),
)  # fmt: skip
START = Tool("import click", _script("import click"), "click")


class Measure(NamedTuple):
    """Seconds of wall clock and of the processor (medians), and the most memory held, in bytes."""

    seconds: float
    memory: int
    busy: float


def present(tool: Tool) -> bool:
    """Whether a tool can be run here."""
    return bool(importlib.util.find_spec(tool.needs) if tool.command[0] == sys.executable else shutil.which(tool.needs))


def measure(tool: Tool, *files: Path, repeat: int = 5, limit: float = 600) -> Measure | None:
    """Run a tool several times; None where it fails or takes longer than `limit` seconds."""
    seconds: list[float] = []
    busy: list[float] = []
    memory = 0
    for _ in range(repeat):
        began = time.perf_counter()
        process = subprocess.Popen(
            [*tool.command, *map(str, files)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONSAFEPATH": "1"},  # what is installed is measured, not the folder one is in
        )
        status, used, worked = _wait(process, limit)
        seconds.append(time.perf_counter() - began)
        busy.append(worked)
        if status not in {0, 1}:
            return None
        memory = max(memory, used)
        if seconds[-1] > 20:
            break
    return Measure(statistics.median(seconds), memory, statistics.median(busy))


def _wait(process: subprocess.Popen[bytes], limit: float) -> tuple[int, int, float]:
    """Wait for the end: the status (-1: it took too long), the most memory held, seconds of the processor."""
    until = time.monotonic() + limit
    while time.monotonic() < until:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime
        time.sleep(0.001)
    process.kill()
    process.wait()
    return -1, 0, 0.0
