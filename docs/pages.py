"""Writes a page for every rule from its card, while the site is built; nothing of it is kept in the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

from dotlint.engine.card import own_cards
from dotlint.engine.sections import SECTIONS
from dotlint.report.cards import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.structure.files import Files

    from dotlint.engine.card import Card

_FIX = {"safe": "safe: what the author meant is certain", "unsafe": "unsafe: a guess, opt-in", None: "none"}


def on_files(files: Files, config: Any) -> Files:  # noqa: ANN401 - mkdocs' own way
    """Add the list of the rules and their pages."""
    pages = {"rules/index.md": "\n".join(_index())}
    pages |= {f"rules/{card.code}.md": "\n".join(_page(card)) for card in own_cards()}
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def _index() -> Iterator[str]:
    yield "# Rules\n"
    last = ""
    for card in own_cards():
        if card.code[0] != last:
            last = card.code[0]
            yield f"\n## {last}: {CATEGORIES[last]}\n\n| | | severity | fix | |\n|---|---|---|---|---|"
        yield f"| [{card.code}]({card.code}.md) | {card.name} | {card.severity} | {card.fix or '–'} | {_cell(card.summary)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _page(card: Card) -> Iterator[str]:
    yield f"# {card.code} {card.name}\n\n{_cell(card.summary)[:1].upper()}{_cell(card.summary)[1:]}.\n"
    yield f"{_cell(card.why)}\n"
    yield "| | |\n|---|---|"
    yield f"| severity | {card.severity} |"
    for name, variant in card.outcomes.items():
        said = [f"{key}: {value}" for key in ("severity", "fix", "section") if (value := getattr(variant, key))]
        yield f"| for the outcome {name} | {', '.join(said)} |"
    yield f"| fix | {_FIX[card.fix]} |\n| section of the report | {SECTIONS[card.section]} |"
    yield f"| presets | {', '.join(card.presets)} |"
    if card.needs:
        yield f"| needs | {' and '.join(card.needs)} |"
    for name, value in card.parameters.items():
        yield f"| parameter `{name}` | `{_cell(str(value))}` |"
    for example in card.examples:
        given = f" (strategy `{example.strategy}`)" if example.strategy else ""
        for title, text in (
            ("It finds", example.bad),
            ("Its fix writes", example.fixed),
            ("It leaves alone", example.good),
        ):
            if text:
                yield f"\n## {title}{given}\n\n``````dot\n{text.strip()}\n``````"
