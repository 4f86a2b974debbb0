"""The output of `dotlint config`: the value of every key for a file, and where it is set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from dotlint.config.by_pattern import matches_file, strategy_for
from dotlint.config.keys import BY_PATTERN, Keys
from dotlint.config.model import COMMAND_LINE
from dotlint.engine.select import chosen
from dotlint.text.display import visible
from dotlint.text.toml import as_toml

if TYPE_CHECKING:
    from dotlint.config.configurations import Configurations
    from dotlint.config.model import Config, Setting


def describe(configurations: Configurations, path: str) -> dict[str, Any]:
    """Return plain data: the configuration file, each key with its value and origin, and the resulting settings.

    An entry of a table with file patterns has a key `fits`: whether it matches the file. `path` may be `-`, without it.
    """
    config = configurations.config(path)
    settings = configurations.settings(path)
    keys: dict[str, Any] = {}
    for field in msgspec.structs.fields(Keys):
        name = field.encode_name
        setting = config.values.get(name)
        if setting is None:
            keys[name] = {"value": _default(field), "from": None}
        elif isinstance(setting.value, dict):
            keys[name] = [
                {
                    "key": entry,
                    "value": _plain(one.value),
                    "from": one.origin,
                    **_match(name, entry, one, path),
                }
                for entry, one in setting.value.items()
            ]
        else:
            keys[name] = {"value": _plain(setting.value), "from": setting.origin}
    strategy, origin = strategy_for(config, path)
    return {
        "path": "." if path == "-" else path,
        "file": str(config.file) if config.file else None,
        "extends": _extended(config),
        "keys": keys,
        "strategy": {"value": list(strategy), "from": origin} if strategy else None,
        "rules": [card.code for card in chosen(settings.cards, settings.selection)],
        "excluded": path != "-" and not Path(path).is_dir() and configurations.excluded(path),
    }


def _extended(config: Config) -> list[str]:
    files: dict[str, None] = {}
    for setting in config.values.values():
        values = setting.value.values() if isinstance(setting.value, dict) else [setting]
        files.update(dict.fromkeys(one.origin for one in values))
    return [file for file in files if file not in (str(config.file), COMMAND_LINE)]


def _default(field: msgspec.structs.FieldInfo) -> Any:  # noqa: ANN401 - whatever a key holds
    made = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    return None if made is msgspec.UNSET else _plain(made)


def _match(key: str, entry: str, one: Setting, path: str) -> dict[str, bool]:
    return {"fits": matches_file(entry, one.folder, path)} if key in BY_PATTERN and path != "-" else {}


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a key holds
    return list(value) if isinstance(value, tuple) else value


def text(description: dict[str, Any]) -> str:
    """Render the result of `describe` as text."""
    lines = [f"configuration of {description['path']}: {description['file'] or 'none; every key has its default'}"]
    lines += [f"  extends {file}" for file in description["extends"]]
    lines.append("")
    for name, entry in description["keys"].items():
        if isinstance(entry, list):
            lines.append(f"{name}:")
            lines += [f"  {_entry(one)}" for one in entry]
        elif entry["value"] is not None or entry["from"]:
            lines.append(f"{name} = {as_toml(entry['value'])}  ({entry['from'] or 'default'})")
    lines.append("")
    if description["strategy"]:
        lines.append(f"strategy: {'; '.join(description['strategy']['value'])}  ({description['strategy']['from']})")
    else:
        lines.append("strategy: none declared here; an unambiguous declaration in the file itself is used")
    lines.append(f"rules that run: {len(description['rules'])}: {', '.join(description['rules'])}")
    if description["excluded"]:
        lines.append("excluded: a folder search skips this file")
    return "".join(visible(line) + "\n" for line in lines)


def _entry(one: dict[str, Any]) -> str:
    match = {True: ", matches", False: ", does not match", None: ""}[one.get("fits")]
    return f"{as_toml(one['key'])} = {as_toml(one['value'])}  ({one['from']}{match})"
