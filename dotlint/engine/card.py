"""Rule cards: what a user reads and tunes of a rule, as data."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, convert, field
from msgspec.json import decode
from msgspec.structs import replace

from dotlint.engine.card_keys import (
    FACTS,
    Absence,
    Damage,
    FixEffect,
    FixTrial,
    Loss,
    NodeState,
    Remedy,
    fields,
    outcomes,
)
from dotlint.engine.finding import Applicability, Finding, Severity
from dotlint.engine.resources import compiled_rules
from dotlint.errors import DotlintError
from dotlint.files.paths import read_file
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_FILE = regex(r"(?P<code>[A-Z]{1,8}\d{3})-(?P<name>[a-z0-9-]+)\.toml")


class CardError(DotlintError):
    """A rule card that does not say what a card has to say."""


class Example(Struct, frozen=True, omit_defaults=True):
    """A DOT text that the rule finds (`bad`), what the fix makes of it (`fixed`), and one it leaves alone (`good`).

    `strategy` is what they are checked against: a specification; `toml` is the text of a strategy file instead.
    """

    bad: str | None = None
    fixed: str | None = None
    good: str | None = None
    strategy: str | None = None
    filename: str = "example.dot"
    toml: str | None = None


class Variant(Struct, frozen=True, omit_defaults=True):
    """What one outcome of a rule changes: severity, fix or section."""

    severity: Severity | None = None
    fix: Literal["safe", "unsafe", "none"] | None = None
    section: str | None = None


class Card(Struct, frozen=True, omit_defaults=True):
    """A rule: `check` names the function that finds it, `parameters` are what a user may tune.

    `aliases` are earlier names, so that configurations and comments that use them stay valid.
    `needs` says what the rule cannot do without: `strategy` (a declared one) or `model` (facts of the strategy file),
    and `model_facts` which of those; with `report_skip` a report lists the rule as skipped if no strategy is declared.
    The other facts say what the rest of dotlint has to know of the rule, so that no other module names its code;
    docs/own-rules.md explains each of them.
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
    causes: tuple[str, ...] = ()
    claims_absence: Absence | None = None
    concerns: Literal["nodes", "unit"] = "nodes"
    damages: Damage | None = None
    loses: Loss | None = None
    editor_tag: Literal["unnecessary", "deprecated"] | None = None
    fix_effects: tuple[FixEffect, ...] = ()
    fix_trial: FixTrial = "always"
    guards_fixes: bool = False
    model_facts: tuple[str, ...] = ()
    node_state: NodeState | None = None
    overview_remedy: Remedy | None = None
    repeats_in_copies: bool = False
    report_skip: bool = False
    summary_lines: tuple[str, ...] = ()
    suppressible: Literal["always", "by-name", "never"] = "always"

    def with_facts_of(self, replaced: Card) -> Card:
        """Take over what the card of the same rule and check that this one replaces says, and this one does not."""
        if self.check != replaced.check:
            return self
        usual = dict(zip(reversed(self.__struct_fields__), reversed(self.__struct_defaults__), strict=False))
        kept = {
            name: getattr(replaced, name)
            for name in FACTS
            if getattr(self, name) == usual[name] and (self.may_fix or not name.startswith("fix_"))
        }
        return replace(self, **kept)

    @property
    def may_fix(self) -> bool:
        """Whether any outcome of the rule has a fix."""
        return self.fix is not None or any(variant.fix in {"safe", "unsafe"} for variant in self.outcomes.values())

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
        about = more.get("about")
        values |= {"check": self.check, "unit": str(about) if about is not None else None}
        return Finding(code=self.code, name=self.name, message=message, start=start, end=end, **{**values, **more})


def read_card(text: str, where: str) -> Card:
    """Read one card; raises `CardError` with a line that says where and what would be right."""
    from dotlint.text.toml import read_toml  # noqa: PLC0415 - dotlint's own cards are compiled

    try:
        table = read_toml(text)
    except ValueError as error:
        raise CardError(f"{where}: not TOML: {error}") from error
    try:
        variants = {name: convert(said, Variant) for name, said in outcomes(table).items()}
        return Card(
            outcomes=variants, examples=tuple(Example(**one) for one in table.get("example", ())), **fields(table)
        )
    except ValueError as error:
        raise CardError(f"{where}: {error}") from error


def read_files(folder: Path) -> list[tuple[str, Card]]:
    """Read every card of a folder and its folders, each with its file, by code; `vocabulary.toml` is none."""
    cards: list[tuple[str, Card]] = []
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
        cards.append((str(path), card))
    return sorted(cards, key=lambda found: found[1].code)


def read_folder(folder: Path) -> list[Card]:
    """Read every card of a folder and its folders, in the order of their codes."""
    return [card for _, card in read_files(folder)]


class _Cards(Struct):
    """What the compiled file has of cards."""

    cards: list[Card]


@cache
def own_cards() -> tuple[Card, ...]:
    """Give the cards that come with dotlint."""
    compiled = compiled_rules()
    if compiled is not None:
        return tuple(decode(read_file(compiled), type=_Cards).cards)
    from dotlint.engine.compile import keep  # noqa: PLC0415 - only after a change
    from dotlint.engine.resources import folder_version, rules_folder  # noqa: PLC0415

    version = folder_version()
    cards = tuple(read_folder(rules_folder()))
    keep(cards, version)
    return cards


def by_code(cards: Iterable[Card]) -> dict[str, Card]:
    """Give the cards by their codes; dotlint's own where there are none."""
    return {card.code: card for card in cards or own_cards()}
