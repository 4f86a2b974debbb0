"""The keys of a rule card: what each may say, and a clear line where it says something else."""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

from dotlint.engine.finding import SEVERITIES
from dotlint.engine.sections import SECTIONS
from dotlint.text.regex import regex

Absence = Literal["statement", "connection", "path", "label"]
Damage = Literal["look", "name", "nodes", "lines", "split", "template"]
Loss = Literal["nothing", "frame", "members", "statement", "rest", "program"]
NodeState = Literal["isolated", "no-consumer", "no-producer", "cycle"]
Remedy = Literal["order", "ends", "edges", "stage-link", "handover", "leak", "layers", "placement", "dimensions"]
FixEffect = Literal["adds-edges", "adds-nodes", "copies-siblings", "edits-comments", "removes", "reroutes"]
FixTrial = Literal["always", "never", "if-across-stages", "if-other-stages", "if-dimensions-fail"]
PRESETS: Final = ("recommended", "strict", "graphviz")

_NAME: Final = regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_NEEDS: Final = {"strategy", "model"}
_FIXES: Final = ("safe", "unsafe", "none")
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "claims-absence": get_args(Absence),
    "concerns": ("nodes", "unit"),
    "damages": get_args(Damage),
    "editor-tag": ("unnecessary", "deprecated"),
    "fix-trial": get_args(FixTrial),
    "loses": get_args(Loss),
    "node-state": get_args(NodeState),
    "overview-remedy": get_args(Remedy),
    "suppressible": ("always", "by-name", "never"),
}
_LISTS: Final[dict[str, tuple[str, ...]]] = {
    "causes": (),
    "fix-effects": get_args(FixEffect),
    "model-facts": (),
    "summary-lines": (),
}
_FLAGS: Final = ("guards-fixes", "repeats-in-copies", "report-skip")


def _text(table: dict[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"`{key}` must be a text that is not empty")
    return value.strip()


def _aliases(table: dict[str, Any]) -> tuple[str, ...]:
    aliases = table.get("aliases", [])
    if not isinstance(aliases, list) or not all(isinstance(name, str) and _NAME.fullmatch(name) for name in aliases):
        raise ValueError("`aliases` must be a list of names, each of lower-case words joined by hyphens")
    if len({table["name"], *aliases}) <= len(aliases):
        raise ValueError("`aliases` must differ from the name and from each other")
    return tuple(aliases)


def _choice(value: object, allowed: tuple[str, ...], key: str) -> str:
    if value not in allowed:
        raise ValueError(f"`{key}` is {value!r}, but must be one of {', '.join(allowed)}")
    return str(value)


def _facts(table: dict[str, Any]) -> dict[str, Any]:
    """Read what the rest of dotlint has to know of a rule, by the names of the card's fields."""
    found: dict[str, Any] = {}
    for key in (*_CHOICES, *_LISTS, *_FLAGS):
        if key not in table:
            continue
        value = table[key]
        if key in _CHOICES:
            _choice(value, _CHOICES[key], key)
        elif key in _FLAGS:
            if not isinstance(value, bool):
                raise ValueError(f"`{key}` is {value!r}, but must be true or false")
        elif not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ValueError(f"`{key}` must be a list of texts")
        elif len(set(value)) < len(value):
            raise ValueError(f"`{key}` has an entry twice")
        else:
            for one in value if _LISTS[key] else ():
                _choice(one, _LISTS[key], key)
            value = tuple(value)
        found[key.replace("-", "_")] = value
    return found


VALUES: Final = {**_CHOICES, **_LISTS}
KEYS: Final = {
    "code", "name", "summary", "check", "severity", "section", "why", "fix", "needs", "presets", "parameters",
    "outcome", "example", "aliases", *_CHOICES, *_LISTS, *_FLAGS,
}  # fmt: skip


FACTS: Final = tuple(key.replace("-", "_") for key in (*_CHOICES, *_LISTS, *_FLAGS))
"""The fields of a card that say what the rest of dotlint has to know of the rule."""


def fields(table: dict[str, Any]) -> dict[str, Any]:
    """Give the fields of a card, by their names; raises `ValueError` with a line that says what would be right."""
    unknown = sorted(set(table) - KEYS)
    if unknown:
        raise ValueError(f"unknown key `{unknown[0]}`; a card has {', '.join(sorted(KEYS))}")
    needs = tuple(table.get("needs", ()))
    if set(needs) - _NEEDS:
        raise ValueError(f"`needs` may hold strategy and model, not {', '.join(sorted(set(needs) - _NEEDS))}")
    fix = table.get("fix", "none")
    return {
        "code": _text(table, "code"),
        "name": _text(table, "name"),
        "summary": _text(table, "summary"),
        "check": _text(table, "check"),
        "severity": _choice(table.get("severity"), SEVERITIES, "severity"),
        "section": _choice(table.get("section"), tuple(SECTIONS), "section"),
        "why": _text(table, "why"),
        "fix": None if fix == "none" else _choice(fix, _FIXES, "fix"),
        "needs": needs,
        "presets": tuple(_choice(p, PRESETS, "presets") for p in table.get("presets", ("recommended", "strict"))),
        "parameters": dict(table.get("parameters", {})),
        "aliases": _aliases(table),
        **_facts(table),
    }


def outcomes(table: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Give what each outcome of a rule changes."""
    allowed = {"severity": SEVERITIES, "fix": _FIXES, "section": tuple(SECTIONS)}
    return {
        name: {key: _choice(said[key], some, key) for key, some in allowed.items() if key in said}
        for name, said in table.get("outcome", {}).items()
    }
