"""Text of a DOT file for a picture: short lines without anything that Graphviz or a browser interprets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.deployment.words import label_lines
from dotlint.syntax.tree import Html
from dotlint.text.display import visible
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.graph.model import Node

MOST_LINES = 6
MOST_CHARACTERS = 44
_FIELDS = regex(r"(?<!\\)[|{}]")
_PORT = regex(r"^\s*<[^<>]*>\s*")
_TENSOR = regex(r"^\s*(?:[A-Za-z]+\s)?(?:in|out)(?:put)?\d*\b[^:]*:\s*\S|^[^\w\[]*\[[^\]]*\]\s*$", re.IGNORECASE)
_SLUG = regex(r"[^A-Za-z0-9_.]+")


def node_lines(node: Node) -> list[str]:
    r"""Return the lines of a node's label: with escapes and entities resolved, without markup and record fields."""
    label = node.attributes.get("label", "\\N")
    if not isinstance(label, Html):
        label = label.replace("\\N", node.name).replace("\\G", node.graph.name or "")
        if "record" in node.attributes.get("shape", "").lower():
            fields = (_PORT.sub("", field) for field in _FIELDS.split(label))
            label = "\n".join(field for field in fields if field.strip())
    return plain_lines(label) or plain_lines(node.name) or [node.name]


def plain_lines(label: str) -> list[str]:
    r"""Return the lines of any label; `\l` and `\r` end a line like `\n`. Only HTML-like labels lose their tags."""
    if not isinstance(label, Html):
        label = label.replace("<", "&lt;")
    unescaped = (_unescaped(line) for line in label_lines(label))
    return [visible(line).strip() for line in unescaped if line.strip()]


def _unescaped(line: str) -> str:
    return re.sub(r"\\(.)", r"\1", line) if "\\" in line else line


def shortened(lines: list[str], *, full: bool) -> tuple[str, ...]:
    """Shorten a label for a picture; without `full`, only its title has the tensor dimensions."""
    kept = lines if full else [line for line in lines if not _TENSOR.match(line)] or lines[:1]
    most = 4 * MOST_LINES if full else MOST_LINES
    short = [cut(line, 2 * MOST_CHARACTERS if full else MOST_CHARACTERS) for line in kept[:most]]
    return tuple(short if len(kept) <= most else [*short[:-1], "…"])


def cut(line: str, most: int = MOST_CHARACTERS) -> str:
    """Cut a line to at most `most` characters."""
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def slug(text: str) -> str:
    """Return the letters and digits of a text for an id, with hyphens for everything else."""
    return _SLUG.sub("-", text).strip("-")[:60] or "x"
