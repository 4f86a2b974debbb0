"""The pictures of docs/silent-failures.md: what Graphviz draws of each file there, and what was meant."""

from __future__ import annotations

import base64
import os
import re
import struct
import tempfile
import zlib
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import dotlint
from dotlint.picture.engines import draw

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).with_name("silent-failures.md")
_BLOCK = re.compile(r"^```dot\n(.*?)^```", re.MULTILINE | re.DOTALL)
_RULE = re.compile(r"\[([AN]\d{3})\]\(rules/")
_FONT = 'fontname="sans-serif"'
_ICON = "router.png"


class Failure(NamedTuple):
    """A section of the page: the rule, the file that Graphviz draws wrongly, and the file that was meant."""

    code: str
    drawn: str
    meant: str


def failures() -> Iterator[Failure]:
    """Give the sections with a file; what was meant is the second file of a section, or else what the fix writes."""
    for section in PAGE.read_text("utf-8").split("\n## ")[1:]:
        blocks, rule = _BLOCK.findall(section), _RULE.search(section)
        if blocks and rule:
            code = rule[1]
            yield Failure(
                code, blocks[0], blocks[1] if blocks[1:] else dotlint.fix(blocks[0], unsafe=True, select=[code]).text
            )


def pictures() -> Iterator[tuple[str, str]]:
    """Give the name and the SVG of each picture."""
    for code, drawn, meant in failures():
        yield f"{code}-drawn.svg", picture(drawn)
        yield f"{code}-meant.svg", picture(meant)


def picture(text: str) -> str:
    """Give the SVG that Graphviz draws of a text, without what differs from run to run, and with its image in it."""
    styled = text.replace("{", f"{{ graph [{_FONT}] node [{_FONT}] edge [{_FONT}] ", 1)
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        Path(_ICON).write_bytes(_icon())
        svg = draw(styled, "svg", time_limit=60).decode()
    inside = f"data:image/png;base64,{base64.b64encode(_icon()).decode()}"
    svg = svg[svg.index("<svg") :].replace(f'xlink:href="{_ICON}"', f'xlink:href="{inside}"')
    return re.sub(r"<!--.*?-->\n?", "", svg, flags=re.DOTALL).replace(os.linesep, "\n")


def _icon() -> bytes:
    """Give a small PNG: a blue disk."""
    size = 40
    rows = b"".join(
        b"\0" + bytes(
            channel
            for x in range(size)
            for channel in ((40, 110, 200) if (2 * x - size) ** 2 + (2 * y - size) ** 2 < size**2 else (255, 255, 255))
        )
        for y in range(size)
    )  # fmt: skip
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    written = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)
