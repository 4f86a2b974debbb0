"""The part of the command that draws schemes: `--drawn N`, `--print SEED`."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

from bench.mutation.drawn import trial as deployments
from bench.mutation.drawn.changes import DRAWN
from bench.mutation.drawn.table import clean_share, precision, recall, show
from bench.mutation.drawn.trial import findings
from bench.mutation.drawn.writer import write
from bench.mutation.flow import trial as flow
from bench.mutation.flow.defects import FLOW
from bench.mutation.planned import trial as planned

if TYPE_CHECKING:
    import argparse

    from bench.mutation.defects import Mutation
    from bench.mutation.flow.defects import Fault

FLOWS = "flow."
"""How seeds of deployments begin whose labels state how tensors travel."""

KNOWN: dict[str, Mutation | Fault] = {**DRAWN, **FLOW}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for drawn schemes."""
    parser.add_argument(
        "--drawn", type=int, default=0, metavar="N", help="draw N schemes instead of running the fixed ones"
    )
    parser.add_argument("--seed", default="1", metavar="S", help="what is drawn: scheme I has the seed S.I (1)")
    parser.add_argument(
        "--flow",
        action="store_true",
        help="draw deployments whose labels state how tensors travel; their seeds begin with flow.",
    )
    parser.add_argument("--plans", action="store_true", help="draw the graphs of `dotlint new` for plans at random")
    parser.add_argument(
        "--show", type=int, default=0, metavar="K", help="rows of the table by factor, and examples (all)"
    )
    parser.add_argument(
        "--print",
        default="",
        metavar="SEED",
        help="print one graph: 1.17 or flow.1.17, or 1.17/edge_deleted with a defect",
    )


def main(options: argparse.Namespace) -> int:
    """Print one graph, or run; the exit status is 0 where the aims of the benchmark are reached."""
    if options.print:
        return _print(options.print)
    seeds = [f"{FLOWS if options.flow else ''}{options.seed}.{number}" for number in range(options.drawn)]
    with ProcessPoolExecutor(options.jobs) as pool:
        found = list(
            pool.map(
                (planned if options.plans else flow if options.flow else deployments).run,
                seeds,
                [options.only] * len(seeds),
                chunksize=8,
            )
        )
    outcomes = [outcome for some in found for outcome in some]
    if options.verbose:
        for outcome in outcomes:
            name = f"{outcome.seed}/{outcome.mutation}".rstrip("/")
            if outcome.mutation and not outcome.hit:
                wanted = sorted(KNOWN[outcome.mutation].codes) if outcome.mutation in KNOWN else ["any"]
                print("missed ", name, "| wanted", *wanted, "| told", *outcome.told[:3])
            for said in outcome.wrong[:4]:
                print("besides" if outcome.mutation else "false  ", name, "|", said)
    show(outcomes, options.show)
    return 0 if clean_share(outcomes) >= 0.98 and recall(outcomes) >= 0.97 and precision(outcomes) >= 0.97 else 1


def _print(name: str) -> int:
    """Print a graph, its strategy, what is wrong with it and what is found."""
    seed, _, title = name.partition("/")
    kind = flow if seed.startswith(FLOWS) else deployments
    drawn = kind.draw(seed)
    page, strategy = write(drawn.world, drawn.manner), drawn.strategy
    if title:
        done = kind.mutate(drawn, title, page)
        if done is None:
            print(f"{title} cannot be done in {seed}")
            return 2
        clean, (defect, page) = page, done
        keys = dict.fromkeys([*defect.keys, *(end for edge in defect.edges for end in edge)])
        print(f"// defect: {title}: {KNOWN[title].change.__doc__}")
        print("// at:", *[page.ids.get(key, clean.ids.get(key, key)) for key in keys])
        print("// wanted:", *sorted(KNOWN[title].codes))
    print("// strategy:", json.dumps(strategy))
    print(
        "// drawn:",
        json.dumps({k: v for k, v in drawn.factors.items() if k[:2] not in ("id", "ti")}, ensure_ascii=False),
    )
    for finding in findings(page.text, strategy):
        print(f"// found: {finding.code} {finding.severity} {finding.message}")
    print(page.text)
    return 0
