"""Run the benchmark and print its tables."""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

from bench.mutation.drawn import command
from bench.mutation.plans import PLANS
from bench.mutation.run import Outcome, run_scheme
from bench.mutation.schemes import SCHEMES

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> int:
    """Run everything; the exit status is 0 where recall and precision reach 0.99 and no correct graph is spoken of."""
    parser = argparse.ArgumentParser(prog="python -m bench.mutation", description=__doc__)
    parser.add_argument("-v", "--verbose", action="store_true", help="say what was missed and what was said besides")
    parser.add_argument("--each", type=int, default=1, metavar="N", help="plans for each mutation and scheme (1)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes (2)")
    parser.add_argument("--scheme", default="", metavar="TEXT", help="only schemes whose title has this")
    parser.add_argument("--only", default="", metavar="TEXT", help="only mutations whose name has this")
    command.add_options(parser)
    options = parser.parse_args()
    if options.drawn or options.print:
        return command.main(options)
    wanted = [number for number, scheme in enumerate(SCHEMES) if options.scheme in scheme.title]
    with ProcessPoolExecutor(options.jobs) as pool:
        found = list(pool.map(run_scheme, wanted, [options.each] * len(wanted), [options.only] * len(wanted)))
    outcomes = [outcome for some in found for outcome in some]
    if options.verbose:
        for outcome in outcomes:
            if not outcome.hit or outcome.wrong:
                kind = "besides" if outcome.hit else "missed"
                print(
                    kind,
                    outcome.mutation or "nothing",
                    "|",
                    outcome.scheme,
                    "|",
                    PLANS[outcome.plan],
                    *outcome.wrong[:3] or outcome.told[:3],
                )
    clean = [outcome for outcome in outcomes if not outcome.mutation]
    noisy = sum(1 for outcome in clean if outcome.wrong)
    print(f"correct graphs: {len(clean)}, with a finding: {noisy}")
    mutated = [outcome for outcome in outcomes if outcome.mutation]
    _table("mutation", mutated, lambda outcome: outcome.mutation)
    _table("scheme", mutated, lambda outcome: outcome.scheme)
    recall, precision = _table("all", mutated, lambda _: "")
    return 0 if recall >= 0.99 and precision >= 0.99 and not noisy else 1


def _table(heading: str, outcomes: list[Outcome], key: Callable[[Outcome], str]) -> tuple[float, float]:
    """Print a row for each value of the key; give recall and precision of the last."""
    rows: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        rows[key(outcome)].append(outcome)
    print(f"\n{heading:26} {'runs':>5} {'found':>6} {'recall':>7} {'besides':>8} {'precision':>9}")
    recall = precision = 1.0
    for title, some in rows.items():
        hits, right = sum(outcome.hit for outcome in some), sum(outcome.right for outcome in some)
        wrong = sum(len(outcome.wrong) for outcome in some)
        recall, precision = hits / len(some), right / (right + wrong) if right + wrong else 1.0
        print(f"{title:26} {len(some):5} {hits:6} {recall:7.3f} {wrong:8} {precision:9.3f}")
    return recall, precision


if __name__ == "__main__":
    sys.exit(main())
