"""`python -m bench.batch`: make rows, or measure runs over them."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bench.batch.rows import rows

_GROUP = 5000


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m bench.batch", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="write rows")
    make.add_argument("rows", type=int)
    make.add_argument("output")
    make.add_argument("--largest", type=int, default=3000, help="edges of the largest graph")
    make.add_argument("--seed", type=int, default=0)
    run = commands.add_parser("measure", help="run `dotlint batch` and print a line of the table for each input")
    run.add_argument("inputs", nargs="+")
    run.add_argument("--engine", choices=("local", "ray"), default="local")
    run.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    if options.command == "make":
        _make(options.rows, options.output, options.largest, options.seed)
        return
    print("| rows | MB | engine | workers | seconds | rows/s | MB/s | CPU ms/row | MB driver | MB workers |")
    print("|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|")
    for path in options.inputs:
        print(_measured(path, options.engine, options.workers), flush=True)


def _make(number: int, output: str, largest: int, seed: int) -> None:
    made = rows(number, seed, largest=largest)
    with pq.ParquetWriter(output, _SCHEMA) as writer:
        while some := list(itertools.islice(made, _GROUP)):
            writer.write_table(pa.Table.from_pylist(some, _SCHEMA))


_SCHEMA = pa.schema([("id", pa.int64()), ("generator", pa.string()), ("strategy", pa.string()), ("dot", pa.string())])


def _measured(path: str, engine: str, workers: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "dotlint",
            "batch",
            path,
            "-o",
            f"{folder}/out",
            "--strategy-column",
            "strategy",
        ]
        environment = dict(os.environ)
        if engine == "ray":
            command += ["--engine", "ray"]
            environment["RAY_OVERRIDE_RESOURCES"] = json.dumps({"CPU": workers})
        else:
            command += ["--jobs", str(workers)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
        peaks = _Peaks(process.pid)
        peaks.start()
        _, said = process.communicate()
        seconds = time.perf_counter() - started
        peaks.stop()
        if process.returncode:
            raise SystemExit(said.decode())
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = max(peaks.seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    number = pq.read_metadata(path).num_rows
    size = (
        sum(len(text.as_py()) for batch in pq.ParquetFile(path).iter_batches(columns=["dot"]) for text in batch["dot"])
        / 1e6
    )
    return (
        f"| {number:,} | {size:.0f} | {engine} | {workers} | {seconds:.0f} | {number / seconds:.0f} | {size / seconds:.2f} "
        f"| {1e3 * cpu / number:.2f} | {peaks.driver / 1e6:.0f} | {peaks.workers / 1e6:.0f} |"
    )


class _Peaks(threading.Thread):
    """The peak memory of a process and of its descendants, and their time of the processor, ten times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._times: dict[int, float] = {}
        self._done = threading.Event()
        self.driver = self.workers = 0

    @property
    def seconds(self) -> float:
        """The time of the processor of all processes that were seen."""
        return sum(self._times.values())

    def run(self) -> None:
        while not self._done.wait(0.1):
            for pid in _family(self._pid):
                try:
                    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                except (OSError, IndexError):
                    continue
                size = pages * os.sysconf("SC_PAGE_SIZE")
                self._times[pid] = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
                if pid == self._pid:
                    self.driver = max(self.driver, size)
                elif "dotlint" in _command(pid) or "ray::" in _command(pid) or "multiprocessing" in _command(pid):
                    self.workers = max(self.workers, size)

    def stop(self) -> None:
        """End the measurement."""
        self._done.set()
        self.join()


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    except OSError:
        return ""


def _family(root: int) -> set[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


if __name__ == "__main__":
    main()
