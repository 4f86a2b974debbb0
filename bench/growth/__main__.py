"""`python -m bench.growth [FAMILY ...]`: a table of the families, as Markdown; status 1 if one misses a target.

A family is doubled four times. What an empty graph takes is subtracted, and the best of several runs counts.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench.growth.families import FAMILIES, Case
from bench.growth.measure import MEGABYTE, MEMORY, SLOPE, empty, growth


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    options.add_argument("family", nargs="*", help="only families whose name contains one of these")
    options.add_argument("--largest", type=int, default=256_000, help="bytes of the largest file of a family, about")
    options.add_argument("--limit", type=int, default=20, help="seconds of the processor for one run")
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--python", default=sys.executable, help="the interpreter whose dotlint is measured")
    given = options.parse_args()
    chosen = {name: make for name, make in FAMILIES.items() if not given.family or any(w in name for w in given.family)}
    with tempfile.TemporaryDirectory() as name:
        base = empty(Path(name), Case("digraph {}\n"), given.python)
    print(f"Targets: slope {SLOPE}, {MEMORY} bytes a byte, {MEGABYTE:.0f} s a megabyte. Empty: {base.seconds:.2f} s.\n")
    print("| family | kB | seconds | slope | seconds a megabyte | memory / text | missed |")
    print("|---|---:|---:|---:|---:|---:|---|")
    failed = 0
    for family, make in chosen.items():
        found = growth(make, base, largest=given.largest, python=given.python, limit=given.limit, repeat=given.repeat)
        missed = ", ".join(found.missed())
        failed += bool(missed)
        if found.points:
            last = found.points[-1]
            row = f"{last.size / 1e3:.0f} | {last.seconds:.2f} | {found.slope:.2f} | {found.megabyte:.1f} | {found.memory:.0f}"
        else:
            row = "– | – | – | – | –"
        print(f"| {family} | {row} | {missed} |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
