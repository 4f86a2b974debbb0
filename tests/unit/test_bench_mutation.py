"""A sample of the benchmark, so that neither it nor what it measures goes bad in silence."""

from __future__ import annotations

import pytest

from bench.mutation.defects import MUTATIONS
from bench.mutation.run import run_scheme
from bench.mutation.schemes import SCHEMES

# Names that say stage and layer, with declared degrees; clusters of stages with HTML labels.
SAMPLE = [number for number, scheme in enumerate(SCHEMES) if scheme.title in {"layerN_op_N", "HTML labels"}]


@pytest.mark.parametrize("number", SAMPLE)
def test_defects_are_found_and_nothing_else_is_told(number: int) -> None:
    outcomes = run_scheme(number, each=1)
    mutated = [outcome for outcome in outcomes if outcome.mutation]
    assert [outcome for outcome in outcomes if not outcome.mutation and outcome.wrong] == []
    assert [outcome for outcome in mutated if not outcome.hit] == []
    assert [outcome for outcome in mutated if outcome.wrong] == []
    assert len(mutated) > 0.9 * len(MUTATIONS)
