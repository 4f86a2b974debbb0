"""The keys of a configuration: what each may hold, how it is read, and the JSON schema that editors use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import Struct

from dotlint.engine.card import PRESETS
from dotlint.engine.finding import SEVERITIES
from dotlint.engine.select import nearest, split_names
from dotlint.errors import DotlintError
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Kind = Literal[
    "words", "text", "paths", "path", "flag", "severity", "preset", "version", "strategy", "words-by-pattern",
    "severity-by-rule", "parameters-by-rule",
]  # fmt: skip
LEVELS: Final = (*SEVERITIES, "off")


class ConfigError(DotlintError):
    """A configuration that cannot be used: the file, the key, and what would be right."""


class Key(Struct, frozen=True):
    """One key: the kind of its value, what it is for, the default as a reader sees it, and an example."""

    kind: Kind
    about: str
    default: Any
    example: Any


KEYS: Final[dict[str, Key]] = {
    "required-version": Key(
        "version",
        "The versions of dotlint that this configuration is for; any other one stops with exit status 2.",
        None,
        ">=0.1,<1",
    ),
    "extend": Key(
        "path",
        "Another configuration file that this one starts from; keys here win, tables are joined.",
        None,
        "../dotlint.toml",
    ),
    "strategy": Key(
        "strategy",
        "The declared parallel strategy: a specification, a strategy file (.toml), a list of either (a phase "
        "each), or a table from file pattern to any of these, of which the last that fits holds.",
        None,
        "pp4ep4tp2sp2",
    ),
    "layout": Key(
        "text",
        "How the degrees of `strategy` become GPUs: product, overlay, or a preset such as megatron.",
        None,
        "megatron",
    ),
    "preset": Key("preset", "The rules that run where `select` names none.", "recommended", "strict"),
    "select": Key(
        "words",
        "Run these rules instead of the preset's: codes, prefixes or names.",
        None,
        ["E", "G", "missing-stage-edge"],
    ),
    "extend-select": Key("words", "Run these rules too.", [], ["layout-output"]),
    "ignore": Key("words", "Leave these rules out.", [], ["edge-dims"]),
    "per-file-ignores": Key("words-by-pattern", "Rules to leave out, by file pattern.", {}, {"legacy/**": ["S", "T"]}),
    "severity": Key(
        "severity-by-rule",
        "The severity of rules: error, warning, info, or off for a rule that is not to run.",
        {},
        {"role-shape": "info"},
    ),
    "rule": Key(
        "parameters-by-rule", "Parameters of rules, a table each.", {}, {"expansion-limit": {"limit": 100_000}}
    ),
    "rules": Key("paths", "Folders with rule cards of your own.", [], ["rules"]),
    "plugins": Key("words", "Installed plugins to load, by the names they are registered under.", [], ["acme"]),
    "exclude": Key(
        "paths",
        "File patterns that a search of folders leaves out; files that are named themselves are still read.",
        [],
        ["build/"],
    ),
    "force-exclude": Key(
        kind="flag",
        about="Leave out what `exclude` says even where it is named itself.",
        default=False,
        example=True,
    ),
    "baseline": Key("path", "The file of known findings that are not told again.", None, "dotlint-baseline.json"),
    "fail-on": Key("severity", "The lowest severity that makes the exit status 1.", "warning", "error"),
}


def known_key(key: str, where: str) -> Key:
    """Give what is known of a key; raises `ConfigError` with the nearest right one."""
    if key in KEYS:
        return KEYS[key]
    near = nearest(key.replace("_", "-"), KEYS)
    remedy = f"did you mean `{near}`?" if near else f"there are {', '.join(KEYS)}"
    raise ConfigError(f"{where}: unknown key `{key}`; {remedy}")


def read_value(key: str, value: Any, where: str) -> Any:  # noqa: ANN401 - whatever TOML holds
    """Give the value of a key in the form that its kind has everywhere else; raises `ConfigError`.

    `words` and `paths` become tuples of texts, tables keep their order, a strategy is a tuple of texts or a
    table of such.
    """
    return _READERS[known_key(key, where).kind](value, f"{where}: `{key}`")


def _kind(value: object) -> str:
    names = {
        bool: "a truth value",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), "a date")


def _text(value: Any, where: str) -> str:  # noqa: ANN401
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(
            f"{where} must be a text" + (" that is not empty" if isinstance(value, str) else f", not {_kind(value)}")
        )
    return value.strip()


def _flag(value: Any, where: str) -> bool:  # noqa: ANN401
    if not isinstance(value, bool):
        raise ConfigError(f"{where} must be true or false, not {_kind(value)}")
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:  # noqa: ANN401
    if not isinstance(value, list):
        raise ConfigError(f"{where} must be a list of texts, not {_kind(value)}")
    return tuple(_text(one, f"{where}: each entry") for one in value)


def _words(value: Any, where: str) -> tuple[str, ...]:  # noqa: ANN401
    if isinstance(value, str):
        return split_names([value])
    return split_names(_texts(value, where))


def _patterns(value: Any, where: str) -> tuple[str, ...]:  # noqa: ANN401
    return (_text(value, where),) if isinstance(value, str) else _texts(value, where)


def _one_of(allowed: tuple[str, ...]) -> Callable[[Any, str], str]:
    def read(value: Any, where: str) -> str:  # noqa: ANN401
        text = _text(value, where)
        if text not in allowed:
            near = nearest(text, allowed)
            remedy = f"did you mean `{near}`?" if near else f"it is one of {', '.join(allowed)}"
            raise ConfigError(f"{where} is `{text}`; {remedy}")
        return text

    return read


def _table(read: Callable[[Any, str], Any], of: str) -> Callable[[Any, str], dict[str, Any]]:
    def read_table(value: Any, where: str) -> dict[str, Any]:  # noqa: ANN401
        if not isinstance(value, dict):
            raise ConfigError(f"{where} must be a table {of}, not {_kind(value)}")
        return {name: read(one, f"{where}: `{name}`") for name, one in value.items()}

    return read_table


def _strategy(value: Any, where: str) -> tuple[str, ...] | dict[str, tuple[str, ...]]:  # noqa: ANN401
    if isinstance(value, dict):
        return _table(_phases, "from file pattern to strategy")(value, where)
    return _phases(value, where)


def _phases(value: Any, where: str) -> tuple[str, ...]:  # noqa: ANN401
    found = (_text(value, where),) if isinstance(value, str) else _texts(value, where)
    if not found:
        raise ConfigError(f"{where} is an empty list; write a strategy such as pp4ep4tp2sp2, or leave the key out")
    return found


def _parameters(value: Any, where: str) -> dict[str, Any]:  # noqa: ANN401
    if not isinstance(value, dict):
        raise ConfigError(f"{where} must be a table of parameters, not {_kind(value)}")
    return value


_COMPARE: Final = regex(r"(?P<how>==|!=|>=|<=|~=|>|<)?\s*(?P<version>\d+(?:\.\d+)*)")


def _version(value: Any, where: str) -> str:  # noqa: ANN401
    text = _text(value, where)
    if not all(_COMPARE.fullmatch(part.strip()) for part in text.split(",")):
        raise ConfigError(f"{where} is `{text}`; write versions such as 0.1.0, >=0.1 or >=0.1,<1")
    return text


def satisfies(version: str, required: str) -> bool:
    """Whether `required` allows a version: `0.1.0` allows that one alone, `>=0.1,<1` a range."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    assert match is not None
    own = [int(part) for part in match[0].split(".")]
    return all(_compares(own, part.strip()) for part in required.split(","))


def _compares(own: list[int], part: str) -> bool:
    match = _COMPARE.fullmatch(part)
    assert match is not None
    how = match["how"] or "=="
    wanted = [int(number) for number in match["version"].split(".")]
    if how == "~=":  # at least this one, and none that differs before its last part
        return _padded(own, wanted) >= _padded(wanted, own) and own[: len(wanted) - 1] == wanted[:-1]
    mine, theirs = _padded(own, wanted), _padded(wanted, own)
    return {
        "==": mine == theirs, "!=": mine != theirs, ">=": mine >= theirs, "<=": mine <= theirs,
        ">": mine > theirs, "<": mine < theirs,
    }[how]  # fmt: skip


def _padded(numbers: list[int], other: list[int]) -> list[int]:
    return numbers + [0] * (len(other) - len(numbers))


_READERS: Final[dict[Kind, Callable[[Any, str], Any]]] = {
    "words": _words,
    "text": _text,
    "paths": _patterns,
    "path": _text,
    "flag": _flag,
    "severity": _one_of(SEVERITIES),
    "preset": _one_of(PRESETS),
    "version": _version,
    "strategy": _strategy,
    "words-by-pattern": _table(_words, "from file pattern to rules"),
    "severity-by-rule": _table(_one_of(LEVELS), "from rule to severity"),
    "parameters-by-rule": _table(_parameters, "from rule to a table of parameters"),
}


def schema(rules: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
    """Give the JSON schema of `dotlint.toml`; `rules` are codes and names that editors are to offer."""
    known = list(rules)
    words: dict[str, Any] = {"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9-]*$"}
    if known:
        words = {"anyOf": [{"enum": [word for rule in known for word in rule]}, words]}
    listed = {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/rule"}}, {"type": "string"}]}
    text = {"type": "string", "minLength": 1}
    texts = {"type": "array", "items": text}
    phases = {"anyOf": [text, {**texts, "minItems": 1}]}
    one = r"(==|!=|>=|<=|~=|>|<)?\s*\d+(\.\d+)*"
    by_kind: dict[Kind, dict[str, Any]] = {
        "words": listed,
        "text": text,
        "paths": {"anyOf": [text, texts]},
        "path": text,
        "flag": {"type": "boolean"},
        "severity": {"enum": list(SEVERITIES)},
        "preset": {"enum": list(PRESETS)},
        "version": {"type": "string", "pattern": rf"^\s*{one}\s*(,\s*{one}\s*)*$"},
        "strategy": {"anyOf": [*phases["anyOf"], {"type": "object", "additionalProperties": phases}]},
        "words-by-pattern": {"type": "object", "additionalProperties": listed},
        "severity-by-rule": {
            "type": "object",
            "propertyNames": {"$ref": "#/$defs/rule"},
            "additionalProperties": {"enum": list(LEVELS)},
        },
        "parameters-by-rule": {
            "type": "object",
            "propertyNames": {"$ref": "#/$defs/rule"},
            "additionalProperties": {"type": "object"},
        },
    }  # fmt: skip
    properties: dict[str, Any] = {}
    for name, key in KEYS.items():
        kind = {"anyOf": [text, texts]} if name == "plugins" else by_kind[key.kind]
        properties[name] = {**kind, "description": key.about, "examples": [key.example]}
        if key.default is not None:
            properties[name]["default"] = key.default
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dotlint",
        "description": "The configuration of dotlint: dotlint.toml, or [tool.dotlint] in pyproject.toml.",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "$defs": {"rule": words},
    }
