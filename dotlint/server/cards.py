"""A rule's card as Markdown, for hovers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.report.markdown import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card

_FIXES = {"safe": "safe", "unsafe": "unsafe: it may change the meaning", None: "none"}


def rule_markdown(card: Card) -> str:
    """Return the summary of the rule, the reason for it, and an example."""
    return "\n".join(_markdown_lines(card))


def fenced(text: str, language: str = "") -> str:
    """Return a text as a fenced code block; the fence is longer than any in the text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _markdown_lines(card: Card) -> Iterator[str]:
    yield f"**{card.code} {card.name}**: {escape(card.summary)}"
    yield ""
    yield escape(card.why)
    yield ""
    yield f"severity: {card.severity}; fix: {_FIXES[card.fix]}"
    example = next((one for one in card.examples if one.bad), None)
    if example is not None and example.bad:
        yield from ("", "bad:", "", fenced(example.bad, "dot"))
        if example.fixed:
            yield from ("", "fixed:", "", fenced(example.fixed, "dot"))
