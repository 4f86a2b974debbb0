"""The rules of a SARIF log, as GitHub shows them with their findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotlint.engine.sections import SECTIONS
from dotlint.report.links import page
from dotlint.text.display import visible
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.engine.card import Card

LEVELS: dict[str, str] = {"error": "error", "warning": "warning", "info": "note"}
_SEVERITIES: dict[str, str] = {"error": "error", "warning": "warning", "info": "recommendation"}
_PLACEHOLDER = regex(r"\{(\d+)\}")
_TICKS = regex(r"`+")


def rule_descriptor(card: Card) -> dict[str, Any]:
    """Return the `reportingDescriptor` of a rule."""
    address = page(card.code, card.name)
    return {
        "id": card.code,
        "name": "".join(word.capitalize() for word in card.name.split("-")),
        "shortDescription": sarif_message(card.summary),
        "fullDescription": sarif_message(*card.why.split("\n")),
        "help": {
            **sarif_message(*card.why.split("\n"), f"`dotlint rule {card.code}` has examples."),
            "markdown": _markdown(card, address),
        },
        **({"helpUri": address} if address else {}),
        "defaultConfiguration": {"level": LEVELS[card.severity]},
        "properties": {
            "tags": [SECTIONS[card.section]],
            "problem.severity": _SEVERITIES[card.severity],
            "precision": _precision(card),
        },
    }


def _precision(card: Card) -> str:
    """Return how sure a finding is, in GitHub's words.

    The reader decides whether a convention matters; that something is missing depends on how the graph is read.
    """
    if card.severity == "info" or card.convention is not None:
        return "medium"
    return "very-high" if card.claims_absence is None else "high"


def _markdown(card: Card, address: str | None) -> str:
    """Return the description of a rule in Markdown, with its first examples."""
    fix = {"safe": "`--fix`", "unsafe": "`--fix --unsafe-fixes`; review the changes", None: "none"}[card.fix]
    parts = [card.why, f"Severity: {card.severity}. Fix: {fix}."]
    bad = next((one for one in card.examples if one.bad), None)
    good = next((one.good for one in card.examples if one.good), None)
    for title, text in (
        ("Reported", bad and bad.bad),
        ("After the fix", bad and bad.fixed),
        ("Not reported", good),
    ):
        if text:
            fence = "`" * max(3, 1 + max(map(len, _TICKS.findall(text)), default=0))
            parts.append(f"{title}:\n\n{fence}dot\n{text.rstrip()}\n{fence}")
    parts.append(
        f"[{card.code} {card.name}]({address})" if address else f"`dotlint rule {card.code}` has all examples."
    )
    return "\n".join(map(visible, "\n\n".join(parts).split("\n")))


def sarif_message(*paragraphs: str) -> dict[str, str]:
    """Return a message; links and placeholders in the paragraphs are escaped (sections 3.11.5 and 3.11.6)."""
    text = "\n".join(visible(paragraph) for paragraph in paragraphs)
    return {"text": _PLACEHOLDER.sub(r"{{\1}}", text).replace("](", "] (")}
