"""Generate the pictures of README and documents: `python -m docs.pictures`.

The report and the graph are SVG, of docs/two_stages.dot, and so are the pictures of docs/silent-failures.md, of
its files. The plans of docs/new.md are drawn by Graphviz, whose `dot` must be on the PATH. Playwright takes the
screenshot of the page, of a fixture, in the Chromium on the PATH. Without Playwright or Chromium, the screenshot does
not change.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from docs import silent_failures
from dotlint.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs/images"
_WIDTH = 96
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def example() -> Iterator[Path]:
    """Change to a temporary folder with docs/two_stages.dot, and give the folder."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            shutil.copyfile(ROOT / "docs/two_stages.dot", "two_stages.dot")
            yield Path(folder)
        finally:
            os.chdir(before)


def report() -> str:
    """Give the report of the example as SVG, as a terminal shows it, without external fonts."""
    from rich import terminal_theme  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    out = io.StringIO()
    terminal = {"FORCE_COLOR": "1", "FORCE_HYPERLINK": "0", "COLUMNS": str(_WIDTH)}
    with example(), patch.dict(os.environ, terminal):
        os.environ.pop("NO_COLOR", None)
        _run("check", "two_stages.dot", "--no-cache", out=out)
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), highlight=False, legacy_windows=False)
    console.print(Text.from_ansi(out.getvalue()), soft_wrap=False)
    svg = console.export_svg(
        title="dotlint check two_stages.dot", theme=terminal_theme.DIMMED_MONOKAI, unique_id="report"
    )
    svg = re.sub(r"\s*<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).replace("Fira Code", "ui-monospace")
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def graph() -> str:
    """Give the picture that `dotlint render` makes of the example."""
    with example() as folder:
        _run("render", "two_stages.dot", "--isolated", "-o", "graph.svg", out=io.StringIO())
        return (folder / "graph.svg").read_text("utf-8")


PLANS = {
    "plan-stages.svg": ("-s", "pp4ep4tp2sp2", "--detail", "stage"),
    "plan-layers.svg": ("-s", "prefill=tp2;decode=tp4", "--detail", "layer", "--style", "clusters"),
    "plan-operators.svg": ("-s", "ep2tp2", "--style", "clusters"),
}


def plan(*options: str) -> str:
    """Give the picture that Graphviz makes of a plan that `dotlint new` draws."""
    out = io.StringIO()
    _run("new", *options, out=out)
    dot = shutil.which("dot")
    assert dot is not None, "needs Graphviz"
    done = subprocess.run([dot, "-Tsvg"], input=out.getvalue().encode(), capture_output=True, check=True)  # noqa: S603
    return re.sub(r"<!--.*?-->\n?", "", done.stdout.decode("utf-8"), flags=re.DOTALL)


def page() -> bytes | None:
    """Take a screenshot of the page of a fixture; None without a browser."""
    chromium = next((found for name in _CHROMIUM if (found := shutil.which(name))), None)
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415
    except ImportError:
        return None
    if chromium is None:
        return None
    with example() as folder, sync_playwright() as runner:
        shutil.copyfile(ROOT / "tests/fixtures/moe_two_phases.dot", "moe_two_phases.dot")
        options = ("-s", "pp4ep4tp2sp2", "--isolated", "--no-cache", "-f", "html", "-o", "page.html")
        _run("check", "moe_two_phases.dot", *options, out=io.StringIO())
        browser = runner.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        tab.goto((folder / "page.html").as_uri())
        tab.wait_for_timeout(500)
        taken = tab.screenshot(type="png")
        browser.close()
    return bytes(taken)


def _run(*arguments: str, out: io.StringIO) -> None:
    err = io.StringIO()
    status = main(list(arguments), io.BytesIO(), out, err)
    if status not in {0, 1}:
        raise SystemExit(err.getvalue())


def write() -> None:
    """Write all pictures."""
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / "report.svg").write_text(report(), "utf-8")
    (IMAGES / "graph.svg").write_text(graph(), "utf-8")
    for name, options in PLANS.items():
        (IMAGES / name).write_text(plan(*options), "utf-8")
    for name, svg in silent_failures.pictures():
        (IMAGES / name).write_text(svg, "utf-8")
    taken = page()
    if taken is None:
        sys.stderr.write("no screenshot of the page: install Playwright, and Chromium on the PATH\n")
    else:
        (IMAGES / "page.png").write_bytes(taken)


if __name__ == "__main__":
    write()
