"""Run the experiment and print its table."""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.repair.damage import DAMAGES, spans
from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.graph import read
from dotlint.pipeline.fix_text import fix_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.graph import Graph

_FIXTURES = Path(__file__).parents[2] / "tests" / "fixtures"
_LONGEST = 30_000
_CHUNK = 25  # trials of one file in a row, since reading a file costs as much as a trial
_SYNTAX = Settings(selection=Selection(select=("E",)))


class Trial(NamedTuple):
    """What became of one damaged file: `outcome` is right, wrong or told."""

    damage: str
    unsafe: bool
    outcome: str
    rules: str
    where: str


def main() -> int:
    """Return 0 if at least 95 of 100 files that safe fixes repair are the original graph."""
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
            if trial.outcome == "wrong":
                print("unsafe" if trial.unsafe else "safe", trial.damage, trial.rules, trial.where, "\n")
    right = 1.0
    for unsafe in (True, False):
        right = _table("unsafe" if unsafe else "safe", [trial for trial in trials if trial.unsafe is unsafe])
    return 0 if right >= 0.95 else 1


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
    meant, tokens = _graphs(text), spans(text)
    for _ in range(_CHUNK):
        damage = draw.choice([one for one in DAMAGES if only in one.__name__])
        span = draw.choice(tokens)
        broken = damage(text, span, draw)
        if not read(broken).problems:
            continue  # another graph perhaps, but a valid one
        for unsafe in (False, True):
            fixed = fix_text(broken, _SYNTAX, unsafe=unsafe)
            if fixed.remaining:
                rules = {finding.code for finding in fixed.remaining}
                outcome = "told"
            else:
                rules = {finding.code for finding in fixed.applied}
                outcome = (
                    "right" if _graphs(fixed.text) == meant and _comments(fixed.text) == _comments(text) else "wrong"
                )
            where = f"\n  {_around(broken, span[0])!r}\n{fixed.diff()}" if outcome == "wrong" else ""
            yield Trial(damage.__name__, unsafe, outcome, "+".join(sorted(rules)), where)


def _around(text: str, offset: int) -> str:
    return text[max(text.rfind("\n", 0, offset), offset - 60) : offset + 60]


def _comments(text: str) -> list[str]:
    return [text[comment.start : comment.end] for comment in read(text).comments]


def _graphs(text: str) -> list[object]:
    return [_content(graph) for graph in read(text).graphs]


def _content(graph: Graph) -> object:
    """Return the nodes, edges, clusters and attributes of a graph, for comparison."""
    edges = Counter((e.tail.name, e.head.name, frozenset(e.attributes.items())) for e in graph.edges)
    subgraphs = [(one.name if one.is_cluster else "", one.attributes, set(one.nodes)) for one in graph.subgraphs]
    nodes = {name: node.attributes for name, node in graph.nodes.items()}
    return graph.directed, graph.attributes, nodes, edges, subgraphs


def _table(heading: str, trials: list[Trial]) -> float:
    """Print a row for each damage and set of rules; return which share of the repaired files is right."""
    rows: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for trial in trials:
        rows[trial.damage, trial.rules][trial.outcome] += 1
        rows["all", ""][trial.outcome] += 1
    print(f"\n{heading + ' fixes':30} {'right':>6} {'wrong':>6} {'told':>6}")
    for (damage, rules), count in sorted(rows.items(), key=lambda row: (row[0][0], -row[1].total())):
        print(f"{damage + ' ' + rules:30} {count['right']:6} {count['wrong']:6} {count['told']:6}")
    repaired = rows["all", ""]["right"] + rows["all", ""]["wrong"]
    return rows["all", ""]["right"] / repaired if repaired else 1.0


if __name__ == "__main__":
    sys.exit(main())
