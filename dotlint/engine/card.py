"""Rule cards: the definition of a rule as data."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

from dotlint.engine.finding import Applicability, Finding, Severity
from dotlint.errors import DotlintError

PRESETS = ("recommended", "strict", "graphviz")

Absence = Literal["statement", "connection", "path", "label"]
Convention = Literal["inform", "omit"]
Damage = Literal["look", "name", "nodes", "lines", "split", "template"]
LossKind = Literal["nothing", "frame", "members", "statement", "rest", "program"]
Axis = Literal["stage", "layer", "shard", "step", "replica", "micro-batch"]
NodeState = Literal["isolated", "no-consumer", "no-producer", "cycle"]
Remedy = Literal[
    "order", "ends", "edges", "stage-link", "handover", "leak", "layers", "placement", "dimensions"
]  # fmt: skip
FixEffect = Literal[
    "adds-edges", "adds-nodes", "copies-siblings", "edits-comments", "moves-edges", "removes", "reroutes"
]
FixTrial = Literal["always", "never", "if-across-stages", "if-other-stages", "if-dimensions-fail"]


class CardError(DotlintError):
    """A rule card is invalid."""


class Example(Struct, frozen=True, omit_defaults=True):
    """A DOT text with a finding of the rule (`bad`), the text after its fix (`fixed`), and one without (`good`).

    They are checked with the specification `strategy`, or with `toml`, the text of a strategy file.
    """

    bad: str | None = None
    fixed: str | None = None
    good: str | None = None
    strategy: str | None = None
    filename: str = "example.dot"
    toml: str | None = None


class Variant(Struct, frozen=True, omit_defaults=True):
    """The severity, fix or section of one outcome of a rule, if different from those of the rule."""

    severity: Severity | None = None
    fix: Literal["safe", "unsafe", "none"] | None = None
    section: str | None = None


class Card(Struct, frozen=True, omit_defaults=True):
    """A rule: `check` is the name of its check, and `parameters` are the values that a user can change.

    `aliases` are earlier names, so that configurations and comments with them stay valid. `needs` is the information
    that the rule requires: `strategy` (a declared one) or `model` (`model_facts` of the strategy file); with
    `report_skip`, reports list the rule as skipped if no strategy is declared. The other fields are what the rest of
    dotlint needs to know about the rule, so that no other module uses its code; docs/own-rules.md explains them.
    `since` is the first version with the rule, and `parameter_help` describes each parameter.
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
    parameter_help: dict[str, str] = field(default_factory=dict)
    since: str | None = None
    outcomes: dict[str, Variant] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    aliases: tuple[str, ...] = ()
    axes: tuple[Axis, ...] = ()
    causes: tuple[str, ...] = ()
    claims_absence: Absence | None = None
    concerns: Literal["nodes", "unit"] = "nodes"
    convention: Convention | None = None
    damages: Damage | None = None
    loses: LossKind | None = None
    editor_tag: Literal["unnecessary", "deprecated"] | None = None
    fix_effects: tuple[FixEffect, ...] = ()
    fix_trial: FixTrial = "always"
    guards_fixes: bool = False
    model_facts: tuple[str, ...] = ()
    node_state: NodeState | None = None
    overview_remedy: Remedy | None = None
    repeats_in_copies: bool = False
    report_once: bool = False
    report_skip: bool = False
    summary_lines: tuple[str, ...] = ()
    suppressible: Literal["always", "by-name", "never"] = "always"

    @property
    def may_fix(self) -> bool:
        """Whether any outcome of the rule has a fix."""
        return self.fix is not None or any(variant.fix in {"safe", "unsafe"} for variant in self.outcomes.values())

    @property
    def stability(self) -> Literal["stable", "preview"]:
        """`preview` if the rule runs only on request: what it finds may change in every release."""
        return "preview" if self.presets == ("strict",) else "stable"

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
        help: str | None = None,  # noqa: A002 - what the reports call it
        suggestion: str | None = None,
        **more: Any,  # noqa: ANN401 - the fields of Finding, which has their types
    ) -> Finding:
        """Return a finding of this rule; `outcome` selects a variant of the card, `more` are fields of `Finding`.

        With a `suggestion`, the remedy asks for it instead of the `help`.
        """
        variant = self.outcomes.get(outcome) if outcome else None
        if "locations" in more:  # the edges of a subgraph share one location
            more["locations"] = tuple({location.key: location for location in more["locations"]}.values())
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
        values |= {"suggestion": suggestion, "remedy": f"did you mean {suggestion}?" if suggestion else help}
        return Finding(code=self.code, name=self.name, message=message, start=start, end=end, **{**values, **more})
