"""The first version of a rule card, with an example that its check already reports."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from dotlint.checks.parameterized import PARAMETERS, examples
from dotlint.engine.card import CardError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.engine.card import Card


def validate_names(code: str, name: str, cards: Sequence[Card]) -> None:
    """Raise `CardError` if a new card cannot have this code or this name."""
    if not re.fullmatch(r"[A-Z]{1,8}\d{3}", code):
        near = re.sub(r"[^A-Z]", "", code.upper())[:8] or "ACME"
        raise CardError(
            f"`{code}` is not a valid rule code: use 1-8 capital letters and three digits, e.g. `{near}001`"
        )
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        near = (
            "-".join(re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower())) or "label-required"
        )
        raise CardError(
            f"`{name}` is not a valid rule name: use lowercase words with hyphens, e.g. `{near.lstrip('0123456789-')}`"
        )
    for card in cards:
        if code == card.code or name in card.names:
            raise CardError(f"the rule {card.code} {card.name} already exists; use another code and name")
        if len(code) == 4 and code[0] == card.code[0] and len(card.code) == 4:
            raise CardError(
                f"codes with `{code[0]}` and three digits are reserved for dotlint; "
                f"use more letters, e.g. `ACME{code[1:]}`"
            )


def card_text(code: str, name: str, check: str) -> str:
    """Return the text of a card for a check with parameters; unused parameters are comments."""
    example = examples()[check]
    given: dict[str, Any] = example["parameters"]
    lines = [
        f"# A user-defined rule; `dotlint rule {code}` explains it.",
        f"code = {json.dumps(code)}",
        f"name = {json.dumps(name)}",
        'summary = "the defect that the rule finds, in one line"',
        f"check = {json.dumps(check)}",
        'severity = "warning"              # or error, info',
        'section = "attributes"            # the section of the report',
        'why = "Why this matters to the readers of the file."',
        "",
        "[parameters]",
    ]
    for key, parameter in PARAMETERS[check].items():
        comment = f"  # {parameter.about}" + (f": {', '.join(parameter.choices)}" if parameter.choices else "")
        if key in given:
            lines.append(f"{key} = {_toml(given[key])}{comment}")
        else:
            kind = {"texts": [parameter.choices[0] if parameter.choices else "all-reduce"], "number": 1}
            lines.append(f"# {key} = {_toml(kind.get(parameter.kind, '.*'))}{comment}")
    lines += ["", "[[example]]", "bad = '''", example["bad"] + "'''", "good = '''", example["good"] + "'''"]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, str) and "\\" in value:
        return f"'{value}'"
    return json.dumps(value)
