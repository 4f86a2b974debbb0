"""Do the tests notice when the code is wrong: `python -m bench.mutants strategy -n 100 --seed 1`.

Works in a copy of the tree. Places of a room's code are drawn at random, one mutant is made at each by an operator of
cosmic-ray (`pip install -e '.[test,bench]'`), and the room's own tests are run until one of them fails. What survives
is printed as a diff, to be read: it wants a test, or it changes nothing that a user could see.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

TREE: Final = Path(__file__).parents[1]
# Of each room its modules and the tests that are about them; quick ones first, since the first failure is enough.
ROOMS: Final[dict[str, tuple[str, str]]] = {
    "edits": (
        "dotlint/files/atomic.py dotlint/edits/{apply,compose}.py dotlint/pipeline/{fix_text,fixpoint,trials,preview,acceptance,compute}.py",
        "tests/unit/test_fix_{edits,judgement,atomic,extrapolate,planned_nodes,converge,trial,edges}.py tests/cli/test_fix.py",
    ),
    "insertion": (
        "dotlint/edits/{insertion,attributes,statement,slots,graph_attributes}.py",
        "tests/unit/test_fix_{edits,labels,structure,copies,edges,insertion,places,members,stages,gpus,converge}.py tests/cli/test_fix.py",
    ),
    "suppression": ("dotlint/suppressions/{directives,scope}.py", "tests/unit/test_{suppression_scope,suppression}.py"),
    "spans": (
        "dotlint/syntax/{source,tree}.py dotlint/engine/statements.py dotlint/server/text.py",
        "tests/unit/test_{places,syntax_tree,syntax_ids,server_text,baseline}.py",
    ),
    "strategy": (
        "dotlint/strategy/{arithmetic,declarations,degrees,describe,error,toml_file,phase_files,gpus,phases,spec,wording}.py",
        "tests/unit/test_strategy_{spec,corners,phases,declarations,totals,describe,gpus,layout}.py",
    ),
    "layout": (
        "dotlint/strategy/{rank_grid,build_grids,layout,placement,presets,totals}.py",
        "tests/unit/test_strategy_{layout,corners,totals,gpus,phases,describe}.py",
    ),
}
_LEFT_OUT: Final = shutil.ignore_patterns(".git", "__pycache__", ".*_cache", ".hypothesis", "site", "node_modules")


def main() -> None:
    parser = argparse.ArgumentParser(description="How many mutants of a room do its tests kill?")
    parser.add_argument("room", choices=sorted(ROOMS))
    parser.add_argument("-n", type=int, default=100, help="how many mutants (default 100)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="of the room's modules only those with this in their path")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder, "tree")
        shutil.copytree(TREE, tree, ignore=_LEFT_OUT)
        compileall.compile_dir(tree / "dotlint", quiet=1)
        compileall.compile_dir(tree / "tests", quiet=1)
        os.chdir(tree)
        # Processes that a test starts elsewhere have to import the copy, too.
        os.environ |= {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        _run(options.room, options.n, options.seed, options.only)


def _run(room: str, count: int, seed: int, only: str) -> None:
    from cosmic_ray.mutating import mutate_and_test  # noqa: PLC0415 - not everybody has it
    from cosmic_ray.testing import run_tests  # noqa: PLC0415

    modules, tests = ROOMS[room]
    paths = [Path(module) for module in _spelt_out(modules) if only in module]
    command = f"{sys.executable} -m pytest -x -q -o addopts= -p no:cacheprovider {' '.join(_spelt_out(tests))}"
    began = time.monotonic()
    outcome, output = run_tests(command, 600)
    if outcome != "survived":
        raise SystemExit(f"the tests fail without a mutant:\n{output}")
    timeout = 10 + 4 * (time.monotonic() - began)
    killed: dict[str, list[bool]] = {}
    for number, mutation in enumerate(_sample(paths, count, seed), 1):
        result = mutate_and_test([mutation], command, timeout)
        killed.setdefault(str(mutation.module_path), []).append(result.is_killed)
        if result.is_killed:
            print(f"{number}\r", end="", flush=True)
        else:
            print(f"--- survivor {number}: {mutation.operator_name}\n{result.diff}\n", flush=True)
    for path, of_it in sorted(killed.items()):
        print(f"{sum(of_it):4} of {len(of_it):4}  {path}")
    every = [one for of_it in killed.values() for one in of_it]
    print(f"{sum(every):4} of {len(every):4}  {room}: {sum(every) / len(every):.0%} killed, seed {seed}")


def _spelt_out(patterns: str) -> list[str]:
    """Read braces as a shell does."""
    found: list[str] = []
    for pattern in patterns.split():
        before, _, rest = pattern.partition("{")
        names, _, after = rest.partition("}")
        found += [before + name + after for name in names.split(",")]
    return found


def _sample(paths: list[Path], count: int, seed: int) -> list[Any]:
    """Draw places of the code, then one mutant of each, so that what has many operators is not drawn more often."""
    from cosmic_ray.commands.init import _all_work_items  # noqa: PLC0415

    places: dict[tuple[str, Any], list[Any]] = {}
    silent = {str(path): _annotations(path) for path in paths}
    for item in _all_work_items(paths, {}):
        mutation = item.mutations[0]
        path, start = str(mutation.module_path), tuple(mutation.start_pos)
        if not any(first <= start < last for first, last in silent[path]):
            places.setdefault((path, start), []).append(mutation)
    draw = random.Random(seed)
    chosen = draw.sample(sorted(places), min(count, len(places)))
    return [draw.choice(places[place]) for place in chosen]


def _annotations(path: Path) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Give the places that only a type checker reads."""
    found: list[ast.expr | ast.stmt | None] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.arg | ast.AnnAssign):
            found.append(node.annotation)
        elif isinstance(node, ast.FunctionDef):
            found.append(node.returns)
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            found += [node.test, *node.body]
    return [
        ((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)) for node in found if node
    ]


if __name__ == "__main__":
    main()
