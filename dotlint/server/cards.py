"""A rule's card as Markdown, for what an editor shows at a finding."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.report.markdown import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card

_FIXES = {"safe": "safe", "unsafe": "unsafe: a guess, to be read again", None: "none"}


def rule_markdown(card: Card) -> str:
    """Give what the rule finds, why it matters, and an example."""
    return "\n".join(_lines(card))


def fenced(text: str, language: str = "") -> str:
    """Give a text as a block of code that nothing in it can close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _lines(card: Card) -> Iterator[str]:
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
