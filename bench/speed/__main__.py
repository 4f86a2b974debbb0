"""`python -m bench.speed [-o FILE] [--corpus DIR] [--most EDGES]`: the tables, as Markdown.

Every figure of a row is a ratio to another of the same run; seconds are there to show what the ratios are of.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from bench.speed.graphs import KINDS, write
from bench.speed.tools import LINT, START, TOOLS, Measure, Tool, measure, present

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MARK = "<!-- `python -m bench.speed -o docs/compared.md` generates the rest of this page. -->"
FIXTURE = Path(__file__).parents[2] / "tests/fixtures/moe_two_phases.dot"


def _size(size: float) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB"


def _machine() -> Iterator[str]:
    yield f"- Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    for name in ("dotlint", "pydot", "pygraphviz", "networkx", "click"):
        try:
            yield f"- {name} {version(name)}"
        except PackageNotFoundError:
            yield f"- {name}: not installed"
    if shutil.which("dot"):
        said = subprocess.run(["dot", "-V"], capture_output=True, text=True, check=False).stderr.strip()
        yield f"- Graphviz: {said}"


def _start(fixture: Path) -> Iterator[str]:
    """Start-up: what a hook pays on every commit."""
    click = measure(START, repeat=9)
    shown = Tool("dotlint --version", (sys.executable, "-m", "dotlint", "--version"), "dotlint")
    small = Tool("dotlint, all rules", (*LINT, "-s", "pp4ep4tp2sp2"), "dotlint")
    yield "| command | seconds | relative to `import click` |"
    yield "|---|---:|---:|"
    rows: list[tuple[str, Measure | None]] = [
        ("`import click`", click),
        ("`dotlint --version`", measure(shown, repeat=9)),
        (f"`dotlint check`, {_size(fixture.stat().st_size)}", measure(small, fixture, repeat=9)),
    ]
    if present(TOOLS[-1]):
        rows.append(("pydot, only parsing", measure(TOOLS[-1], fixture)))
    for name, found in rows:
        if found and click:
            yield f"| {name} | {found.seconds:.3f} | {found.seconds / click.seconds:.2f} |"


def _against(files: Sequence[Path], title: str) -> Iterator[str]:
    """One table: all tools on the same file, with their ratio to Graphviz's own parser."""
    base = next((tool for tool in TOOLS if tool.needs == "pygraphviz" and present(tool)), TOOLS[0])
    yield f"| {title} | seconds | relative to {base.name} |"
    yield "|---|---:|---:|"
    of_base = measure(base, *files)
    for tool in TOOLS:
        found = of_base if tool is base else measure(tool, *files, limit=300) if present(tool) else None
        if found is None or of_base is None:
            yield f"| {tool.name} | – | |"
        else:
            yield f"| {tool.name} | {found.seconds:.2f} | {found.seconds / of_base.seconds:.1f} |"


def _growth(folder: Path, most: int) -> Iterator[str]:
    """How the time an edge and the memory a byte grow with the file, without what an empty graph takes.

    Processor time: these runs are long, and what else the machine does would show.
    """
    nothing = folder / "nothing.dot"
    nothing.write_text("digraph {}\n", "utf-8")
    base = measure(TOOLS[0], nothing)
    if base is None:
        return
    yield "| kind | edges | size | CPU seconds | microseconds per edge | relative to 1,000 edges | memory / file size | with the interpreter |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for kind in KINDS:
        count, first = (
            1000,
            0.0,
        )  # the least that shows above the empty graph's time is what the others are held against
        while count <= most:
            path = write(kind, count, folder)
            size = path.stat().st_size
            found = measure(TOOLS[0], path, repeat=5 if count < 100_000 else 1, limit=3600)
            if found is None:
                yield f"| {kind} | {count:,} | {_size(size)} | – | | | | |"
            else:
                each = (found.busy - base.busy) / count * 1e6 if found.busy > 1.5 * base.busy else 0.0
                first = first or each
                grown = f"{each:.0f} | {each / first:.2f}" if each else "– | –"
                own = (found.memory - base.memory) / size
                yield (
                    f"| {kind} | {count:,} | {_size(size)} | {found.busy:.2f} | {grown} | {own:.0f} | {found.memory / size:.0f} |"
                )
            path.unlink()
            count *= 10


def _editor(path: Path) -> Iterator[str]:
    """When the language server has what, after a change: what the editor shows first must not wait for all rules."""
    from dotlint.server.analysis import do, warm_up  # noqa: PLC0415 - needs pygls
    from dotlint.server.messages import EditorOptions, Job, Message  # noqa: PLC0415

    arrived: dict[str, float] = {}
    job = Job("read", path.read_text("utf-8"), str(path), EditorOptions())

    def take(message: Message) -> None:
        arrived[type(message).__name__] = time.process_time() - began  # the last of several

    warm_up()
    began = time.process_time()
    do(job, take)
    whole = arrived["Report"]
    yield f"| in the editor, {_size(path.stat().st_size)} | CPU seconds | relative to all findings |"
    yield "|---|---:|---:|"
    for name, title in (
        ("ParsedText", "names, folds and colors"),
        ("EarlyReport", "findings of the fast rules"),
        ("Report", "all findings, with fixes"),
        ("Suppressions", "suppression comments"),
        ("Understood", "semantic tokens and inlay hints"),
        ("NodePages", "hovers of all nodes"),
    ):
        yield f"| {title} | {arrived[name]:.2f} | {arrived[name] / whole:.2f} |"


def _many(folder: Path) -> Iterator[str]:
    """A thousand files: one process, two, and a second run from the cache."""
    source = folder / "many"
    source.mkdir()
    for at in range(1000):
        shutil.copyfile(FIXTURE, source / f"g{at}.dot")
        with (source / f"g{at}.dot").open("a") as file:
            file.write(f"// {at}\n")
    os.environ["DOTLINT_CACHE_DIR"] = str(folder / "cache")
    base = (sys.executable, "-m", "dotlint", "check", "--isolated", "--format", "json", "-s", "pp4ep4tp2sp2")
    runs = [
        ("one process", (*base, "--no-cache", "--jobs", "1")),
        ("two processes", (*base, "--no-cache", "--jobs", "2")),
        ("two processes, cold cache", (*base, "--jobs", "2")),
        ("two processes, warm cache", (*base, "--jobs", "2")),
    ]
    yield "| a thousand files | seconds | relative to one process |"
    yield "|---|---:|---:|"
    first: Measure | None = None
    for name, command in runs:
        found = measure(Tool(name, command, "dotlint"), source, repeat=1)
        first = first or found
        if found and first:
            yield f"| {name} | {found.seconds:.1f} | {found.seconds / first.seconds:.2f} |"


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("-o", "--output", type=Path)
    options.add_argument("--corpus", type=Path, help="a folder of DOT files to measure on as well")
    options.add_argument("--most", type=int, default=1_000_000, help="edges of the largest generated file")
    given = options.parse_args()
    lines: list[str] = []

    def say(rows: Iterator[str]) -> None:
        for row in rows:
            print(row, flush=True)
            lines.append(row)
        print()
        lines.append("")

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        say(_machine())
        say(_start(FIXTURE))
        big = write("deployment", 10_000, folder)
        say(_against([big], f"a generated deployment, {_size(big.stat().st_size)}"))
        say(_editor(write("deployment", 5_000, folder)))
        if given.corpus:
            files = sorted(given.corpus.glob("*.dot"), key=lambda path: path.stat().st_size)
            largest = next((p for p in reversed(files) if measure(TOOLS[2], p, repeat=1)), files[-1])
            say(_against([largest], f"the largest hand-made file, {_size(largest.stat().st_size)}"))
        say(_growth(folder, given.most))
        say(_many(folder))
    if given.output:
        # A document says by a comment where the tables stand in it: what is behind it is written anew.
        before, mark, _ = given.output.read_text("utf-8").partition(MARK) if given.output.exists() else ("", "", "")
        kept = f"{before}{mark}\n\n" if mark else ""
        given.output.write_text(kept + "\n".join(lines).rstrip() + "\n", "utf-8")


if __name__ == "__main__":
    main()
