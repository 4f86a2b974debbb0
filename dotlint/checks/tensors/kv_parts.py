"""Which stages and layers of prefill hand their KV cache to which of decode."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from dotlint.checks.tensors.kv_needs import Handed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.checks.tensors.kv_paths import HandOver
    from dotlint.checks.tensors.kv_ranks import Cell, Rank
    from dotlint.engine.context import GraphContext


class Parts:
    """The stages and layers of both phases, as far as the hand-over shows that they differ.

    A hand-over that is drawn once, from the last layer to the first, stands for all layers.
    """

    def __init__(
        self, context: GraphContext, prefill: Sequence[Rank], decode: Sequence[Rank], handed: HandOver
    ) -> None:
        self._prefill, self._handed = prefill, handed
        model = context.strategy.model if context.strategy is not None else None
        self._layers = model.layers if model is not None else None
        self._phases = (context.phase("prefill"), context.phase("decode"))
        self._counts = (_stages(context, "prefill", prefill), _stages(context, "decode", decode))
        pairs = {(s.cell[1:], r.cell[1:]) for r, some in handed.arrivals.items() for each in some for s in each.senders}
        distinct = min(len({one for one, _ in pairs}), len({two for _, two in pairs}))
        layers = [{rank.cell[2] for rank in ranks} for ranks in (prefill, decode)]
        numbered = [None not in some for some in layers]
        self._by_layer = all(numbered) and bool(layers[0] & layers[1]) and distinct > 1
        self._by_stage = (
            not all(numbered)
            and None
            not in {_stage(r, n) for n, ranks in zip(self._counts, (prefill, decode), strict=True) for r in ranks}
            and (len({one for one, _ in pairs}) > 1 or self._counts[0] == 1)
        )
        known = sorted({n for some in layers for n in some if n is not None})
        self._first = known[0] if known else 0
        self._total = self._layers or (known[-1] - known[0] + 1 if known else None)

    def _matches(self, sender: Rank, rank: Rank) -> bool | None:
        """Return whether a rank of prefill works on a layer of the rank of decode; None if that is not known."""
        (_, _, layer), (_, _, its_layer) = sender.cell, rank.cell
        stage, its_stage = _stage(sender, self._counts[0]), _stage(rank, self._counts[1])
        if layer is not None and its_layer is not None:
            return layer == its_layer if self._by_layer else None
        if not self._by_stage or stage is None or its_stage is None:
            return None
        mine, its = self._spans(0, stage, layer), self._spans(1, its_stage, its_layer)
        if mine is None or its is None:
            return None
        return any(one < last and first < two for one, two in mine for first, last in its)

    def _spans(self, side: int, stage: int, layer: int | None) -> list[tuple[Fraction, Fraction]] | None:
        """Return the parts of the model of a stage or layer, from 0 to 1; None if the layers of stages are not known."""
        if layer is not None:
            return [_part(layer - self._first, layer - self._first + 1, self._total)] if self._total else None
        count, phase = self._counts[side], self._phases[side]
        if count == 1:
            return [_part(0, 1, 1)]
        if phase is None or self._total is None:
            even = self._total is None or self._total % count == 0
            plain = phase is None or (phase.degrees.vpp == 1 and phase.facts.stage_layers is None)
            return [_part(stage, stage + 1, count)] if even and plain else None
        chunks = phase.stage_layers(stage, self._total) if stage < count else None
        return None if chunks is None else [_part(chunk.start, chunk.stop, self._total) for chunk in chunks]

    def own(self, unit: Sequence[Handed]) -> list[Rank]:
        """Return the ranks of prefill that work on the same stages and layers as a cell of decode."""
        first = unit[0].rank
        fitting = [s for s in self._prefill if self._matches(s, first)]
        if fitting:
            return fitting
        cells = {s.cell[1:] for each in unit for s in each.here}
        return [s for s in self._prefill if s.cell[1:] in cells and self._matches(s, first) is None]

    def units(self, decode: Sequence[Rank], *, whole: bool) -> list[list[Handed]]:
        """Return what the ranks of each cell are handed, without the ranks whose senders are not decided.

        Cells to which nothing is handed are left out, unless most are handed something and the graph is `whole`.
        """
        cells: dict[Cell, list[Handed]] = defaultdict(list)
        for rank in decode:
            cells[rank.cell].append(self._handed_to(rank))
        served = {cell for cell, unit in cells.items() if any(h.here or h.elsewhere for h in unit)}
        lacking = whole and 2 * len(served) > len(cells)
        unclear = {rank.cell for rank in self._handed.open}
        kept = [u for cell, u in cells.items() if cell in served or (lacking and cell not in unclear)]
        known = ([h for h in unit if h.rank not in self._handed.open] for unit in kept)
        return [unit for unit in known if unit]

    def _handed_to(self, rank: Rank) -> Handed:
        here: dict[Rank, None] = {}
        elsewhere: dict[Rank, None] = {}
        for arrival in self._handed.arrivals.get(rank, ()):
            fitting = [s for s in arrival.senders if self._matches(s, rank) is not False]
            # A node that passes on several layers passes each of them to where it belongs.
            here.update(dict.fromkeys(fitting))
            elsewhere.update(dict.fromkeys(() if fitting else arrival.senders))
        return Handed(rank, tuple(here), tuple(elsewhere))


def _part(first: int, behind: int, of: int) -> tuple[Fraction, Fraction]:
    return Fraction(first, of), Fraction(behind, of)


def _stage(rank: Rank, count: int) -> int | None:
    """Return the stage of a rank; a phase of one stage need not name it."""
    return 0 if count == 1 else rank.cell[1]


def _stages(context: GraphContext, name: str, ranks: Sequence[Rank]) -> int:
    """Return how many stages a phase has."""
    phase = context.phase(name)
    return phase.stage_count if phase is not None else len({rank.cell[1] for rank in ranks})
