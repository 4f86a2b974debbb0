"""The keys of a configuration, from the schema that validates them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotlint.config.keys import BY_PATTERN, schema
from dotlint.text.toml import as_toml

if TYPE_CHECKING:
    from collections.abc import Iterator


def reference() -> str:
    """Return a section for each key."""
    return "\n".join(line for name, key in schema()["properties"].items() for line in _key(name, key))


def _key(name: str, key: dict[str, Any]) -> Iterator[str]:
    default = f"`{as_toml(key['default'])}`" if "default" in key else "not set"
    yield f"\n### `{name}` {{ #{name} }}\n\n{key['description']}\n"
    yield f"**Type**: {_type(key, 'file patterns' if name in BY_PATTERN else 'rules')}  \n**Default**: {default}  \n"
    (example,) = key["examples"]
    yield f"```toml\n{_assignment(name, example)}\n```"


def _assignment(name: str, value: object) -> str:
    if not isinstance(value, dict):
        return f"{name} = {as_toml(value)}"
    if all(isinstance(one, dict) for one in value.values()):
        return "\n\n".join(_assignment(f"{name}.{key}", one) for key, one in value.items())
    return "\n".join((f"[{name}]", *(as_toml({key: one})[1:-1] for key, one in value.items())))


def _type(key: dict[str, Any], of: str) -> str:
    """Return what a key holds; the entries of a table are named by `of`."""
    if "enum" in key:
        return ", ".join(f"`{word}`" for word in key["enum"])
    kinds = {kind["type"]: kind for kind in key.get("anyOf", [key])}
    found = []
    if "array" in kinds:
        rules = "$ref" in kinds["array"]["items"]
        found.append("one or several codes, prefixes or names of rules" if rules else "a text, or a list of texts")
    elif "string" in kinds:
        found.append("a text")
    if "integer" in kinds:
        found.append("a whole number")
    if "boolean" in kinds:
        found.append("`true` or `false`")
    if "object" in kinds:
        entry = kinds["object"]["additionalProperties"]
        inside = "a table of its parameters" if entry == {"type": "object"} else _type(entry, of)
        found.append(f"a table from {of} to {inside}")
    return "; or ".join(found)
