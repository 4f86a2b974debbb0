"""Several strategies as written, before GPUs are assigned: each `--strategy` declares one or more phases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dotlint.errors import expect
from dotlint.strategy.error import StrategyError
from dotlint.strategy.launch.argument import LaunchArgument, launch_argument
from dotlint.strategy.model import ModelFacts
from dotlint.strategy.spec import parse_spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.strategy.layout import Layout
    from dotlint.strategy.model import Pool
    from dotlint.strategy.spec import PhaseSpec


class Declared(Struct, frozen=True):
    """One of several strategies as written: GPUs are assigned once the layout of all of them is known."""

    specs: tuple[PhaseSpec, ...]
    layout: Layout | None
    model: ModelFacts
    pool: Pool | None
    source: str
    notes: tuple[str, ...] = ()
    launched: bool = False


def declared(argument: str | LaunchArgument, given: int | None, facts: ModelFacts | None) -> Declared:
    """Read one strategy; `given` is the number of GPUs that replaces that of a file. Raises `StrategyError`."""

    def as_written(
        specs: Sequence[PhaseSpec],
        *,
        layout: Layout | None = None,
        model: ModelFacts | None = None,
        pool: Pool | None = None,
        source: str = "",
        world: int | None = None,
        notes: tuple[str, ...] = (),
    ) -> Declared:
        own = tuple(spec if spec.world else replace(spec, world=given or world) for spec in specs)
        return Declared(own, layout, model or ModelFacts(), pool, source, notes)

    expect("strategy", argument, (str, LaunchArgument), "a specification, a strategy file or launch options")
    text = argument.strip() if isinstance(argument, str) else ""
    launched = launch_argument(text) if isinstance(argument, str) else argument
    if launched is not None:
        from dotlint.strategy.launch.load import load as load_launch  # noqa: PLC0415 - only for launch options

        return replace(load_launch(launched, as_written, world=given, model=facts), launched=True)
    if not text.lower().endswith(".toml"):
        return as_written(parse_spec(str(argument)), source=text)
    from dotlint.strategy.toml_file import load  # noqa: PLC0415 - tomllib only where a file is read

    return load(text, as_written)


def verify_distinct(specs: Sequence[PhaseSpec]) -> None:
    """Raise `StrategyError` if a phase is declared twice."""
    for index, spec in enumerate(specs):
        if any(earlier.name == spec.name for earlier in specs[:index]):
            if spec.name is not None:
                raise StrategyError(f"phase {spec.name!r} is repeated in the given strategies: declare each phase once")
            raise StrategyError("two strategies without a phase: name the phases, such as prefill=... and decode=...")


def common(parts: Sequence[Declared]) -> Declared:
    """Return the part whose layout, pool and model apply to all.

    Raises `StrategyError` if two files declare different ones.
    """
    files = [part for part in parts if part.pool or part.model.to_dict() or part.layout]
    first = files[0] if files else parts[0]
    alike = all(each.launched and each.model == first.model and each.layout == first.layout for each in files)
    if len(files) > 1 and not alike:
        raise StrategyError("several strategy files declare a layout, pool or model: only one may")
    return first
