"""The output of `dotlint rules` and `dotlint rule`, made from the cards."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

from dotlint.engine.sections import SECTIONS
from dotlint.engine.select import matching
from dotlint.text.toml import as_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.engine.card import Card

CATEGORIES = {
    "E": "syntax: the file is not valid DOT",
    "N": "names and statements",
    "A": "Graphviz attributes",
    "G": "graph structure",
    "S": "stages and patterns",
    "P": "strategy",
    "M": "memory",
    "D": "devices",
    "F": "tensor flow: placements and shapes along edges",
    "T": "tensor dimensions",
    "C": "communication",
    "H": "phases",
    "V": "visual conventions",
    "X": "configuration and dotlint itself",
}

_LEAST = 24  # columns for a summary beside the name of its rule
_INDENT = " " * 8


def table(cards: Sequence[Card], *, width: int, form: str) -> str:
    """Return the rules by category, each with code, name, severity, fix and summary; `form` is `text` or `json`."""
    if form == "json":
        return json.dumps([_summary(card) for card in cards], indent=2) + "\n"
    return "".join(line + "\n" for line in _table_lines(cards, width))


def _summary(card: Card) -> dict[str, object]:
    return {
        "code": card.code, "name": card.name, "severity": card.severity, "summary": card.summary,
        "fix": card.fix, "needs": list(card.needs), "presets": list(card.presets),
    }  # fmt: skip


def _table_lines(cards: Sequence[Card], width: int) -> Iterable[str]:
    last = ""
    wide = max(len(card.name) for card in cards)
    for card in cards:
        if card.code[0] != last:
            yield from ([""] if last else [])
            last = card.code[0]
            yield f"{last}  {CATEGORIES.get(last, 'other rules')}"
        head = f"  {card.code}  {card.name:<{wide}}  {card.severity:<7}  {card.fix or '-':<6}  "
        needs = f" (needs {' and '.join(card.needs)})" if card.needs else ""
        if width - len(head) < _LEAST:
            yield from textwrap.wrap(" ".join(head.split()), width, initial_indent="  ", subsequent_indent=_INDENT)
            yield from textwrap.wrap(
                card.summary + needs, max(_LEAST, width), initial_indent=_INDENT, subsequent_indent=_INDENT
            )
            continue
        first, *rest = textwrap.wrap(card.summary + needs, width - len(head)) or [""]
        yield head + first
        yield from (" " * len(head) + line for line in rest)


def pages(name: str, cards: Sequence[Card], *, width: int) -> str:
    """Return the description of the rule of a code or name, or the list of the rules of a prefix.

    Raises `SelectionError` if there are none.
    """
    found = matching(name, cards)
    exact = [card for card in found if name.upper() == card.code or name.lower() in card.names]
    if exact or len(found) == 1:
        return page((exact or found)[0], width=width)
    return "".join(f"{card.code} {card.name}: {card.summary}\n" for card in found)


def page(card: Card, *, width: int) -> str:
    """Return the description of one rule, with its examples."""
    wrap = textwrap.TextWrapper(width=min(width, 96), break_long_words=False, break_on_hyphens=False)
    lines = [f"{card.code} {card.name}", "", *wrap.wrap(card.summary), "", *wrap.wrap(card.why), ""]
    lines.append(f"severity: {card.severity}")
    for name, variant in card.outcomes.items():
        if variant.severity:
            lines.append(f"          {variant.severity} for the outcome {name}")
    fix = {
        "safe": "safe: the author's intent is certain",
        "unsafe": "unsafe: it may change the meaning",
        None: "none",
    }[card.fix]
    lines += [
        f"fix:      {fix}",
        f"section:  {SECTIONS[card.section]}",
        f"presets:  {', '.join(card.presets)}",
    ]
    if card.since:
        lines.append(f"since:    {card.since} ({card.stability})")
    if card.needs:
        lines.append(f"needs:    {' and '.join(card.needs)}")
    for key, value in card.parameters.items():
        lines.append(f"parameter {key} = {as_toml(value)}")
        lines += textwrap.wrap(
            card.parameter_help.get(key, ""), wrap.width, initial_indent="          ", subsequent_indent="          "
        )
    for example in card.examples:
        command = (
            f" --strategy {example.strategy}"
            if example.strategy
            else " --strategy example.toml"
            if example.toml
            else ""
        )
        texts = (
            ("example.toml", example.toml),
            (f"bad{command}", example.bad),
            ("fixed", example.fixed),
            (f"good{command}", example.good),
        )
        for title, text in texts:
            if text:
                lines += ["", f"{title}:", "", textwrap.indent(text.rstrip("\n"), "    ")]
    return "\n".join(lines) + "\n"
