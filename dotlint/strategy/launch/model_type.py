"""What the type of a model decides that its `config.json` does not state, from `dotlint/data/model_types.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct, convert

from dotlint.files.paths import sibling_path
from dotlint.files.reading import read_package_text

if TYPE_CHECKING:
    from collections.abc import Mapping


class ModelTypes(Struct, frozen=True):
    """Words of model types, and by type the facts that `config.json` may leave out."""

    gated: str
    plain: str
    tied: str
    untied: str
    four_times: str
    hybrid: str
    full_attention_every: dict[str, int]
    nested: dict[str, dict[str, int]]


@cache
def model_types() -> ModelTypes:
    """Return the table."""
    from dotlint import data  # noqa: PLC0415 - only where a model is read

    return convert(tomllib.loads(read_package_text(sibling_path(data.__file__, "model_types.toml"))), ModelTypes)


def type_of(config: Mapping[str, Any]) -> str:
    """Return the type of a model: `model_type` if it is known, else that of the class in `architectures`; "" if none."""
    types = model_types()
    words = f"{types.gated} {types.plain} {types.hybrid}".split()
    named = str(config.get("model_type") or "")
    if named in words:
        return named
    classes = config.get("architectures")
    name = str(classes[0]).partition("For")[0].lower() if isinstance(classes, list) and classes else ""
    return next((word for word in words if name == word.replace("_", "")), "")


def facts_of_type(name: str) -> dict[str, Any]:
    """Return the facts that are certain for every model of a type: `gated`, `tied`, and that attention is not in all layers."""
    types = model_types()
    found: dict[str, Any] = {}
    for fact, yes, no in (("gated", types.gated, types.plain), ("tied", types.tied, types.untied)):
        if name in yes.split():
            found[fact] = True
        elif name in no.split():
            found[fact] = False
    if name in types.hybrid.split():
        found["attention"] = "hybrid"
    return found


def layer_types_of(name: str, config: Mapping[str, Any], layers: int) -> list[str] | None:
    """Return the kind of attention of each layer that the type and `sliding_window_pattern` decide; None if nothing does."""
    if config.get("use_sliding_window") is True and isinstance(first := config.get("max_window_layers"), int):
        return ["full_attention" if layer < first else "sliding_attention" for layer in range(layers)]
    pattern = config.get("sliding_window_pattern")
    if isinstance(pattern, str) and pattern and set(pattern) <= set("LG"):  # EXAONE: local and global
        return [
            "full_attention" if pattern[layer % len(pattern)] == "G" else "sliding_attention" for layer in range(layers)
        ]
    every = pattern if isinstance(pattern, int) and pattern > 0 else model_types().full_attention_every.get(name)
    if every is None:
        return None
    windowed = "chunked_attention" if "attention_chunk_size" in config else "sliding_attention"
    return ["full_attention" if (layer + 1) % every == 0 else windowed for layer in range(layers)]
