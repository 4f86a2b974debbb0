"""Write the answers in docs/agents.md again: `python -m docs.agent_examples`.

The page has a file (a `dot` block with a title), calls (a `json` block with the name of the tool as its title) with
their answers (a `text` block), and edits of the file between them (a `diff` block).
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mcp import Client
from mcp.types import TextContent

from docs.examples import changed
from dotlint.mcp.server import make_server

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")
PAGE = Path(__file__).parent / "agents.md"
_SHOWN = "/home/you/graphs"
_PART = re.compile(
    r'^```dot title="(?P<name>[\w.]+)"\n(?P<file>.*?)^```\n'
    r'|^```json title="(?P<tool>\w+)"\n(?P<arguments>.*?)^```\n\n```text\n(?P<answer>.*?)^```\n'
    r"|^```diff\n(?P<change>.*?)^```\n",
    re.MULTILINE | re.DOTALL,
)


def rewritten(page: str) -> str:
    """Return the page with the answers as they are now."""
    with tempfile.TemporaryDirectory() as folder:
        return finished(_rewritten(page, Path(folder).resolve()))


def finished(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread of its own, because the calling one may run an event loop already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def _rewritten(page: str, folder: Path) -> str:
    pieces: list[str] = []
    at = 0
    file = folder
    async with Client(make_server((str(folder),))) as client:
        for match in _PART.finditer(page):
            if match["name"]:
                file = folder / match["name"]
                file.write_text(match["file"], "utf-8")
            elif match["change"]:
                file.write_text(changed(file.read_text("utf-8"), match["change"]), "utf-8")
            else:
                answer = await _answer(client, match["tool"], json.loads(match["arguments"]))
                pieces += [page[at : match.start("answer")], answer.replace(str(folder), _SHOWN)]
                at = match.end("answer")
    return "".join(pieces) + page[at:]


async def _answer(client: Client, tool: str, arguments: dict[str, Any]) -> str:
    result = await client.call_tool(tool, arguments)
    return "".join(f"{part.text.rstrip()}\n" for part in result.content if isinstance(part, TextContent))


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text("utf-8")), "utf-8")
