"""The keys of a configuration, declared as types: used to validate a file, and for the JSON schema for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from dotlint.config.section import ConfigError
from dotlint.engine.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

BY_PATTERN: Final = frozenset({"per-file-ignores", "strategy"})  # tables whose entries are file patterns

_VERSION: Final = r"(==|!=|>=|<=|~=|>|<)?\s*\d+(\.\d+)*"

SeverityLevel = Literal[Severity, "off"]
Preset = Literal["recommended", "strict", "graphviz"]
Text = Annotated[str, Meta(pattern=r"\S")]
Texts = Text | tuple[Text, ...]
Rule = Annotated[str, Meta(pattern=r"\S", extra_json_schema={"$ref": "#/$defs/rule"})]
RuleNames = str | tuple[Rule, ...]
Version = Annotated[str, Meta(pattern=rf"^\s*{_VERSION}\s*(,\s*{_VERSION}\s*)*$")]
Phases = Text | Annotated[tuple[Text, ...], Meta(min_length=1)]


def _about(description: str, example: object) -> Meta:
    return Meta(description=description, examples=[example])


class Keys(Struct, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The keys of a configuration file. A key without a default is `UNSET` if the file does not set it."""

    required_version: Annotated[
        Version | UnsetType,
        _about("Versions of dotlint that can read this configuration; others exit with status 2.", ">=0.1,<1"),
    ] = UNSET
    extend: Annotated[
        Text | UnsetType,
        _about(
            "Another configuration file to start from: keys set here override it, tables are merged.",
            "../dotlint.toml",
        ),
    ] = UNSET
    strategy: Annotated[
        Phases | dict[str, Phases] | UnsetType,
        _about(
            "The declared parallel strategy: a specification, a strategy file (.toml), a list of these (one per "
            "phase), or a table from file pattern to any of these, in which the last matching pattern wins.",
            "pp4ep4tp2sp2",
        ),
    ] = UNSET
    layout: Annotated[
        Text | UnsetType,
        _about(
            "How the degrees of `strategy` map to GPUs: product, overlay, or a preset such as megatron.", "megatron"
        ),
    ] = UNSET
    model: Annotated[
        Text | UnsetType,
        _about(
            "The facts about the model: Hugging Face's config.json, its folder, or a strategy file with [model].",
            "config.json",
        ),
    ] = UNSET
    preset: Annotated[Preset, _about("The rules that run if `select` is not set.", "strict")] = "recommended"
    select: Annotated[
        RuleNames | UnsetType,
        _about("Run these rules instead of the preset's: codes, prefixes or names.", ["E", "G", "missing-stage-edge"]),
    ] = UNSET
    extend_select: Annotated[RuleNames, _about("Also run these rules.", ["layout-output"])] = ()
    ignore: Annotated[RuleNames, _about("Skip these rules.", ["edge-dims"])] = ()
    per_file_ignores: Annotated[
        dict[str, RuleNames], _about("Rules to skip, by file pattern.", {"legacy/**": ["S", "T"]})
    ] = {}
    severity: Annotated[
        dict[Rule, SeverityLevel],
        _about("The severity of rules: error, warning, info, or off to disable a rule.", {"role-shape": "info"}),
    ] = {}
    rule: Annotated[
        dict[Rule, dict[str, Any]],
        _about("Parameters of rules, one table per rule.", {"expansion-limit": {"limit": 100_000}}),
    ] = {}
    rules: Annotated[Texts, _about("Folders with rule cards of your own.", ["rules"])] = ()
    plugins: Annotated[Texts, _about("Installed plugins to load, by their registered names.", ["acme"])] = ()
    exclude: Annotated[
        Texts,
        _about("File patterns that a folder search skips; files named on the command line are still read.", ["build/"]),
    ] = ()
    force_exclude: Annotated[
        bool, _about("Also skip what `exclude` matches when it is named on the command line.", example=True)
    ] = False
    embedded: Annotated[
        bool,
        _about("Whether a folder search also reads documents, for the DOT inside them.", example=True),
    ] = False
    baseline: Annotated[
        Text | UnsetType, _about("The file of known findings, which are not reported.", "dotlint-baseline.json")
    ] = UNSET
    max_file_size: Annotated[
        Annotated[int, Meta(ge=1, le=1_000_000)],
        _about("The size in MB of the largest DOT file or document that is read.", 512),
    ] = 256
    fail_on: Annotated[Severity, _about("The lowest severity that sets exit status 1.", "error")] = "warning"


NAMES: Final[dict[str, str]] = {field.encode_name: field.name for field in msgspec.structs.fields(Keys)}


def read_keys(section: dict[str, Any], where: str) -> Keys:
    """Validate the content of a file named `where`. Raises `ConfigError` with the key and the expected value."""
    try:
        return msgspec.convert(section, Keys)
    except msgspec.ValidationError as error:
        from dotlint.config.mistakes import explain  # noqa: PLC0415 - only needed for a mistake

        raise ConfigError(f"{where}: {explain(section, Keys) or error}") from None


def schema(rules: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
    """Return the JSON schema of `dotlint.toml`; `rules` are the codes and names for editors to complete."""
    rule: dict[str, Any] = {"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9-]*$"}
    offered = [word for words in rules for word in words]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **msgspec.json.schema(Keys)["$defs"]["Keys"],
        "title": "dotlint",
        "description": "The configuration of dotlint: dotlint.toml, or [tool.dotlint] in pyproject.toml.",
        "$defs": {"rule": {"anyOf": [{"enum": offered}, rule]} if offered else rule},
    }
