"""A strategy as TOML, layout and facts included."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dotlint.strategy.phases import Strategy
    from dotlint.strategy.spec import PhaseSpec


def as_toml(strategy: Strategy) -> str:
    """Return a strategy file that means the same."""
    return "\n".join(_lines(strategy)).rstrip("\n") + "\n"


def _lines(strategy: Strategy) -> Iterator[str]:
    if strategy.source:
        yield f"# {one_line(strategy.source)}"
    yield from (f"# {one_line(note)}" for note in strategy.notes)
    single = strategy.specs[0] if len(strategy.specs) == 1 and strategy.specs[0].name is None else None
    if single is not None:
        yield f"strategy = {json.dumps(_spec(single, with_gpus=True))}"
        yield from ([f"world = {single.world}"] if single.world else [])
    layout = strategy.layout
    yield from ("", "[layout]", f"model = {json.dumps(layout.name)}")
    for name, axes in (("order", layout.order), ("expert_order", layout.expert_order)):
        if axes is not None:
            yield f"{name} = {json.dumps(','.join(axes))}"
    if layout.sp is not None:
        yield f"sp = {json.dumps(layout.sp)}"
    if strategy.pool is not None:
        yield from ("", "[pool]", f"kind = {json.dumps(strategy.pool)}")
    for spec in strategy.specs if single is None else ():
        yield from ("", f"[phases.{spec.name or 'all'}]", f"strategy = {json.dumps(_spec(spec, with_gpus=False))}")
        if spec.gpus is not None:
            yield f"gpus = {json.dumps(str(spec.gpus))}"
        if spec.file is not None:
            yield f"file = {json.dumps(spec.file)}"
        yield from ([f"world = {spec.world}"] if spec.world else [])
        yield from _facts(spec.facts.to_dict() if spec.facts is not None else {})
    facts = strategy.model.to_dict()
    if facts:
        yield from ("", "[model]", *_facts(facts))


def _spec(spec: PhaseSpec, *, with_gpus: bool) -> str:
    at = f"@{spec.gpus}" if with_gpus and spec.gpus is not None else ""
    return f"{spec.degrees}{at}"


def _facts(facts: Mapping[str, Any]) -> Iterator[str]:
    for name, value in facts.items():
        yield f"{name} = {json.dumps(list(value) if isinstance(value, tuple) else value)}"
