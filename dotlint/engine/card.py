"""Rule cards: what a user reads and tunes of a rule, as data."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal, cast

from msgspec import Struct, field
from msgspec.json import decode

from dotlint.engine.finding import SEVERITIES, Applicability, Finding, Severity
from dotlint.engine.resources import compiled_rules, folder_version, rules_folder
from dotlint.engine.sections import SECTIONS
from dotlint.errors import DotlintError
from dotlint.files.paths import read_file
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from pathlib import Path

_FILE = regex(r"(?P<code>[A-Z]{1,8}\d{3})-(?P<name>[a-z0-9-]+)\.toml")
_NAME = regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_NEEDS = {"strategy", "model"}
PRESETS = ("recommended", "strict", "graphviz")


class CardError(DotlintError):
    """A rule card that does not say what a card has to say."""


class Example(Struct, frozen=True):
    """A DOT text that the rule finds (`bad`), what the fix makes of it (`fixed`), and one it leaves alone (`good`).

    `strategy` is what they are checked against: a specification; `toml` is the text of a strategy file instead.
    """

    bad: str | None = None
    fixed: str | None = None
    good: str | None = None
    strategy: str | None = None
    filename: str = "example.dot"
    toml: str | None = None


class Variant(Struct, frozen=True):
    """What one outcome of a rule changes: severity, fix or section."""

    severity: Severity | None = None
    fix: Literal["safe", "unsafe", "none"] | None = None
    section: str | None = None


class Card(Struct, frozen=True):
    """A rule: `check` names the function that finds it, `parameters` are what a user may tune.

    `aliases` are earlier names, so that configurations and comments that use them stay valid.
    `needs` says what the rule cannot do without: `strategy` (a declared one) or `model` (facts of the strategy file).
    """

    code: str
    name: str
    summary: str
    check: str
    severity: Severity
    section: str
    why: str
    fix: Applicability | None = None
    needs: tuple[str, ...] = ()
    presets: tuple[str, ...] = ("recommended", "strict")
    parameters: dict[str, Any] = field(default_factory=dict)
    outcomes: dict[str, Variant] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The name of the rule and its aliases."""
        return (self.name, *self.aliases)

    def finding(
        self,
        message: str,
        start: int,
        end: int,
        *,
        outcome: str | None = None,
        **more: Any,  # noqa: ANN401 - the fields of Finding, which has their types
    ) -> Finding:
        """Make a finding of this rule; `outcome` picks a variant of the card, `more` are fields of `Finding`."""
        variant = self.outcomes.get(outcome) if outcome else None
        if outcome and variant is None:
            raise CardError(f"{self.code}: the card has no outcome {outcome!r}")
        fix = variant.fix if variant and variant.fix else self.fix
        values = {
            "severity": (variant and variant.severity) or self.severity,
            "section": (variant and variant.section) or self.section,
            "fixable": None if fix == "none" else fix,
        }
        return Finding(code=self.code, name=self.name, message=message, start=start, end=end, **{**values, **more})


def _text(table: dict[str, Any], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise CardError(f"{where}: `{key}` must be a text that is not empty")
    return value.strip()


def _aliases(table: dict[str, Any], where: str) -> tuple[str, ...]:
    aliases = table.get("aliases", [])
    if not isinstance(aliases, list) or not all(isinstance(name, str) and _NAME.fullmatch(name) for name in aliases):
        raise CardError(f"{where}: `aliases` must be a list of names, each of lower-case words joined by hyphens")
    if len({table["name"], *aliases}) <= len(aliases):
        raise CardError(f"{where}: `aliases` must differ from the name and from each other")
    return tuple(aliases)


def _choice(value: object, allowed: tuple[str, ...], key: str, where: str) -> str:
    if value not in allowed:
        raise CardError(f"{where}: `{key}` is {value!r}, but must be one of {', '.join(allowed)}")
    return str(value)


_KEYS = {
    "code", "name", "summary", "check", "severity", "section", "why", "fix", "needs", "presets", "parameters",
    "outcome", "example", "aliases",
}  # fmt: skip


def read_card(text: str, where: str) -> Card:
    """Read one card; raises `CardError` with a line that says where and what would be right."""
    from dotlint.text.toml import read_toml  # noqa: PLC0415 - dotlint's own cards are compiled

    try:
        table = read_toml(text)
    except ValueError as error:
        raise CardError(f"{where}: not TOML: {error}") from error
    unknown = sorted(set(table) - _KEYS)
    if unknown:
        raise CardError(f"{where}: unknown key `{unknown[0]}`; a card has {', '.join(sorted(_KEYS))}")
    outcomes = {
        name: Variant(
            severity=cast("Severity", _choice(v["severity"], SEVERITIES, "severity", where))
            if "severity" in v
            else None,
            fix=cast("Any", _choice(v["fix"], ("safe", "unsafe", "none"), "fix", where)) if "fix" in v else None,
            section=_choice(v["section"], tuple(SECTIONS), "section", where) if "section" in v else None,
        )
        for name, v in table.get("outcome", {}).items()
    }
    needs = tuple(table.get("needs", ()))
    if set(needs) - _NEEDS:
        raise CardError(f"{where}: `needs` may hold strategy and model, not {', '.join(sorted(set(needs) - _NEEDS))}")
    fix = table.get("fix", "none")
    return Card(
        code=_text(table, "code", where),
        name=_text(table, "name", where),
        summary=_text(table, "summary", where),
        check=_text(table, "check", where),
        severity=cast("Severity", _choice(table.get("severity"), SEVERITIES, "severity", where)),
        section=_choice(table.get("section"), tuple(SECTIONS), "section", where),
        why=_text(table, "why", where),
        fix=None if fix == "none" else cast("Applicability", _choice(fix, ("safe", "unsafe", "none"), "fix", where)),
        needs=needs,
        presets=tuple(_choice(p, PRESETS, "presets", where) for p in table.get("presets", ("recommended", "strict"))),
        parameters=dict(table.get("parameters", {})),
        outcomes=outcomes,
        examples=tuple(Example(**example) for example in table.get("example", ())),
        aliases=_aliases(table, where),
    )


class _Cards(Struct):
    """What the compiled file has of cards."""

    cards: list[Card]


def read_folder(folder: Path) -> list[Card]:
    """Read every card of a folder and its folders, in the order of their codes; `vocabulary.toml` is none."""
    cards: list[Card] = []
    for path in sorted(folder.rglob("*.toml")):
        if path.name == "vocabulary.toml":
            continue
        try:
            card = read_card(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise CardError(f"{path}: cannot be read: {error}") from error
        named = _FILE.fullmatch(path.name)
        if named and (named["code"], named["name"]) != (card.code, card.name):
            raise CardError(
                f"{path}: the file's name says {named['code']}-{named['name']}, the card {card.code}-{card.name}"
            )
        cards.append(card)
    return sorted(cards, key=lambda card: card.code)


@cache
def own_cards() -> tuple[Card, ...]:
    """Give the cards that come with dotlint."""
    compiled = compiled_rules()
    if compiled is not None:
        return tuple(decode(read_file(compiled), type=_Cards).cards)
    from dotlint.engine.compile import keep  # noqa: PLC0415 - only after a change

    version = folder_version()
    cards = tuple(read_folder(rules_folder()))
    keep(cards, version)
    return cards
