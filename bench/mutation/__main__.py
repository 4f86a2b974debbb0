"""Run the benchmark and print its tables."""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from typing import TYPE_CHECKING

from bench.mutation.model import Plan, World, build
from bench.mutation.mutations import MUTATIONS, Defect
from bench.mutation.schemes import SCHEMES, Scheme, names, render
from dotlint.engine.runner import Settings, lint
from dotlint.strategy import Strategy
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from dotlint.engine.finding import Finding

PLANS = [
    Plan(1, 2), Plan(2, 4, layers=2), Plan(4, 2, 1, 2), Plan(4, 2, 4, 2, moe=True, decode=True), Plan(2, 1, 8, moe=True),
    Plan(8, 2, 2, layers=2, moe=True), Plan(16, 1, layers=2), Plan(1, 1, 16, moe=True, layers=2, experts_each=1),
    Plan(3, 8, layers=3, decode=True), Plan(4, 4, layers=1), Plan(6, 2, 4, moe=True), Plan(4, 8, 1, 2, layers=2),
]  # fmt: skip
# What a defect brings with it: true of the mutated file, though another rule names the cause.
_WITH_IT = {
    "edge_deleted": {"G003", "G004", "G005", "G006", "G009", "S009", "S014"},
    "stage_unwired": {"G003", "G004", "G005", "G006", "S009", "S014"},
    "stage_dropped": {"D006", "G004", "G006", "H001", "H005", "S007"},
    "link_dropped": {"G004", "G005", "G006"},
    "shard_dropped": {"S003", "S013", "D005", "G009", "T004"},
    "gpus_shifted": {"D003", "D004", "D005", "D006", "D008", "D009", "C006"},
    "shard_overlap": {"D003", "D004", "D009", "D006", "C006", "C005"},
    "gpu_out_of_range": {"D003", "D004", "D006", "D009", "C006"},
    "dims_forgotten": {"T003"},
    "allreduce_changes": {"T003", "T004"},
    "allgather_idle": {"T003", "T004"},
    "back_edge": {"G001", "G002", "S005", "S006", "C004", "C006", "G009", "T003"},
    "skipped_stage": {"S006", "C004", "C006", "G009", "T003"},
    "expert_overlap": {"P008", "S013"},
    "expert_gap": {"P008", "S013"},
    "collective_removed": {"T003", "T004", "T007"},
    "combine_removed": {"T003", "C006", "C004", "S004", "S006", "T004"},
    "gather_removed": {"S003", "T003", "S001", "C005", "S006"},
    "kv_removed": set[str](),
}


def _findings(world: World, scheme: Scheme) -> list[Finding]:
    plan = world.plan
    spec = plan.spec
    if plan.decode:
        gpus = plan.pp * plan.stage_gpus
        spec = f"prefill={plan.spec}@0-{gpus - 1}"
    return lint(Source.from_text(render(world, scheme), "bench.dot"), Settings(Strategy.parse(spec), "option")).findings


def _found(defect: Defect, findings: list[Finding], ids: dict[str, str]) -> bool:
    hits = [f for f in findings if f.code in defect.codes]
    if defect.edges:
        proposed = {pair for f in hits for pair in f.missing_edges}
        return {(ids[t], ids[h]) for t, h in defect.edges} <= proposed
    if not defect.keys:
        return bool(hits)
    named = {node for f in hits for node in f.nodes}
    return any(ids[key] in named for key in defect.keys if key in ids)


def main(verbose: bool) -> int:
    """Run everything; the exit status is 0 where recall and precision reach 0.99."""
    by_mutation: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    by_scheme: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    clean = noisy = 0
    for number, plan in enumerate(PLANS):
        world = build(plan)
        for scheme in SCHEMES:
            before = _findings(world, scheme)
            clean += 1
            noisy += bool(before)
            if before and verbose:
                print("on a correct graph:", plan.spec, scheme.title, [(f.code, f.message[:90]) for f in before][:3])
            known = {(f.code, f.message) for f in before}
            for title, mutate in MUTATIONS.items():
                rng = random.Random(f"{number} {scheme.title} {title}")
                defect = mutate(world, rng)
                if defect is None:
                    continue
                after = [f for f in _findings(defect.world, scheme) if (f.code, f.message) not in known]
                ids = names(defect.world, scheme)
                allowed = set(defect.codes) | _WITH_IT.get(title, set())
                hit = _found(defect, after, ids)
                wrong = [f for f in after if f.code not in allowed and not f.caused_by]
                right = [f for f in after if f.code in allowed or f.caused_by]
                for row in (by_mutation[title], by_scheme[scheme.title]):
                    row[0] += 1
                    row[1] += hit
                    row[2] += len(right)
                    row[3] += len(wrong)
                if verbose and (not hit or wrong):
                    what = [(f.code, f.message[:100]) for f in (wrong or after)][:3]
                    print(
                        "missed" if not hit else "besides",
                        title,
                        plan.spec,
                        f"layers {plan.layers}",
                        scheme.title,
                        what,
                    )
    print(f"correct graphs: {clean}, with a finding: {noisy}")
    for heading, table in (("mutation", by_mutation), ("scheme", by_scheme)):
        print(f"\n{heading:24} {'runs':>5} {'found':>6} {'recall':>7} {'beside':>7} {'precision':>9}")
        for title, (runs, hits, right, wrong) in table.items():
            precision = right / (right + wrong) if right + wrong else 1.0
            print(f"{title:24} {runs:5} {hits:6} {hits / runs:7.3f} {wrong:7} {precision:9.3f}")
    runs, hits, right, wrong = (sum(row[i] for row in by_mutation.values()) for i in range(4))
    recall, precision = hits / runs, right / (right + wrong)
    print(f"\nall: {runs} runs, recall {recall:.3f}, precision {precision:.3f}")
    return 0 if recall >= 0.99 and precision >= 0.99 and not noisy else 1


if __name__ == "__main__":
    sys.exit(main("-v" in sys.argv))
