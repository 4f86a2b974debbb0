"""A rule card to start from: one that is found wrong by its example from the first moment."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from dotlint.checks.parameterized import PARAMETERS, examples
from dotlint.engine.card import CardError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.engine.card import Card


def look_at_names(code: str, name: str, cards: Sequence[Card]) -> None:
    """Raise `CardError` where a new card may not have this code or this name."""
    if not re.fullmatch(r"[A-Z]{1,8}\d{3}", code):
        near = re.sub(r"[^A-Z]", "", code.upper())[:8] or "ACME"
        raise CardError(f"`{code}` is no code; one is one to eight capitals and three digits, such as {near}001")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        near = (
            "-".join(re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower())) or "label-required"
        )
        raise CardError(
            f"`{name}` is no name; one is words in lower case joined by hyphens, such as {near.lstrip('0123456789-')}"
        )
    for card in cards:
        if code == card.code or name in card.names:
            raise CardError(f"there is a rule {card.code} {card.name}; take a code and a name that are free")
        if len(code) == 4 and code[0] == card.code[0] and len(card.code) == 4:
            raise CardError(
                f"codes with `{code[0]}` and three digits are dotlint's own; take more letters, such as ACME{code[1:]}"
            )


def card_text(code: str, name: str, check: str) -> str:
    """Write a card for a check that takes parameters, every one named, those not in use as comments."""
    example = examples()[check]
    given: dict[str, Any] = example["parameters"]
    lines = [
        f"# A rule of your own. `dotlint rule {code}` shows it.",
        f"code = {json.dumps(code)}",
        f"name = {json.dumps(name)}",
        'summary = "what the rule finds, in one line"',
        f"check = {json.dumps(check)}",
        'severity = "warning"              # or error, info',
        'section = "attributes"            # where the report tells it',
        'why = "Why it matters to who reads the file."',
        "",
        "[parameters]",
    ]
    for key, parameter in PARAMETERS[check].items():
        told = f"  # {parameter.about}" + (f": {', '.join(parameter.choices)}" if parameter.choices else "")
        if key in given:
            lines.append(f"{key} = {_toml(given[key])}{told}")
        else:
            kind = {"texts": [parameter.choices[0] if parameter.choices else "all-reduce"], "number": 1}
            lines.append(f"# {key} = {_toml(kind.get(parameter.kind, '.*'))}{told}")
    lines += ["", "[[example]]", "bad = '''", example["bad"] + "'''", "good = '''", example["good"] + "'''"]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, str) and "\\" in value:
        return f"'{value}'"
    return json.dumps(value)
