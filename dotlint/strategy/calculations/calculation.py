"""A calculation, the plan that it is about, and the wording that all calculations share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.strategy.engines import Engine, engine_of

if TYPE_CHECKING:
    from dotlint.strategy.degrees import Degrees
    from dotlint.strategy.model import ModelFacts
    from dotlint.strategy.phase import Phase
    from dotlint.strategy.placement import Placement


class Calculation(Struct, frozen=True):
    """A calculation that a check reports: `holds` is its result, `text` describes it with figures.

    `source` is the engine and where it requires this, "" where no engine is named; `advice` is what would fit. A
    `warning` is what the engine takes but advises against: it does not make a plan impossible.
    """

    check: str
    holds: bool
    text: str
    source: str = ""
    advice: str = ""
    warning: bool = False

    @property
    def refuses(self) -> bool:
        """Whether the plan is impossible because of it."""
        return not self.holds and not self.warning

    @property
    def message(self) -> str:
        """The text, with the engine and its source if the calculation fails."""
        return f"{self.text} ({self.source})" if self.source and not self.holds else self.text


class Plan(Struct, frozen=True):
    """One phase with what its calculations read. `named` are the degrees as declared, `degrees` with those derived."""

    named: Degrees
    degrees: Degrees
    facts: ModelFacts
    engine: Engine
    placement: Placement
    phase: Phase

    @property
    def attention_tp(self) -> int:
        """The number of ranks that divide the heads: TP without the ranks that attention data parallelism uses."""
        return self.phase.attention_tp

    @property
    def expert_tp(self) -> int:
        """The number of ranks that divide one expert."""
        if self.engine.name == "vllm":  # without expert parallelism, the experts are divided over all ranks of a stage
            return 1 if self.named.ep > 1 else self.named.tp * self.named.cp * self.named.dp
        return self.degrees.etp

    @property
    def has_experts(self) -> bool:
        """Whether the model is known to have experts."""
        return self.named.ep > 1 or self.facts.experts is not None

    def passes(self, check: str, text: str) -> Calculation:
        """Return a calculation that holds."""
        return Calculation(check, holds=True, text=text, source=self.engine.source(check))

    def fails(self, check: str, text: str, advice: str = "", *, source: str = "") -> Calculation:
        """Return a calculation that makes the plan impossible; `source` names another requirement than the check."""
        return Calculation(check, holds=False, text=text, source=self.engine.source(source or check), advice=advice)

    def warns(self, check: str, text: str, advice: str = "") -> Calculation:
        """Return a calculation about which the engine warns."""
        return Calculation(check, False, text, self.engine.source(check), advice, warning=True)  # noqa: FBT003

    def divides(self, check: str, count: int, things: str, by: int, axes: str, advice: str = "") -> Calculation:
        """Return whether `by` ranks get the same number of `things`."""
        if count % by:
            return self.fails(check, f"{count} {things} are not divisible by {axes}={by}", advice)
        return self.passes(check, f"{count} {things} over {axes}={by}: {count // by} each")


def plan_of(phase: Phase, model: ModelFacts) -> Plan:
    """Return the plan of a phase: `model` with the facts of the phase, and its engine."""
    placement = phase.placement
    facts = model.with_own(phase.facts)
    return Plan(phase.degrees, placement.degrees, facts, engine_of(phase.layout.preset), placement, phase)
