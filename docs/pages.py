"""Generate a page for every rule from its card during the site build, and add all pages to the navigation."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

from dotlint.engine.own_cards import own_cards
from dotlint.engine.sections import SECTIONS
from dotlint.report.cards import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.structure.files import Files

    from dotlint.engine.card import Card

_FIX = {
    "safe": "safe: the author's intention is certain",
    "unsafe": "unsafe: may change the meaning; apply with `--unsafe-fixes`",
    None: "none",
}


def on_config(config: Any) -> Any:  # noqa: ANN401 - mkdocs defines the type
    """Add the rules, a section for each category, and the maintainers' pages that mkdocs.yml does not list."""
    maintaining = next(entry["Maintaining"] for entry in config["nav"] if "Maintaining" in entry)
    listed = {path for entry in maintaining for path in entry.values()}
    docs = Path(config["docs_dir"])
    pages = [path.relative_to(docs).as_posix() for path in sorted((docs / "maintain").rglob("*.md"))]
    maintaining += [page for page in pages if page not in listed and "/decisions/" not in page]
    maintaining.append({"Decisions": [page for page in pages if "/decisions/" in page]})
    rules: list[Any] = [{"All rules": "rules/index.md"}]
    for letter, cards in groupby(own_cards(), key=lambda card: card.code[0]):
        section = [{f"{card.code} {card.name}": f"rules/{card.code}.md"} for card in cards]
        rules.append({f"{letter}: {CATEGORIES[letter]}": section})
    config["nav"].append({"Rules": rules})
    return config


def on_files(files: Files, config: Any) -> Files:  # noqa: ANN401 - mkdocs defines the type
    """Add the list of rules and a page for each rule."""
    pages = {"rules/index.md": "\n".join(_index())}
    pages |= {f"rules/{card.code}.md": "\n".join(_page(card)) for card in own_cards()}
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def _index() -> Iterator[str]:
    yield "# Rules\n"
    for letter, cards in groupby(own_cards(), key=lambda card: card.code[0]):
        yield f"\n## {letter}: {CATEGORIES[letter]}\n\n| code | name | severity | fix | finding |\n|---|---|---|---|---|"
        for card in cards:
            link = f"[{card.code}]({card.code}.md)"
            yield f"| {link} | {card.name} | {card.severity} | {card.fix or '–'} | {_cell(card.summary)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _page(card: Card) -> Iterator[str]:
    yield f"# {card.code} {card.name}\n\n{_cell(card.summary)[:1].upper()}{_cell(card.summary)[1:]}.\n"
    yield f"{_cell(card.why)}\n"
    yield "| | |\n|---|---|"
    yield f"| severity | {card.severity} |"
    for name, variant in card.outcomes.items():
        changes = [f"{key}: {value}" for key in ("severity", "fix", "section") if (value := getattr(variant, key))]
        yield f"| outcome {name} | {', '.join(changes)} |"
    yield f"| fix | {_FIX[card.fix]} |\n| section of the report | {SECTIONS[card.section]} |"
    yield f"| presets | {', '.join(card.presets)} |"
    if card.aliases:
        yield f"| earlier names | {', '.join(card.aliases)} |"
    if card.needs:
        yield f"| needs | {' and '.join(card.needs)} |"
    for name, value in card.parameters.items():
        yield f"| parameter `{name}` | `{_cell(str(value))}` |"
    for example in card.examples:
        given = f" (strategy `{example.strategy}`)" if example.strategy else ""
        for title, text in (
            ("Reported", example.bad),
            ("After the fix", example.fixed),
            ("Not reported", example.good),
        ):
            if text:
                yield f"\n## {title}{given}\n\n``````dot\n{text.strip()}\n``````"
