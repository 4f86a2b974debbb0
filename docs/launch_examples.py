"""Write the strategy files of the examples in docs/engines/ again: `python -m docs.launch_examples`.

An example is a block with the title "ENGINE FILE" and a `toml` block with what `dotlint strategy --from ENGINE FILE -o -`
writes.
"""

from __future__ import annotations

import io
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dotlint.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES = sorted((Path(__file__).parent / "engines").glob("*.md"))
_EXAMPLE = re.compile(
    r'^```\w+ title="(?P<engine>[\w-]+) (?P<name>[\w.]+)"\n(?P<text>.*?)^```\n\n```toml\n(?P<found>.*?)^```\n',
    re.MULTILINE | re.DOTALL,
)
_FILE = re.compile(r'^```\w+ title="(?:[\w-]+ )?(?P<name>[\w.]+)"\n(?P<text>.*?)^```', re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ dotlint (.*)$", re.MULTILINE)


def files(page: str) -> Iterator[tuple[str, str]]:
    """Yield the name and text of each file that a page shows."""
    for match in _FILE.finditer(page):
        yield match["name"], match["text"]


def commands(page: str) -> list[str]:
    """Return the commands of a page, in order."""
    return _COMMAND.findall(page)


def written(engine: str, name: str, text: str) -> str:
    """Return the strategy file that a file with launch options means, as the page prints it."""
    out = io.StringIO()
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_text(text, "utf-8")
        os.chdir(folder)  # the page names the file alone
        try:
            main(["strategy", "--from", engine, name, "-o", "-"], stdout=out, stderr=io.StringIO())
        finally:
            os.chdir(before)
    return out.getvalue()


def rewritten(page: str) -> str:
    """Return the page with the strategy files as they are now."""

    def renew(match: re.Match[str]) -> str:
        found = written(match["engine"], match["name"], match["text"])
        return match[0][: match.start("found") - match.start()] + found + "```\n"

    return _EXAMPLE.sub(renew, page)


if __name__ == "__main__":
    for each in PAGES:
        each.write_text(rewritten(each.read_text("utf-8")), "utf-8")
