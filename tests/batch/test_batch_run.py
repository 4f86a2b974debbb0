"""`dotlint batch`: an input in parts, an output that a kill does not spoil, and a summary."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dotlint
from dotlint.batch.columns import RESULTS
from dotlint.batch.job import Job, run_part
from dotlint.batch.local import run_local
from dotlint.batch.options import Limits, RowOptions
from dotlint.batch.parts import divide, read_part
from dotlint.batch.run import output_of
from dotlint.batch.run import run as run_job
from dotlint.batch.storage import Storage
from dotlint.batch.table import Columns
from dotlint.batch.tally import Tally, tally_of
from tests.cli.command import run

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from dotlint.batch.parts import Part

SLOW = "digraph {" + "".join(f"node [k{at}=v]; a{at};" for at in range(60_000)) + "}"
TEXTS = ["digraph { a -> b }", "digraph { a -> b [colr=red] }", "digraph {", "digraph { a -> a }"]


def _table(rows: int) -> pa.Table:
    return pa.table({
        "id": list(range(rows)),
        "dot": [TEXTS[at % 4] for at in range(rows)],
        "source": ["xyz"[at % 3] for at in range(rows)],
    })  # fmt: skip


@pytest.fixture
def graphs(tmp_path: Path) -> Path:
    path = tmp_path / "graphs.parquet"
    pq.write_table(_table(50), path, row_group_size=20)
    return path


def _ids(path: Path) -> list[int]:
    ids: list[int] = pq.read_table(path).column("id").to_pylist()
    return ids


def test_a_folder_of_parts(graphs: Path, tmp_path: Path) -> None:
    status, out, messages = run(
        "batch", str(graphs), "-o", str(tmp_path / "out"), "--label", "source", "--batch-size", "7"
    )
    assert status == 0, messages
    assert out.startswith("50 rows · 38 correct · 12 incorrect")
    assert _ids(tmp_path / "out") == list(range(50))
    summary = json.loads((tmp_path / "out/_summary.json").read_text())
    assert summary["rules"]["A001"] == 13
    assert {label: one["rows"] for label, one in summary["labels"].items()} == {"x": 17, "y": 17, "z": 16}
    assert "A001 unknown-attribute" in (tmp_path / "out/_summary.html").read_text()


@pytest.mark.parametrize("name", ["out.parquet", "out.jsonl"])
def test_one_file(graphs: Path, tmp_path: Path, name: str) -> None:
    status, _, messages = run("batch", str(graphs), "-o", str(tmp_path / name), "--batch-size", "9", "--fix")
    assert status == 0, messages
    output = tmp_path / name
    rows = (
        pq.read_table(output).to_pylist()
        if name.endswith("t")
        else [json.loads(x) for x in output.read_text().splitlines()]
    )
    assert [row["id"] for row in rows] == list(range(50))
    assert rows[1]["fixed"] == "digraph { a -> b [color=red] }"
    assert dict(rows[1]["rules"]) == {"A001": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["graphs.parquet", name, f"{name}.summary.html", f"{name}.summary.json"]
    )


def test_json_lines(tmp_path: Path) -> None:
    lines = [json.dumps({"dot": text, "n": at}) for at, text in enumerate(TEXTS)]
    lines[2:2] = ["{broken", "[]", "", '{"n": "a string"}']
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    status, _, messages = run("batch", str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "out.jsonl"))
    assert status == 0, messages
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["dot"] for row in rows] == [*TEXTS[:2], None, None, None, *TEXTS[2:]]
    assert [row["error"] for row in rows[2:5]] == ["the row has no DOT text"] * 3


def test_json_lines_as_programs_write_them(tmp_path: Path) -> None:
    """A byte order mark, Windows line ends, `NaN`, a number too large for Arrow, and a graph that is no string."""
    lines = [
        b'\xef\xbb\xbf{"dot": "digraph { a -> b }", "n": 1}\r\n',
        b'{"dot": "digraph { a -> b }", "n": NaN}\r\n',
        b'{"dot": 5, "n": 1180591620717411303424}\n',
        b'{"dot": "digraph { a -> b } // \\ud800"}\n',
    ]
    (tmp_path / "in.jsonl").write_bytes(b"".join(lines))
    assert run("batch", str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "out.jsonl"))[0] == 0
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["dot"] for row in rows] == [TEXTS[0], TEXTS[0], "5", TEXTS[0] + r" // \ud800"]
    assert [row["n"] for row in rows] == ["1", "NaN", "1180591620717411303424", None]
    assert [row["rules"] for row in rows] == [{}, {}, {"E001": 1}, {}]


def test_no_line_is_json(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("{broken\n[]\n")
    status, out, _ = run("batch", str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "out"))
    assert (status, out) == (0, "2 rows · 2 could not be handled\n")


@pytest.mark.parametrize("name", ["out", "out.parquet"])
def test_parts_have_the_same_columns(tmp_path: Path, name: str) -> None:
    values: list[dict[str, object]] = [
        {},
        {"x": 1, "y": 1},
        {"x": "s"},
        {"x": [1], "y": 2.5},
        {"z": {"a": 1}},
        {"dot": ["list"]},
    ]
    lines = [json.dumps({"dot": TEXTS[0]} | value) for value in values]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    status, _, messages = run("batch", str(tmp_path / "in.jsonl"), "-o", str(tmp_path / name), "--batch-size", "1")
    assert status == 0, messages
    table = pq.read_table(tmp_path / name)
    assert table.column("dot").to_pylist() == [TEXTS[0]] * 5 + ['["list"]']
    assert table.column("x").to_pylist() == [None, "1", "s", "[1]", None, None]
    assert table.column("y").to_pylist() == [None, 1.0, None, 2.5, None, None]
    assert table.column("z").to_pylist() == [None] * 4 + [{"a": 1}, None]


def test_columns_of_other_types_in_json_lines(tmp_path: Path) -> None:
    table = pa.table({
        "dot": pa.array([TEXTS[1], None]).dictionary_encode(),
        "time": pa.array([1, None], pa.timestamp("ns")),
        "map": pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int32())),
        "bytes": [[b"\xff"], []],
        "number": [float("nan"), 1.0],
    })  # fmt: skip
    pq.write_table(table, tmp_path / "in.parquet")
    assert run("batch", str(tmp_path / "in.parquet"), "-o", str(tmp_path / "out.jsonl"), "--fix")[0] == 0
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [[row[name] for name in table.column_names[1:]] for row in rows] == [
        ["1970-01-01 00:00:00.000000001", {"a": 1}, ["\\xff"], None],
        [None, {}, [], 1.0],
    ]
    assert rows[0]["fixed"] == "digraph { a -> b [color=red] }"


@pytest.mark.parametrize("name", ["out", "out.parquet", "out.jsonl"])
@pytest.mark.parametrize("groups", [0, 1])
def test_an_input_without_rows(tmp_path: Path, name: str, groups: int) -> None:
    schema = pa.schema([("dot", pa.string())])
    with pq.ParquetWriter(tmp_path / "in.parquet", schema) as writer:
        for _ in range(groups):
            writer.write_table(schema.empty_table())
    status, out, messages = run("batch", str(tmp_path / "in.parquet"), "-o", str(tmp_path / name))
    assert (status, out) == (0, "0 rows\n"), messages
    if not name.endswith("jsonl"):
        assert pq.read_table(tmp_path / name).column_names[:2] == ["dot", "verdict"]


def test_a_label_is_escaped(tmp_path: Path) -> None:
    pq.write_table(pa.table({"dot": TEXTS[1:2], "by": ["\x1b]0;<b>"]}), tmp_path / "in.parquet")
    status, out, _ = run("batch", str(tmp_path / "in.parquet"), "-o", str(tmp_path / "out"), "--label", "by")
    assert (status, "\x1b" in out) == (0, False)
    assert "<b>" not in (tmp_path / "out/_summary.html").read_text()


def test_a_folder_of_dot_files(tmp_path: Path) -> None:
    folder = tmp_path / "graphs"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.dot").write_text(TEXTS[0])
    (folder / "sub/b.gv").write_text(TEXTS[1])
    (folder / "notes.txt").write_text("none")
    assert run("batch", str(folder), "-o", str(tmp_path / "out"))[0] == 0
    rows = pq.read_table(tmp_path / "out").to_pylist()
    assert [(row["path"], row["warnings"]) for row in rows] == [("a.dot", 0), ("sub/b.gv", 1)]


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    pq.write_table(_table(600), tmp_path / "graphs.parquet")
    command = ["batch", str(tmp_path / "graphs.parquet"), "--batch-size", "10", "-o"]
    killed = subprocess.Popen(
        [sys.executable, "-m", "dotlint", *command, str(tmp_path / "out")],
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not list((tmp_path / "out").glob("part-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    status, _, messages = run(*command, str(tmp_path / "out"))
    assert (status, "add --resume" in messages) == (2, True)
    status, _, messages = run(*command, str(tmp_path / "out"), "--resume", "--select", "A001")
    assert (status, "other options" in messages) == (2, True)
    assert run(*command, str(tmp_path / "out"), "--resume")[0] == 0
    assert run(*command, str(tmp_path / "whole"))[0] == 0
    assert pq.read_table(tmp_path / "out").equals(pq.read_table(tmp_path / "whole"))
    assert json.loads((tmp_path / "out/_summary.json").read_text())["rows"] == 600


def test_a_finished_part_is_done_again_if_its_files_are_not_whole(graphs: Path, tmp_path: Path) -> None:
    command = ["batch", str(graphs), "--batch-size", "10", "-o", str(tmp_path / "out")]
    assert run(*command)[0] == 0
    (tmp_path / "out/_tallies/part-000001.json").write_text("{")
    (tmp_path / "out/part-000002.parquet").unlink()
    assert run(*command, "--resume")[0] == 0
    assert _ids(tmp_path / "out") == list(range(50))
    assert json.loads((tmp_path / "out/_summary.json").read_text())["rows"] == 50
    (tmp_path / "out/_plan.json").write_text("{")
    status, _, messages = run(*command, "--resume")
    assert (status, "other options" in messages) == (2, True)


SPOIL: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "half": lambda data: data[: len(data) // 2],
    "without its end": lambda data: data[:-1],
    "another footer": lambda data: data[:-40] + bytes(36) + data[-4:],
    "more than whole": lambda data: data * 2,
}


@pytest.mark.parametrize("name", ["out", "out.jsonl", "out.parquet"])
@pytest.mark.parametrize("spoil", sorted(SPOIL))
def test_a_part_that_is_not_whole_is_done_again(graphs: Path, tmp_path: Path, name: str, spoil: str) -> None:
    """What is left of a disk that failed: a finished part whose file is not as it was written."""

    def killed(job: Job, parts: Sequence[Part]) -> Generator[tuple[Part, Tally]]:
        for part in parts[:3]:
            yield part, run_part(job, part)
        raise KeyboardInterrupt

    folder, form, _ = output_of(str(tmp_path / name))
    job = Job(str(graphs), folder, form, Columns(), RowOptions(), Limits(), 10)
    with pytest.raises(KeyboardInterrupt):
        run_job(job, str(tmp_path / name), killed, resume=False)
    first = Path(folder) / f"part-000001.{form}"
    first.write_bytes(SPOIL[spoil](first.read_bytes()))
    done: list[int] = []

    def engine(job: Job, parts: Sequence[Part]) -> Generator[tuple[Part, Tally]]:
        for part in parts:
            done.append(part.number)
            yield part, run_part(job, part)

    assert run_job(job, str(tmp_path / name), engine, resume=True).rows == 50
    assert done == [1, 3, 4]
    if form == "jsonl":
        assert [json.loads(x)["id"] for x in (tmp_path / name).read_text().splitlines()] == list(range(50))
    else:
        assert _ids(tmp_path / name) == list(range(50))


def test_a_run_that_is_killed_at_its_very_end_goes_on(graphs: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    job = Job(str(graphs), f"{output}.parts", "parquet", Columns(), RowOptions(), Limits(), 10)

    def engine(job: Job, parts: Sequence[Part]) -> Generator[tuple[Part, Tally]]:
        yield from ((part, run_part(job, part)) for part in parts)

    def killed(_self: Storage, _folder: str) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Storage, "remove", killed)
        with pytest.raises(KeyboardInterrupt):
            run_job(job, str(output), engine, resume=False)
    assert _ids(output) == list(range(50))
    assert run_job(job, str(output), engine, resume=True).rows == 50
    assert _ids(output) == list(range(50))
    assert not Path(job.parts).exists()


def test_parts_of_an_object_store(graphs: Path) -> None:
    """One that pyarrow does not know, and that has neither folders nor a rename."""
    job = Job(str(graphs), "memory://parts/out", "parquet", Columns(), RowOptions(), Limits(), 10)

    def engine(job: Job, parts: Sequence[Part]) -> Generator[tuple[Part, Tally]]:
        for part in parts:
            if part.number == 4 and not resumed:
                raise KeyboardInterrupt
            yield part, run_part(job, part)

    resumed = False
    with pytest.raises(KeyboardInterrupt):
        run_job(job, "memory://parts/out", engine, resume=False)
    storage = Storage("memory://parts/out")
    spoiled = f"{storage.root}/part-000002.parquet"
    storage.write(spoiled, storage.read(spoiled)[:-9])
    resumed = True
    assert run_job(job, "memory://parts/out", engine, resume=True).rows == 50
    paths = [info.path for info in storage.files(storage.root)]
    tables = [pq.read_table(pa.BufferReader(storage.read(path))) for path in paths]
    assert pa.concat_tables(tables).column("id").to_pylist() == list(range(50))


@pytest.mark.parametrize("parts", [1, 2])
def test_a_row_group_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: int) -> None:
    """However many parts it has, and if another process has some of them."""
    pq.write_table(_table(6000), tmp_path / "in.parquet")
    decoded: list[int] = []
    real = pq.ParquetFile.iter_batches

    def iter_batches(*given: object, **more: object) -> Iterator[pa.RecordBatch]:
        for batch in real(*given, **more):
            decoded.append(batch.num_rows)
            yield batch

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", iter_batches)
    storage = Storage(str(tmp_path / "in.parquet"))
    mine = divide(storage, 100).parts[::parts]
    rows = [row for part in mine for row in read_part(storage, part).column("id").to_pylist()]
    assert rows == [row for part in mine for row in range(part.start, part.stop)]
    assert sum(decoded) == 6000
    assert max(decoded) < 2000


def test_large_rows_are_in_small_parts(tmp_path: Path) -> None:
    texts = [f"digraph {{ a [comment={at:0>9000000}] }}" for at in range(12)]
    pq.write_table(pa.table({"dot": texts}), tmp_path / "in.parquet", use_dictionary=False)
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"dot": text}) + "\n" for text in texts))
    for name in ("in.parquet", "in.jsonl"):
        storage = Storage(str(tmp_path / name))
        found = [read_part(storage, part) for part in divide(storage, 500).parts]
        assert max(table.num_rows for table in found) <= 4
        assert sum(table.num_rows for table in found) == 12


def test_labels_without_end_are_bounded() -> None:
    """The summary has those with most rows, and one for all others."""
    rows = 30_000
    labels = ["often" if at % 10 == 9 else f"{at}{'x' * 300}" for at in range(rows)]
    results = {"verdict": ["correct"] * rows, "error": [None] * rows, "rules": pa.nulls(rows, RESULTS["rules"])}
    whole = Tally()
    for start in range(0, rows, 1000):
        table = pa.table({"dot": [TEXTS[0]] * rows, "by": labels, **results}).slice(start, 1000)
        whole.add(tally_of(table, dot="dot", prefix="", label="by"))
        assert len(whole.labels) <= 20_000
    written = whole.largest()
    assert len(written.labels) == 1001
    assert max(map(len, written.labels)) < 300
    first, *_, last = written.labels.items()
    assert (first[0], first[1].rows) == ("often", 3000)
    assert (last[0], last[1].rows) == ("(other)", rows - 3000 - 999)


def test_an_input_that_changes_fails_the_run(graphs: Path, tmp_path: Path) -> None:
    def engine(job: Job, parts: Sequence[Part]) -> Generator[tuple[Part, Tally]]:
        yield from run_local(job, parts, 1)
        pq.write_table(_table(51), graphs)

    job = Job(str(graphs), str(tmp_path / "out"), "parquet", Columns(), RowOptions(), Limits(), 10)
    with pytest.raises(dotlint.DotlintError, match="changed during the run"):
        run_job(job, str(tmp_path / "out"), engine, resume=False)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no time limit")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_run(tmp_path: Path, number: signal.Signals) -> None:
    pq.write_table(pa.table({"dot": [SLOW]}), tmp_path / "graphs.parquet")
    command = [sys.executable, "-m", "dotlint", "batch", str(tmp_path / "graphs.parquet"), "-o", str(tmp_path / "out")]
    started = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not _is_linting(started.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    started.send_signal(number)
    _, messages = started.communicate()
    assert (started.returncode, messages.strip()) == (
        (130, "dotlint: error: interrupted; the same command with --resume goes on")
        if number == signal.SIGINT
        else (-number, "")
    )
    while time.monotonic() < deadline:
        try:
            os.killpg(started.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("a process is left")


@pytest.mark.skipif(sys.platform != "linux", reason="needs `ps`")
def test_a_worker_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    pq.write_table(_table(2000), tmp_path / "graphs.parquet")
    command = [
        "batch",
        str(tmp_path / "graphs.parquet"),
        "--batch-size",
        "5",
        "--jobs",
        "2",
        "-o",
        str(tmp_path / "out"),
    ]
    started = subprocess.Popen([sys.executable, "-m", "dotlint", *command], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "out").glob("part-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    found = subprocess.run(["ps", "-wweo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = (line.split(None, 2) for line in found.splitlines())
    workers = [int(pid) for pid, parent, args in rows if int(parent) == started.pid and "spawn_main" in args]
    os.kill(workers[0], signal.SIGKILL)
    assert started.communicate()[1] == f"dotlint: wrote {tmp_path / 'out'}\n"
    assert (started.returncode, _ids(tmp_path / "out")) == (0, list(range(2000)))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
@pytest.mark.parametrize("name", ["out", "out.parquet"])
def test_a_full_disk_is_one_line_and_the_run_goes_on(graphs: Path, tmp_path: Path, name: str) -> None:
    """A limit on the size of files fails a write in the middle: of the first part, or of the file from all of them."""
    command = ["batch", str(graphs), "--batch-size", "10", "-o", str(tmp_path / name)]
    limit = 1000 if name == "out" else 14_000
    script = (
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        f"from dotlint.cli.main import main\nimport sys; sys.exit(main({command!r}))"
    )
    full = subprocess.run([sys.executable, "-B", "-c", script], check=False, capture_output=True, text=True)
    assert (full.returncode, full.stdout, full.stderr.count("\n")) == (2, "", 1)
    assert "File too large" in full.stderr
    assert not [path.name for path in tmp_path.rglob("*") if path.name.endswith(("-tmp", ".incomplete"))]
    assert run(*command, "--resume")[0] == 0
    assert _ids(tmp_path / name) == list(range(50))


def _is_linting(group: int) -> bool:
    """Return whether a process that lints rows has used the processor for a while."""
    found = subprocess.run(["ps", "-wweo", "pgid=,times=,args="], capture_output=True, text=True, check=True).stdout
    rows = (line.split(None, 2) for line in found.splitlines())
    return any(int(pgid) == group and int(seconds) > 1 and "batch.worker" in args for pgid, seconds, args in rows)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["missing.parquet"], "missing.parquet: no such file or folder"),
        (["{here}/notes.txt"], "nothing to read; the suffix of an input is one of .parquet"),
        (["{here}/mixed"], "contains 1 dot and 1 jsonl files; separate them"),
        (["{here}/broken.parquet"], "not a Parquet file"),
        (["{here}/graphs.parquet", "--dot", "text"], "no column `text`"),
        (["{here}/graphs.parquet", "--label", "sorce"], "did you mean `source`?"),
        (["{here}"], "is inside the input"),
        (["{here}/graphs.parquet", "--unsafe-fixes"], "--unsafe-fixes needs --fix"),
        (["{here}/graphs.parquet", "--address", "auto"], "--address needs --engine ray"),
        (["{here}/graphs.parquet", "--memory-limit", "much"], "`much` is not a size"),
        (["gopher://nowhere/x"], "gopher"),
    ],
)
def test_a_mistake_is_one_line(graphs: Path, tmp_path: Path, arguments: Sequence[str], why: str) -> None:
    (graphs.parent / "notes.txt").write_text("none")
    (graphs.parent / "broken.parquet").write_text("none")
    (graphs.parent / "mixed").mkdir()
    (graphs.parent / "mixed/a.dot").write_text(TEXTS[0])
    (graphs.parent / "mixed/b.jsonl").write_text("{}")
    given_arguments = [one.format(here=graphs.parent) for one in arguments]
    status, out, messages = run("batch", *given_arguments, "-o", str(tmp_path / "out"))
    assert (status, out) == (2, "")
    assert why in messages
    assert messages.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_output_is_not_overwritten(graphs: Path, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("mine")
    status, _, messages = run("batch", str(graphs), "-o", str(tmp_path / "out.jsonl"))
    assert (status, "exists" in messages, (tmp_path / "out.jsonl").read_text()) == (2, True, "mine")


@given(
    lines=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), min_size=1).map(
            lambda t: json.dumps({"dot": t})
        )
    ),
    rows=st.integers(1, 5),
    end=st.sampled_from(["", "\n", "\n\n"]),
)
def test_every_line_is_in_one_part(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], rows: int, end: str
) -> None:
    path = tmp_path_factory.mktemp("lines") / "in.jsonl"
    path.write_text("\n".join(lines) + end)
    storage = Storage(str(path))
    found: list[str] = []
    for part in divide(storage, rows).parts:
        table = read_part(storage, part)
        found += table.column("dot").to_pylist() if table.num_rows else []
    assert found == [json.loads(line)["dot"] for line in lines]


@given(groups=st.lists(st.integers(1, 30), min_size=1, max_size=4), rows=st.integers(1, 12))
def test_every_row_is_in_one_part(tmp_path_factory: pytest.TempPathFactory, groups: list[int], rows: int) -> None:
    path = tmp_path_factory.mktemp("rows") / "in.parquet"
    whole = _table(sum(groups))
    with pq.ParquetWriter(path, whole.schema) as writer:
        at = 0
        for size in groups:
            writer.write_table(whole.slice(at, size), row_group_size=size)
            at += size
    storage = Storage(str(path))
    parts = [read_part(storage, part) for part in divide(storage, rows).parts]
    assert pa.concat_tables(parts).equals(whole)
    assert all(part.num_rows <= rows for part in parts)


@pytest.mark.skipif(find_spec("ray") is None, reason="needs Ray")
def test_ray_writes_the_same(graphs: Path, tmp_path: Path) -> None:
    assert run("batch", str(graphs), "-o", str(tmp_path / "local"), "--batch-size", "7")[0] == 0
    assert run("batch", str(graphs), "-o", str(tmp_path / "ray"), "--batch-size", "7", "--engine", "ray")[0] == 0
    assert pq.read_table(tmp_path / "ray").equals(pq.read_table(tmp_path / "local"))


@pytest.mark.skipif(find_spec("ray") is not None, reason="Ray is installed")
def test_ray_is_missing(graphs: Path, tmp_path: Path) -> None:
    status, _, messages = run("batch", str(graphs), "-o", str(tmp_path / "out"), "--engine", "ray")
    assert (status, "pip install 'dotlint[ray]'" in messages) == (2, True)
