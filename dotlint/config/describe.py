"""What `dotlint config` shows: the value of every key that is set for a file, and who set it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotlint.config.configurations import fits, strategy_for
from dotlint.config.keys import KEYS
from dotlint.engine.select import chosen
from dotlint.text.display import visible

if TYPE_CHECKING:
    from dotlint.config.configurations import Config, Configurations, Set


def describe(configurations: Configurations, path: str) -> dict[str, Any]:
    """Give plain data: the configuration file, each key with value and origin, and what follows for the file.

    Of tables from pattern only the entries are given that fit the file; all of them where `path` is `-`.
    """
    config = configurations.config(path)
    settings = configurations.settings(path)
    keys: dict[str, Any] = {}
    for name, key in KEYS.items():
        setting = config.values.get(name)
        if setting is None:
            keys[name] = {"value": _plain(key.default), "from": None}
        elif isinstance(setting.value, dict):
            keys[name] = [
                {
                    "key": entry,
                    "value": _plain(one.value),
                    "from": str(one.file),
                    **_fit(key.kind, entry, one, path),
                }
                for entry, one in setting.value.items()
            ]
        else:
            keys[name] = {"value": _plain(setting.value), "from": str(setting.file)}
    strategy, said_by = strategy_for(config, path)
    return {
        "path": "." if path == "-" else path,
        "file": str(config.file) if config.file else None,
        "extends": _extended(config),
        "keys": keys,
        "strategy": {"value": list(strategy), "from": said_by} if strategy else None,
        "rules": [card.code for card in chosen(settings.cards, settings.selection)],
        "excluded": path != "-" and not Path(path).is_dir() and configurations.excluded(path),
    }


def _extended(config: Config) -> list[str]:
    files: dict[str, None] = {}
    for setting in config.values.values():
        values = setting.value.values() if isinstance(setting.value, dict) else [setting]
        files.update(dict.fromkeys(str(one.file) for one in values))
    return [file for file in files if file != str(config.file)]


def _fit(kind: str, entry: str, one: Set, path: str) -> dict[str, bool]:
    if kind not in {"words-by-pattern", "strategy"} or path == "-":
        return {}
    return {"fits": fits(entry, one.folder, path)}


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a key holds
    return list(value) if isinstance(value, tuple) else value


def text(shown: dict[str, Any]) -> str:
    """Write what `describe` gave for a reader."""
    lines = [f"configuration of {shown['path']}: {shown['file'] or 'none; every key has its default'}"]
    lines += [f"  extends {file}" for file in shown["extends"]]
    lines.append("")
    for name, said in shown["keys"].items():
        if isinstance(said, list):
            lines.append(f"{name}:")
            lines += [f"  {_entry(one)}" for one in said]
        elif said["value"] is not None or said["from"]:
            lines.append(f"{name} = {_value(said['value'])}  ({said['from'] or 'default'})")
    lines.append("")
    if shown["strategy"]:
        lines.append(f"strategy that holds: {'; '.join(shown['strategy']['value'])}  ({shown['strategy']['from']})")
    else:
        lines.append("strategy that holds: none declared here; the one that the file itself declares without ambiguity")
    lines.append(f"rules that run: {len(shown['rules'])}: {', '.join(shown['rules'])}")
    if shown["excluded"]:
        lines.append("excluded: a search of folders leaves this file out")
    return "".join(visible(line) + "\n" for line in lines)


def _entry(one: dict[str, Any]) -> str:
    told = {True: ", fits", False: ", does not fit", None: ""}[one.get("fits")]
    return f"{_value(one['key'])} = {_value(one['value'])}  ({one['from']}{told})"


def _value(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {_value(one)}' for key, one in value.items())}}}"
    return f'"{value}"' if isinstance(value, str) else str(value)
