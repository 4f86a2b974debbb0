"""How many layers each pipeline stage has, where the facts determine it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotlint.strategy.degrees import Degrees
    from dotlint.strategy.model import ModelFacts


def chunk_sizes(degrees: Degrees, model: ModelFacts) -> tuple[int, ...] | None:
    """Return the number of layers of each chunk, in the order of the layers (stage by stage without VPP).

    None if the facts do not determine it, or do not fit.
    """
    stages, vpp = degrees.pp, degrees.vpp
    chunks = stages * vpp
    stated = model.stage_layers
    if stated is not None and len(stated) == chunks:
        sizes = stated
    elif model.layers is None:
        return None
    elif stated is not None or model.first_stage_layers or model.last_stage_layers:
        by_stage = stated or _stages_by_ends(stages, model)
        if by_stage is None or len(by_stage) != stages or any(size % vpp for size in by_stage):
            return None
        sizes = tuple(size // vpp for size in by_stage) * vpp
    elif model.layers < chunks or model.layers % chunks:
        return None
    else:
        sizes = (model.layers // chunks,) * chunks
    return sizes if model.layers in (None, sum(sizes)) else None


def _stages_by_ends(stages: int, model: ModelFacts) -> tuple[int, ...] | None:
    """Return the layers of each stage if those of the first or last are stated and the rest divides evenly."""
    first, last = model.first_stage_layers, model.last_stage_layers
    ends = [size for size in (first, last) if size is not None]
    rest, middle = (model.layers or 0) - sum(ends), stages - len(ends)
    if middle < 0 or rest < 0 or (rest % middle if middle else rest):
        return None
    between = (rest // middle,) * middle if middle else ()
    return (*([first] if first else []), *between, *([last] if last else []))
