"""Run the experiment and print its table."""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.repair.damage import DAMAGES, commented, spans
from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.graph import read
from dotlint.pipeline.fix_text import fix_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.graph import Graph

_FIXTURES = Path(__file__).parents[2] / "tests" / "fixtures"
_LEAST = 0.95
_LONGEST = 30_000
_COMMENTED = 0.25  # share of trials with a comment beside the damage
_CHUNK = 25  # trials of one file in a row, since reading a file costs as much as a trial
_SYNTAX = Settings(selection=Selection(select=("E",)))


class Trial(NamedTuple):
    """What became of one damaged file.

    `outcome` is right or wrong where it was repaired, partly where fixes changed it and something is left to tell, and
    told where it stayed as it was. A fix that loses a comment is wrong in either case.
    """

    damage: str
    unsafe: bool
    outcome: str
    rules: str
    where: str


def main() -> int:
    """Return 0 if of every damage at least 95 of 100 files that safe fixes repair are the original graph."""
    parser = argparse.ArgumentParser(prog="python -m bench.repair", description=__doc__)
    parser.add_argument("folder", nargs="*", type=Path, default=[_FIXTURES], help="folders with valid DOT files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--damage", default="", help="only damages whose name contains this")
    parser.add_argument("-v", "--verbose", action="store_true", help="print what was repaired wrong")
    options = parser.parse_args()
    files = [text for folder in options.folder for path in sorted(folder.rglob("*")) for text in _valid(path)]
    draw = random.Random(options.seed)
    work = [(draw.choice(files), draw.random(), options.damage) for _ in range(options.trials // _CHUNK)]
    with ProcessPoolExecutor(options.jobs) as pool:
        trials = [trial for some in pool.map(_run, *zip(*work, strict=True)) for trial in some]
    if options.verbose:
        for trial in trials:
            if trial.where:
                print("unsafe" if trial.unsafe else "safe", trial.outcome, trial.damage, trial.rules, trial.where, "\n")
    _table("unsafe", [trial for trial in trials if trial.unsafe])
    safe = [trial for trial in trials if not trial.unsafe]
    _table("safe", safe)
    shares = [_share(trial for trial in safe if trial.damage == damage) for damage in {trial.damage for trial in safe}]
    return 0 if min(shares, default=1) >= _LEAST else 1


def _share(trials: Iterable[Trial]) -> float:
    """Return which share of the repaired files is right."""
    count = Counter(trial.outcome for trial in trials)
    return count["right"] / (count["right"] + count["wrong"] or 1) if count["right"] + count["wrong"] else 1.0


def _valid(path: Path) -> Iterator[str]:
    """Yield the text of a file that is valid and not too long."""
    if path.suffix not in {".dot", ".gv"} or path.stat().st_size > _LONGEST:
        return
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    document = read(text)
    if document.graphs and not document.problems:
        yield text


def _run(text: str, seed: float, only: str) -> list[Trial]:
    return list(_trials(text, random.Random(seed), only))


def _trials(text: str, draw: random.Random, only: str) -> Iterator[Trial]:
    meant, own, tokens = _graphs(text), _comments(text), spans(text)
    for _ in range(_CHUNK):
        damage = draw.choice([one for one in DAMAGES if only in one.__name__])
        span = draw.choice(tokens)
        whole, comments = text, own
        if draw.random() < _COMMENTED:
            whole, span = commented(text, span, draw)
            comments = _comments(whole)
            if _graphs(whole) != meant:
                continue
        broken = damage(whole, span, draw)
        if not read(broken).problems:
            continue  # another graph perhaps, but a valid one
        for unsafe in (False, True):
            fixed = fix_text(broken, _SYNTAX, unsafe=unsafe)
            kept = _comments(fixed.text)
            if fixed.remaining:
                rules = {finding.code for finding in fixed.remaining}
                outcome = "partly" if fixed.changed else "told"
                if not unsafe and fixed.changed and not set(_comments(broken)) <= set(kept):
                    outcome = "wrong"
            else:
                rules = {finding.code for finding in fixed.applied}
                outcome = "right" if _graphs(fixed.text) == meant and kept == comments else "wrong"
            where = f"\n  {_around(broken, span[0])!r}\n{fixed.diff()}" if outcome in {"wrong", "partly"} else ""
            yield Trial(damage.__name__, unsafe, outcome, "+".join(sorted(rules)), where)


def _around(text: str, offset: int) -> str:
    return text[max(text.rfind("\n", 0, offset), offset - 60) : offset + 60]


def _comments(text: str) -> list[str]:
    return [text[comment.start : comment.end] for comment in read(text).comments]


def _graphs(text: str) -> list[object]:
    return [_content(graph) for graph in read(text).graphs]


def _content(graph: Graph) -> object:
    """Return the nodes, edges, clusters and attributes of a graph in their order, for comparison."""
    edges = [(e.tail.name, e.head.name, e.attributes) for e in graph.edges]
    subgraphs = [(one.name if one.is_cluster else "", one.attributes, list(one.nodes)) for one in graph.subgraphs]
    nodes = [(name, node.attributes) for name, node in graph.nodes.items()]
    return graph.directed, graph.strict, graph.name, graph.attributes, nodes, edges, subgraphs


_OUTCOMES = ("right", "wrong", "partly", "told")


def _table(heading: str, trials: list[Trial]) -> None:
    """Print a row for each damage, and for each of its sets of rules."""
    rows: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for trial in trials:
        rows[trial.damage, trial.rules][trial.outcome] += 1
        rows[trial.damage, ""][trial.outcome] += 1
        rows["all", ""][trial.outcome] += 1
    print(f"\n{heading + ' fixes':34}" + "".join(f"{outcome:>7}" for outcome in _OUTCOMES))
    for (damage, rules), count in sorted(rows.items(), key=lambda row: (row[0][0], -row[1].total())):
        print(f"{'  ' + rules if rules else damage:34}" + "".join(f"{count[outcome]:7}" for outcome in _OUTCOMES))


if __name__ == "__main__":
    sys.exit(main())
