"""The values that a file gives to the symbols in its shapes: `H = 4096` in a legend, a title or a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.deployment.sizes import read_size
from dotlint.deployment.words import label_lines
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.deployment.axis_comparison import Symbols
    from dotlint.deployment.model import Deployment
    from dotlint.graph.document import Document

_GIVEN = regex(
    r"(?<![\w./\[*×-])(?P<symbol>[^\W\d]\w{0,40})\s?(?:[=:：]|is)\s?"
    r"(?P<value>(?:\d{1,3}(?:,\d{3})+|\d[\d_]{0,15})[kKM]?)(?![\w/*×]|\.\d|\s[/*×])",
)
_LONGEST = 8192  # characters read per text


def symbols(texts: Iterable[str]) -> Symbols:
    """Return the symbols to which the texts give one value; those with several values are ambiguous and left out."""
    found: dict[str, set[int]] = {}
    for text in texts:
        for given in _GIVEN.finditer(text[:_LONGEST]):
            size = read_size(given["value"])
            if size is not None and size.whole:
                found.setdefault(given["symbol"].lower(), set()).add(size.whole)
    return tuple(sorted((symbol, min(values)) for symbol, values in found.items() if len(values) == 1))


def explaining_texts(document: Document, deployments: Iterable[Deployment]) -> Iterable[str]:
    """Yield the texts of a file that explain it: comments, titles of graphs and clusters, and notes and legends."""
    text = document.text
    for comment in document.comments:
        yield text[comment.start : comment.end]
    for deployment in deployments:
        graph = deployment.graph
        yield "\n".join(label_lines(graph.attributes.get("label", "")))
        for subgraph in graph.subgraphs:
            yield "\n".join(label_lines(subgraph.own_attributes.get("label", "")))
        for reading in deployment.readings:
            if reading.annotation:
                yield "\n".join(reading.evidence.lines)
