"""Which stages and layers of prefill hand their KV cache to which of decode."""

from __future__ import annotations

from collections import defaultdict
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
        self._counts = (_stages(context, "prefill", prefill), _stages(context, "decode", decode))
        pairs = {(s.cell[1:], r.cell[1:]) for r, some in handed.arrivals.items() for each in some for s in each.senders}
        distinct = min(len({one for one, _ in pairs}), len({two for _, two in pairs}))
        layers = [{rank.cell[2] for rank in ranks} for ranks in (prefill, decode)]
        numbered = [None not in some for some in layers]
        self._by_layer = all(numbered) and bool(layers[0] & layers[1]) and distinct > 1
        self._by_stage = (
            not all(numbered)
            and None not in {r.cell[1] for r in (*prefill, *decode)}
            and (len({one for one, _ in pairs}) > 1 or self._counts[0] == 1)
        )
        known = sorted({n for some in layers for n in some if n is not None})
        self._first = known[0] if known else 0
        self._total = self._layers or (known[-1] - known[0] + 1 if known else None)

    def _matches(self, sender: Rank, rank: Rank) -> bool | None:
        """Return whether a rank of prefill works on a layer of the rank of decode; None if that is not known."""
        (_, stage, layer), (_, its_stage, its_layer) = sender.cell, rank.cell
        if layer is not None and its_layer is not None:
            return layer == its_layer if self._by_layer else None
        if not self._by_stage or stage is None or its_stage is None:
            return None
        one, two = self._span(stage, layer, self._counts[0]), self._span(its_stage, its_layer, self._counts[1])
        if one is None or two is None:
            return None
        return one[0] * two[2] < two[1] * one[2] and two[0] * one[2] < one[1] * two[2]

    def _span(self, stage: int, layer: int | None, count: int) -> tuple[int, int, int] | None:
        """Return the first and the last part of the model behind it, of how many; None if stages differ in size."""
        if layer is not None:
            return (layer - self._first, layer - self._first + 1, self._total) if self._total else None
        if not count:
            return None
        even = count == 1 or self._total is None or self._total % count == 0
        return (stage, stage + 1, count) if even else None

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


def _stages(context: GraphContext, name: str, ranks: Sequence[Rank]) -> int:
    """Return how many stages a phase has, whose layers follow one another; 0 if they are interleaved."""
    phase = context.phase(name)
    if phase is not None and phase.degrees.vpp > 1:
        return 0
    return phase.stage_count if phase is not None else len({rank.cell[1] for rank in ranks})
