"""Batches: whether data-parallel ranks get the same number of micro batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.strategy.fitting import degrees_that, divisors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.calculations.calculation import Calculation, Plan


def batches(plan: Plan) -> Iterator[Calculation]:
    """Yield the calculation about the global batch, where the engine requires one."""
    facts, dp = plan.facts, plan.named.dp
    total, micro, steps = facts.global_batch, facts.micro_batch, facts.accumulation
    if plan.engine.batch == "any" or total is None or (dp == 1 and micro is None and steps is None):
        return
    known = {"micro batch": micro, "accumulation": steps if plan.engine.batch == "product" else None}
    factors = {name: value for name, value in known.items() if value is not None}
    each = 1
    for value in factors.values():
        each *= value
    formula = f"{' · '.join((*factors, 'DP'))} = {'·'.join(map(str, (*factors.values(), dp)))} = {each * dp}"
    whole = len(factors) == 2
    fitting = [n for n in divisors(total // each) if not whole or each * n == total] if total % each == 0 else []
    lengths = [n for n in (total - total % (each * dp), total - total % (each * dp) + each * dp) if n]
    sizes = str(each * dp) if whole else ", ".join(map(str, lengths))
    advice = "; ".join(filter(None, (degrees_that("DP", "fit", fitting), f"global batches that fit: {sizes}")))
    if whole and total != each * dp:
        yield plan.fails("batch", f"the global batch {total} is not {formula}", advice)
    elif total % (each * dp):
        yield plan.fails("batch", f"the global batch {total} is not divisible by {formula}", advice)
    elif plan.engine.name == "megatron" and micro is not None and (total // (each * dp)) % _interleaved(plan):
        count, pp = total // (each * dp), plan.named.pp
        sizes = ", ".join(str(n * each * dp) for n in (count - count % pp, count - count % pp + pp) if n)
        text = f"the {count} micro batches of a replica are not a multiple of PP={pp}, as VPP={plan.named.vpp} requires"
        source = "interleaved-batch"
        yield plan.fails("batch", text, f"global batches that fit: {sizes}", source=source)
    else:
        yield plan.passes("batch", f"global batch {total}, {formula}: {total // (each * dp)} on each replica")


def _interleaved(plan: Plan) -> int:
    """Return the size of a group of micro batches in the interleaved schedule of Megatron-LM: PP unless it is set."""
    return plan.named.pp if plan.named.vpp > 1 else 1
