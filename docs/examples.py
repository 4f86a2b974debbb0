"""Write the outputs of the examples in README, docs/tensors.md and docs/memory.md again: `python -m docs.examples`.

In README and docs/memory.md, a `toml` block with a title is a strategy file, and a `console` block a command with its
output.

In docs/tensors.md, an example is a `dot` block, which has no finding, a `diff` block with one mistake in it, and a
`text` block with the findings of the changed file, as `--format concise` prints them. A finding with several locations
is shown at the first.
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dotlint.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parent / "tensors.md"
PLANS = Path(__file__).parent / "memory.md"
README = Path(__file__).parents[1] / "README.md"
_PLAN = re.compile(r'^```toml title="(?P<name>[\w.]+)"\n(?P<text>.*?)^```\n', re.MULTILINE | re.DOTALL)
_CONSOLE = re.compile(r"^```console\n\$ dotlint (?P<command>.*)\n(?P<output>(?:.*\n)*?)```\n", re.MULTILINE)
_EXAMPLE = re.compile(
    r'^```dot title="(?P<name>[\w.]+)"\n(?P<right>.*?)^```\n(?P<between>.*?)'
    r"^```diff\n(?P<change>.*?)^```\n\n```text\n(?P<found>.*?)^```\n",
    re.MULTILINE | re.DOTALL,
)


def examples(page: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield the name, the correct text, the text with the mistake, and the findings that the page prints."""
    for match in _EXAMPLE.finditer(page):
        yield match["name"], match["right"], changed(match["right"], match["change"]), match["found"]


def findings(name: str, text: str) -> str:
    """Return the findings of a file as the page prints them."""
    out = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(text, "utf-8")
        main(["check", str(path), "--isolated", "--no-cache", "--format", "concise"], stdout=out, stderr=io.StringIO())
    lines: dict[str, str] = {}
    for line in out.getvalue().splitlines()[:-1]:  # the last one counts the problems
        place, _, finding = line.partition(": ")
        lines.setdefault(finding, f"{name}{place.removeprefix(str(path))}: {finding}\n")
    return "".join(lines.values())


def changed(text: str, change: str) -> str:
    """Apply a change: each run of lines with `-` is replaced by the lines with `+` that follow; blank lines separate runs."""
    for hunk in re.finditer(r"((?:^-.*\n)+)((?:^\+.*\n)*)", change, re.MULTILINE):
        old, new = ("".join(line[1:] for line in lines.splitlines(keepends=True)) for lines in hunk.groups())
        if text.count(old) != 1:
            message = f"the example has no such lines, or several: {old}"
            raise ValueError(message)
        text = text.replace(old, new)
    return text


def rewritten(page: str) -> str:
    """Return the page with the findings as they are now."""

    def renew(match: re.Match[str]) -> str:
        found = findings(match["name"], changed(match["right"], match["change"]))
        return match[0][: match.start("found") - match.start()] + found + "```\n"

    return _EXAMPLE.sub(renew, page)


def with_outputs(page: str) -> str:
    """Return a page with the output of each command as it is now."""

    def renew(match: re.Match[str]) -> str:
        out = io.StringIO()
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            for plan in _PLAN.finditer(page):
                Path(plan["name"]).write_text(plan["text"], "utf-8")
            Path("docs").mkdir()
            shutil.copyfile(README.parent / "docs/two_stages.dot", "docs/two_stages.dot")
            main(match["command"].split(), stdout=out, stderr=io.StringIO())
        return f"```console\n$ dotlint {match['command']}\n{out.getvalue()}```\n"

    return _CONSOLE.sub(renew, page)


if __name__ == "__main__":
    README.write_text(with_outputs(README.read_text("utf-8")), "utf-8")
    PLANS.write_text(with_outputs(PLANS.read_text("utf-8")), "utf-8")
    PAGE.write_text(rewritten(PAGE.read_text("utf-8")), "utf-8")
