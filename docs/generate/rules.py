"""The pages of the rules, from their cards."""

from __future__ import annotations

import re
import tomllib
from difflib import unified_diff
from itertools import groupby
from typing import TYPE_CHECKING, Any

import dotlint
from dotlint.engine.own_cards import own_cards
from dotlint.engine.sections import SECTIONS
from dotlint.report.cards import CATEGORIES
from dotlint.text.display import visible
from dotlint.text.toml import as_toml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card, Example

_FIX = {
    "safe": "[safe](../fixes.md): `--fix` applies it",
    "unsafe": "[unsafe](../fixes.md): `--fix --unsafe-fixes` applies it",
    "none": "none",
    None: "none",
}
_STABILITY = {
    "stable": "[stable](../versions.md#rules)",
    "preview": "[preview](../versions.md#rules): runs only if you select it, or with the preset `strict`",
}
_FEW = 6  # More rules of one check are a whole category, which the navigation shows.
_SUPPRESS = {
    "by-name": "Only a comment that names this rule suppresses it.",
    "never": "This finding cannot be suppressed: correct its cause.",
}


def pages() -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each page."""
    yield "rules/index.md", "\n".join(_index())
    for card in own_cards():
        yield f"rules/{card.code}.md", "\n".join(_page(card))


def navigation() -> list[Any]:
    """Return the entries of the navigation: all rules, then a section for each category."""
    found: list[Any] = ["rules/index.md"]
    for letter, cards in groupby(own_cards(), key=lambda card: card.code[0]):
        section = [{f"{card.code} {card.name}": f"rules/{card.code}.md"} for card in cards]
        found.append({f"{letter} · {CATEGORIES[letter].partition(':')[0]}": section})
    return found


def _index() -> Iterator[str]:
    yield "# All rules\n"
    yield (
        "`dotlint rules` prints this list, and `dotlint rule S001` one page. A rule with a safe fix is marked ✓, one "
        "with an unsafe fix ~. A [preview](../versions.md#rules) runs only on request."
    )
    for letter, cards in groupby(own_cards(), key=lambda card: card.code[0]):
        yield f"\n## {letter}: {CATEGORIES[letter]}\n\n| code | finds | severity | fix |\n|---|---|---|---|"
        for card in cards:
            mark = {"safe": "✓", "unsafe": "~", None: "some" if card.may_fix else ""}[card.fix]
            name = f"**{card.name}**" if card.stability == "stable" else f"**{card.name}** (preview)"
            summary = f"{name}<br>{_cell(card.summary)}"
            yield f"| [{card.code}]({card.code}.md) | {summary} | {card.severity} | {mark} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _linked(text: str, card: Card) -> str:
    """Return a text with links to the rules and pages that it names."""
    codes = {one.code for one in own_cards() if one is not card}
    text = re.sub(r"\b[A-Z]\d{3}\b", lambda m: f"[{m[0]}]({m[0]}.md)" if m[0] in codes else m[0], text)
    return re.sub(r"\bdocs/([\w-]+\.md)\b", r"[\1](../\1)", text)


def _page(card: Card) -> Iterator[str]:
    yield f"# {card.code} {card.name}\n\n{_cell(card.summary)[:1].upper()}{_cell(card.summary)[1:]}.\n"
    yield "| | |\n|---|---|"
    yield f"| since | {card.since} |\n| stability | {_STABILITY[card.stability]} |"
    yield f"| severity | {card.severity} |\n| fix | {_FIX[card.fix]} |"
    for name, variant in card.outcomes.items():
        changes = [f"severity {variant.severity}"] if variant.severity else []
        changes += [f"fix {_FIX[variant.fix]}"] if variant.fix else []
        changes += [f"in the section {SECTIONS[variant.section]}"] if variant.section else []
        yield f"| the case *{name.replace('-', ' ')}* | {', '.join(changes)} |"
    yield f"| presets | {', '.join(card.presets)} |\n| section of the report | {SECTIONS[card.section]} |"
    if card.needs:
        yield f"| needs | {_needs(card)} |"
    if card.aliases:
        yield f"| earlier names | {', '.join(card.aliases)} |"
    yield f"\n## Why this matters\n\n{_linked(_cell(card.why), card)}"
    for number, example in enumerate(bad := [example for example in card.examples if example.bad], 1):
        yield from _bad(card, example, f" {number}" if bad[1:] else "")
    for number, example in enumerate(good := [example for example in card.examples if example.good], 1):
        yield f"\n## Good{f' {number}' if good[1:] else ''}\n{_checked_with(example)}\n{_fenced(example.good or '')}"
    yield from _parameters(card)
    yield from _suppression(card)
    yield from _related(card)


def _needs(card: Card) -> str:
    texts = {
        "strategy": "a declared [strategy](../strategy.md)",
        "model": "facts about the [model](../strategy.md#strategy-files)",
    }
    facts = f": {', '.join(f'`{fact}`' for fact in card.model_facts)}" if card.model_facts else ""
    return " and ".join(texts[need] for need in card.needs) + facts + "; without it, the rule is skipped"


def _bad(card: Card, example: Example, number: str) -> Iterator[str]:
    text = example.bad or ""
    yield f"\n## Bad{number}\n{_checked_with(example)}\n{_fenced(text)}"
    yield from _reported(card, example)
    fixed = example.fixed or _fixed(card, example)
    if fixed:
        yield f"\n### What the fix writes{number}\n\n{_changes(text, fixed)}"


def _checked_with(example: Example) -> str:
    if example.strategy:
        return f"\nWith `--strategy {example.strategy}`:\n"
    return f"\nWith this strategy file:\n\n{_fenced(example.toml, 'toml')}\n" if example.toml else ""


def _fenced(text: str, language: str = "dot") -> str:
    lines = (visible(line) for line in text.strip("\n").split("\n"))
    return "\n".join((f"``````{language}", *lines, "``````"))


def _bytes(text: str) -> bytes:
    # A card writes bytes that are invalid in UTF-8 as surrogates.
    return text.encode("utf-8", "surrogateescape")


def _reported(card: Card, example: Example) -> Iterator[str]:
    """Yield what `--format concise` prints about the example."""
    found = dotlint.check(
        _bytes(example.bad or ""),
        strategy=_strategy(example),
        extend_select=[card.code],
        filename=example.filename,
        preset="strict",
    )
    lines = [f"{example.filename}:{one}" for one in found.findings if one.code == card.code]
    if lines:
        yield "\n" + _fenced("\n".join(lines), "text")


def _strategy(example: Example) -> dotlint.Strategy | str | None:
    table = tomllib.loads(example.toml) if example.toml else None
    return dotlint.Strategy.from_table(table, where="example.toml") if table else example.strategy


def _fixed(card: Card, example: Example) -> str | None:
    """Return what the fixes of this rule make of an example that does not state it."""
    if not card.may_fix:
        return None
    fixed = dotlint.fix(
        _bytes(example.bad or ""),
        unsafe=True,
        select=[card.code],
        strategy=_strategy(example),
        filename=example.filename,
    )
    return fixed.text if fixed.changed else None


def _changes(before: str, after: str) -> str:
    old, new = (text.strip("\n").split("\n") for text in (before, after))
    lines = list(unified_diff(old, new, n=2, lineterm=""))[2:]
    return _fenced("\n".join(line for line in lines if not line.startswith("@@")), "diff")


def _parameters(card: Card) -> Iterator[str]:
    if not card.parameters:
        return
    yield f"\n## Parameters\n\nSet them in a [configuration](../configuration.md), under `[rule.{card.code}]`:\n"
    for name, value in card.parameters.items():
        default = as_toml(value)
        yield f"`{name}`: {card.parameter_help[name]} Default: " + (
            f"`{default}`.\n" if len(default) < 80 else f"\n\n{_fenced(_long(name, value), 'toml')}\n"
        )


def _long(name: str, values: list[Any]) -> str:
    return "\n".join((f"{name} = [", *(f"  {as_toml(value)}," for value in values), "]"))


def _suppression(card: Card) -> Iterator[str]:
    yield "\n## Suppress it\n"
    if card.suppressible != "always":
        yield _SUPPRESS[card.suppressible]
    if card.suppressible == "never":
        return
    yield (
        f'In the file: `// dotlint: ignore[{card.code}] reason`. For a project: `ignore = ["{card.code}"]` in the '
        "[configuration](../configuration.md), or a [baseline](../suppression.md#baseline) for the findings of today."
    )


def _related(card: Card) -> Iterator[str]:
    cards = {one.code: one for one in own_cards()}
    causing = [one for one in cards.values() if card.code in one.causes]
    alike = [one for one in cards.values() if one.check == card.check and one is not card]
    alike = alike if len(alike) <= _FEW else []
    parts = (
        ("The fix may also remove findings of", [cards[code] for code in card.causes]),
        ("A finding may follow from one of", causing),
        ("The same check finds", alike),
    )
    if any(found for _, found in parts):
        yield "\n## Related rules\n"
    for text, found in parts:
        if found:
            yield f"- {text} {', '.join(f'[{one.code} {one.name}]({one.code}.md)' for one in found)}."
