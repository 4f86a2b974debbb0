"""The strategy that a file implies, without what its check would contradict."""

from __future__ import annotations

import tomllib
from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.deployment.infer import PhaseInference, infer
from dotlint.deployment.strategy_file import strategy_file
from dotlint.engine.own_cards import own_cards
from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.pipeline.lint import lint
from dotlint.strategy import Degrees, Layout, Strategy, StrategyError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.deployment.infer import Inference
    from dotlint.deployment.model import Deployment
    from dotlint.engine.result import FileResult

_LAYOUTS = (None, "overlay")
_WEAKEST = ("sp", "cp", "vpp", "etp", "edp", "dcp", "dpa", "dp", "ep", "tp", "pp")
"""The order in which equally good degrees are left out."""


def inferred(result: FileResult, deployment: Deployment) -> Inference:
    """Infer the strategy of a file. What `check` would report about it, apart from what it reports anyway, is left out.

    Degrees, the layout model and facts of the model are tried together, then without those that are contradicted most.
    """
    context = result.context
    assert context is not None
    declared: dict[str | None, dict[str, int]] = {}
    for declaration in context.declarations:
        if declaration.several_axes:
            declared.setdefault(declaration.phase, {}).update(declaration.degrees)
    implied = infer(deployment, declared)
    trial = _Trial(result)
    plain = replace(implied, model={})
    best = min((_with_layout(plain, layout) for layout in _LAYOUTS), key=trial.contradictions)
    while trial.contradictions(best) and any(phase.degrees for phase in best.phases):
        best = min(_reduced(plain, best), key=trial.contradictions)
    if not any(phase.degrees for phase in best.phases):
        best = replace(best, model=implied.model)
        return replace(best, left_out=_left_out(implied, best))
    for name, fact in implied.model.items():
        more = replace(best, model={**best.model, name: fact})
        if not trial.contradictions(more):
            best = more
    return replace(best, left_out=_left_out(implied, best))


def _judging_rules() -> Selection:
    """Return the rules that compare a file with a strategy: on degrees and devices, and those on stages that need one."""
    stages = [card.code for card in own_cards() if card.needs and card.section == "stages"]
    return Selection(select=("P", "D", *stages))


class _Trial:
    """Counts what a check reports about a file only because of a strategy."""

    def __init__(self, result: FileResult) -> None:
        self.source = result.document.source
        self.rules = _judging_rules()
        self.plain = Counter(self._messages(Settings(selection=self.rules)))
        self.known: dict[str, int] = {}

    def contradictions(self, inference: Inference) -> int:
        """Return the number of findings; one more than any number if the strategy is impossible."""
        text = strategy_file(inference, "")
        if text not in self.known:
            try:
                strategy = Strategy.from_table(tomllib.loads(text), where="the inferred strategy")
                found = self._messages(Settings(strategy=strategy, strategy_source="option", selection=self.rules))
                self.known[text] = (Counter(found) - self.plain).total()
            except StrategyError:
                self.known[text] = 1 << 30
        return self.known[text]

    def _messages(self, settings: Settings) -> Iterable[str]:
        return [f"{f.code} {f.message}" for f in lint(self.source, settings).findings]


def _with_layout(inference: Inference, layout: str | None) -> Inference:
    """Return the inference with a layout model, and GPUs where that needs as many as are drawn."""
    phases = [
        replace(phase, gpus=phase.gpus if phase.degrees and _fits(phase, layout) else None)
        for phase in inference.phases
    ]
    return replace(inference, phases=phases, layout=layout)


def _fits(phase: PhaseInference, layout: str | None) -> bool:
    if phase.gpus is None:
        return False
    try:
        degrees = Degrees.of({axis: one.value for axis, one in phase.degrees.items()})
        return Layout.named(layout or "product").world(degrees) == len(phase.gpus)
    except StrategyError:
        return False


def _reduced(plain: Inference, tried: Inference) -> Iterable[Inference]:
    """Yield what is left without one of the degrees, in either layout model."""
    gpus = {phase.name: phase.gpus for phase in plain.phases}
    for index, phase in enumerate(tried.phases):
        for dropped in sorted(phase.degrees, key=_WEAKEST.index):
            degrees = {axis: one for axis, one in phase.degrees.items() if axis != dropped}
            phases = [replace(other, gpus=gpus[other.name]) for other in tried.phases]
            phases[index] = PhaseInference(phase.name, degrees, gpus[phase.name])
            for layout in _LAYOUTS:
                yield _with_layout(replace(plain, phases=phases), layout)


def _left_out(implied: Inference, kept: Inference) -> list[str]:
    lines = [
        f"{one.name + ': ' if one.name else ''}{axis} = {fact.value} ({fact.because})"
        for one, two in zip(implied.phases, kept.phases, strict=True)
        for axis, fact in one.degrees.items()
        if axis not in two.degrees
    ]
    return [
        *lines,
        *(f"{name} = {fact.value} ({fact.because})" for name, fact in implied.model.items() if name not in kept.model),
    ]
