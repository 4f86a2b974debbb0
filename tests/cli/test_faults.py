"""What goes wrong outside of dotlint: disks, permissions, pipes, signals, clocks. Nothing is lost; one clear line."""

from __future__ import annotations

import contextlib
import hashlib
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dotlint.cli.main import FORMATS
from dotlint.engine.own_cards import own_cards
from dotlint.engine.result import Settings
from dotlint.files.atomic import write_atomically
from dotlint.page import collect as pages
from dotlint.pipeline import fix_files
from dotlint.pipeline.cache import Cache
from dotlint.pipeline.cache_files import tidy
from tests.cli.command import Run, run
from tests.dsl import CYCLE

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks for /dev/full, /proc and POSIX signals")

CLEAN = "digraph { a -> b }\n"
UNFIXED = "digraph {\n  a [shape=elipse]\n  b [shape=elipse]\n  a -> b\n}\n"
FIXED = "digraph {\n  a [shape=ellipse]\n  b [shape=ellipse]\n  a -> b\n}\n"
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
FULL = "dotlint: error: standard output cannot be written: No space left on device\n"


def program(*argv: str, stdout: Any, **more: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "dotlint", *argv]
    nothing = subprocess.DEVNULL
    return subprocess.Popen(
        command, stdin=nothing, stdout=stdout, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, **more
    )


def shell(line: str) -> Run:
    """Run a line of a shell in which `dotlint` is this one."""
    script = f'dotlint() {{ "{sys.executable}" -m dotlint "$@"; }}\n{line}'
    done = subprocess.run(["bash", "-c", script], check=False, capture_output=True, text=True, env=ENVIRONMENT)
    return Run(done.returncode, done.stdout, done.stderr)


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """What is started in the background, as these tests may be, ignores Ctrl-C, and hands that on."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)


# --- standard output, input and error ----------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_a_full_disk_behind_standard_output_is_one_line(form: str) -> None:
    Path("a.dot").write_text(CYCLE)
    with Path("/dev/full").open("w") as full:
        process = program("check", "a.dot", "-f", form, stdout=full)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (2, FULL)


@pytest.mark.parametrize(
    "argv",
    ["rules", "rule S001", "strategy pp2tp2", "config a.dot", "summary a.dot", "completion bash", "check a.dot --diff"],
)
def test_other_commands_say_the_same(argv: str) -> None:
    Path("a.dot").write_text(UNFIXED)
    with Path("/dev/full").open("w") as full:
        process = program(*argv.split(), stdout=full)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (2, FULL)


@pytest.mark.parametrize("form", FORMATS)
def test_who_reads_may_go(form: str) -> None:
    Path("a.dot").write_text(CYCLE)
    read, write = os.pipe()
    os.close(read)
    process = program("check", "a.dot", "-f", form, stdout=write)
    os.close(write)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (2, "")


def test_head_of_a_report() -> None:
    names = [
        f"{word}{'x' * length}" for length in range(30) for word in ("apple", "pear", "plum", "fig", "lime", "date")
    ]
    text = "".join(f"digraph {{ {name} -> b -> {name}; b [shape=bxo] }}\n" for name in names)
    Path("big.dot").write_text(text)  # its report is longer than a pipe takes at once
    assert shell("dotlint check big.dot -f jsonl | head -1 | wc -l; echo ${PIPESTATUS[0]}") == Run(0, "1\n2\n", "")


def test_the_device_of_standard_output_is_not_emptied() -> None:
    Path("a.dot").write_text(CYCLE)
    Path("log").write_text("before\n")
    shell("dotlint check a.dot -f concise -o /dev/stdout >> log; echo after >> log")
    assert Path("log").read_text() == "before\n" + run("check", "a.dot", "-f", "concise").out + "after\n"


def test_streams_that_are_closed() -> None:
    Path("a.dot").write_text(CYCLE)
    usual = run("check", "a.dot", "-f", "concise")
    assert shell("dotlint check a.dot -f concise <&-") == usual
    assert shell("dotlint check a.dot -f concise >&-") == Run(1, "", "")
    assert shell("dotlint check a.dot -f concise 2>&-") == usual
    assert shell("dotlint check gone.dot -f concise 2>&-").status == 2
    assert shell("dotlint check gone.dot -f concise 2>/dev/full") == Run(2, "", "")
    assert shell("dotlint check a.dot -f concise >&- 2>&- <&-") == Run(1, "", "")


def test_a_folder_that_is_deleted_under_us() -> None:
    Path("a.dot").write_text(CYCLE)
    line = "mkdir gone && cd gone && rmdir ../gone && dotlint check {}"
    assert shell(line.format(f"{Path.cwd()}/a.dot --isolated -f concise >/dev/null")) in (
        Run(1, "", ""),
        Run(2, "", "dotlint: error: No such file or directory\n"),
    )
    nothing = shell(line.format("."))
    assert (nothing.status, nothing.out) == (2, "")
    assert len(nothing.err.splitlines()) == 1


# --- full disks --------------------------------------------------------------------------------------


def left() -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(Path().iterdir()) if path.is_file()}


WRITING = {
    "fix": "check a.dot --fix --isolated",
    "output": "check a.dot -f json -o out.json",
    "page": "check a.dot -f html -o out.html",
    "baseline": "check a.dot --write-baseline base.json",
    "summary": "summary a.dot -o out.md",
    "card": "new-rule ACME001 label-required --in rules",
}


@pytest.mark.parametrize("what", sorted(WRITING))
def test_a_file_that_gets_no_more_than_a_few_bytes(what: str) -> None:
    """A limit on the size of files fails a write in the middle, as a full disk does, and asks for no rights."""
    Path("a.dot").write_text(UNFIXED)
    Path("out.json").write_text("old")
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))\n"
        f"from dotlint.cli.main import main\nmain({WRITING[what].split()!r})"
    )
    command = [sys.executable, "-B", "-c", script]  # a module that is compiled would be cut, too
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    lines = [line for line in done.stderr.splitlines() if "error" in line]
    assert len(lines) == 1
    assert "File too large" in lines[0]
    assert "Traceback" not in done.stderr
    assert left() == {"a.dot": UNFIXED, "out.json": "old"}
    assert list(Path().glob("rules/*")) == []


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no disk may be mounted here")
    yield folder
    os.chdir(tmp_path)
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> None:
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


@pytest.mark.parametrize("what", sorted(WRITING))
def test_a_disk_that_is_full(what: str, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny)
    monkeypatch.setenv("DOTLINT_CACHE_DIR", str(tiny / "cache"))
    Path("a.dot").write_text(UNFIXED)
    Path("out.json").write_text("old")
    fill(tiny)
    result = run(*WRITING[what].split())
    assert result.status == 2
    assert "No space left on device" in result.err
    assert len([line for line in result.err.splitlines() if "error" in line]) == 1
    (tiny / "filler").unlink()
    assert left() == {"a.dot": UNFIXED, "out.json": "old"}
    assert list(tiny.glob("rules/*")) == []


def test_a_cache_on_a_full_disk_is_no_mistake(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.dot").write_text(CYCLE)
    monkeypatch.setenv("DOTLINT_CACHE_DIR", str(tiny / "cache"))
    fill(tiny)
    assert run("check", "a.dot") == run("check", "a.dot", "--no-cache")
    assert not list(tiny.glob("cache/??/*"))


# --- permissions -------------------------------------------------------------------------------------


@contextlib.contextmanager
def without_rights() -> Iterator[None]:
    """Be somebody whom permissions bind; for root that is nobody, once everything is imported."""
    if os.geteuid():
        yield
        return
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that anybody may enter, as pytest's own are not, and one that is not our own to fill."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "graphs")
        path.mkdir()
        Path(folder).chmod(0o755)
        (path / "a.dot").write_text(UNFIXED)
        warm = Path(folder, "warm")
        warm.mkdir()
        (warm / "w.dot").write_text(UNFIXED)
        monkeypatch.chdir(folder)
        for argv in (("--fix", "warm/w.dot", "gone.dot"), ("--no-cache", "warm/w.dot"), ("warm",)):
            run("check", "--isolated", *argv)
        shutil.rmtree(warm)
        yield path
        path.chmod(0o755)


def test_a_read_only_folder(shared: Path) -> None:
    shared.joinpath("a.dot").chmod(0o666)
    shared.chmod(0o555)
    with without_rights():
        result = run("check", "--isolated", "--fix", "graphs/a.dot")
    assert result.status == 2
    assert "dotlint: error: graphs/a.dot: cannot be written: Permission denied\n" in result.err
    assert result.err.count("error") == 1
    assert {path.name: path.read_text() for path in shared.iterdir()} == {"a.dot": UNFIXED}


def test_a_read_only_file(shared: Path) -> None:
    shared.joinpath("a.dot").chmod(0o444)
    shared.chmod(0o777)
    with without_rights():
        result = run("check", "--isolated", "--fix", "graphs/a.dot")
    assert result.status == 2
    assert "dotlint: error: graphs/a.dot: cannot be written: the file is read-only\n" in result.err
    assert {path.name: path.read_text() for path in shared.iterdir()} == {"a.dot": UNFIXED}


def test_an_unreadable_file_hides_no_other(shared: Path) -> None:
    shared.joinpath("a.dot").chmod(0)
    shared.joinpath("b.dot").write_text(CYCLE)
    with without_rights():
        result = run("check", "--isolated", "--no-cache", "-f", "concise", "graphs/a.dot", "graphs/b.dot")
        fixing = run("check", "--isolated", "--fix", "-f", "concise", "graphs/a.dot", "graphs/b.dot")
    assert (result.status, result.err) == (2, "dotlint: error: graphs/a.dot: permission denied\n")
    assert "graphs/b.dot:1:11: error: G001" in result.out
    assert fixing.status == 2
    assert "dotlint: error: graphs/a.dot: permission denied\n" in fixing.err


def test_an_unreadable_folder(shared: Path) -> None:
    Path("open.dot").write_text(CYCLE)
    shared.chmod(0)
    with without_rights():
        result = run("check", "--isolated", "--no-cache", "-f", "concise", "graphs")
        named = run("check", "--isolated", "--no-cache", "-f", "concise", "graphs/a.dot", "open.dot")
        found = run("check", "--no-cache", "-f", "concise", ".")
    assert (result.status, result.err) == (2, "dotlint: error: graphs: permission denied\n")
    assert (named.status, named.err) == (2, "dotlint: error: graphs/a.dot: permission denied\n")
    assert (found.status, found.err) == (2, "dotlint: error: ./graphs: permission denied\n")
    assert "open.dot:1:11: error: G001" in named.out
    assert "open.dot:1:11: error: G001" in found.out


# --- files that change -------------------------------------------------------------------------------


@pytest.mark.parametrize(("now", "told"), [("digraph { mine }\n", "was changed"), (None, "was deleted")])
def test_a_file_that_changes_while_it_is_fixed(now: str | None, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.dot", "b.dot"):
        Path(name).write_text(UNFIXED)
    real = fix_files.fix_data

    def meddle(data: bytes, name: str, *rest: Any, **more: Any) -> Any:
        if name == "a.dot" and now is not None:
            Path(name).write_text(now)
        elif name == "a.dot":
            Path(name).unlink()
        return real(data, name, *rest, **more)

    monkeypatch.setattr(fix_files, "fix_data", meddle)
    result = run("check", "--isolated", "--fix", "a.dot", "b.dot")
    assert result.status == 2
    assert f"dotlint: error: a.dot: not written: the file {told} after it was read\n" in result.err
    assert left() == ({} if now is None else {"a.dot": now}) | {"b.dot": FIXED}


def test_two_fixes_of_one_file_at_once() -> None:
    target = Path("a.dot")
    for _ in range(3):
        target.write_text(UNFIXED)
        both = [program("check", "--isolated", "--fix", "a.dot", stdout=subprocess.DEVNULL) for _ in range(2)]
        told = [process.communicate(timeout=60)[1] for process in both]
        assert left() == {"a.dot": FIXED}
        assert 0 in [process.returncode for process in both]
        assert all("error" not in err or "changed after it was read" in err for err in told)


KILLED_AT_EACH_LINE = """
import os, signal, sys
from pathlib import Path
from dotlint.files import atomic
path, line = Path(sys.argv[1]), 0
while True:
    path.write_bytes(b"old")
    line += 1
    child = os.fork()
    if not child:
        seen = 0
        def trace(frame, event, _):
            global seen
            if frame.f_code.co_filename != atomic.__file__:
                return None
            seen += event == "line"
            if seen == line:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace
        sys.settrace(trace)
        atomic.write_atomically(path, b"new" * 1000, expected=b"old")
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    print(status, path.read_bytes() == b"old", path.read_bytes() == b"new" * 1000)
    if not status:
        break
"""


def test_killed_at_any_line_the_old_or_the_new_file_is_whole() -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED_AT_EACH_LINE, "a.dot"], check=True, capture_output=True, text=True
    )
    states = done.stdout.splitlines()
    assert {line.split(maxsplit=1)[1] for line in states} == {"True False", "False True"}
    assert states == sorted(states[:-1], key=lambda line: line.endswith(" True")) + states[-1:]  # old first, then new
    assert len(states) > 25
    # What a kill leaves behind is hidden, and no search finds it.
    assert {path.name for path in Path().iterdir() if not path.name.startswith(".")} == {"a.dot"}
    assert not [path for path in Path().iterdir() if path.suffix in {".dot", ".gv"} and path.name != "a.dot"]


# --- signals -----------------------------------------------------------------------------------------


def test_an_interrupt_while_writing_leaves_the_old_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.dot").write_text(UNFIXED)

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    result = run("check", "--isolated", "--fix", "a.dot")
    assert (result.status, result.out, result.err) == (2, "", "dotlint: error: interrupted\n")
    assert left() == {"a.dot": UNFIXED}


def hidden() -> list[str]:
    return [path.name for path in Path().iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("wait", [0.0, 0.15, 0.5, 0.9])
def test_ctrl_c_while_many_are_fixed(wait: float) -> None:
    for number in range(60):
        Path(f"f{number:02}.dot").write_text(UNFIXED)
    process = program("check", ".", "--isolated", "--fix", start_new_session=True, stdout=subprocess.DEVNULL)
    while not any(Path(f"/proc/{process.pid}/fd").glob("2")):
        time.sleep(0.001)
    time.sleep(wait)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    if process.returncode not in {
        0,
        -signal.SIGINT,
    }:  # before Python listens the signal ends it, as it does any program
        assert process.returncode in {1, 2}
    assert set(left().values()) <= {UNFIXED, FIXED}
    assert len(left()) == 60
    assert hidden() == []
    if process.returncode == 2:
        assert err.endswith("dotlint: error: interrupted\n")
        assert "Traceback" not in err


def busy(count: int = 12) -> None:
    body = "".join(f'  n{i} [label="x {i}"]\n  n{i} -> n{i + 1}\n' for i in range(2000))
    for number in range(count):
        Path(f"big{number}.dot").write_text(f"digraph {{\n// {number}\n{body}}}\n")


def started_by(pid: int) -> set[int]:
    """All processes of a session."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rsplit(")", 1)[1].split()
            if int(fields[3]) == pid and fields[0] != "Z":
                found.add(int(path.parent.name))
    return found


def test_ctrl_c_while_pages_are_made() -> None:
    busy()
    process = program(
        "check", ".", "-f", "html", "-o", "out.html", "--jobs", "2", stdout=subprocess.DEVNULL, start_new_session=True
    )
    end = time.monotonic() + 30
    while len(started_by(process.pid)) < 3:
        assert time.monotonic() < end
        time.sleep(0.02)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err.strip()) == (2, "dotlint: error: interrupted")
    end = time.monotonic() + 10
    while started_by(process.pid):
        assert time.monotonic() < end, "a process outlives the run"
        time.sleep(0.05)
    assert not Path("out.html").exists()


def test_a_killed_worker_loses_one_page(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abcdef":
        Path(f"{name}.dot").write_text(CYCLE)
    real = pages.make_page

    def deadly(task: Any) -> Any:
        if task.path == "c.dot":
            os.kill(os.getpid(), signal.SIGKILL)
        return real(task)

    monkeypatch.setattr(pages, "make_page", deadly)  # forked workers have it too
    monkeypatch.setattr(
        "dotlint.pipeline.processes._context", lambda _: __import__("multiprocessing").get_context("fork")
    )
    result = run("check", ".", "--isolated", "-f", "html", "-o", "pages/", "--jobs", "2")
    assert result.status == 2
    assert result.err == (
        "dotlint: error: c.dot: the process that linted it was killed (SIGKILL), perhaps for lack of memory\n"
    )
    assert len(list(Path("pages").iterdir())) == 7
    assert "was killed" in Path("pages/c.dot.html").read_text()


def test_one_pages_mishap_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "ab":
        Path(f"{name}.dot").write_text(CYCLE)
    real = pages.make_page

    def clumsy(task: Any) -> Any:
        if task.path == "a.dot":
            raise RecursionError("too deep")
        return real(task)

    monkeypatch.setattr(pages, "make_page", clumsy)
    result = run("check", ".", "--isolated", "-f", "html", "-o", "pages/", "--jobs", "1")
    assert result.status == 2
    assert result.err.startswith("dotlint: error: a.dot: dotlint itself failed on it")
    assert "G001" in Path("pages/b.dot.html").read_text()


# --- clocks ------------------------------------------------------------------------------------------


def test_files_and_results_from_the_future() -> None:
    """The clock went back: what is in the cache is of tomorrow, and so is the file."""
    path = Path("a.dot")
    path.write_text(CYCLE)
    tomorrow = time.time() + 400 * 86400
    os.utime(path, (tomorrow, tomorrow))
    first = run("check", "a.dot")
    folder = Path(os.environ["DOTLINT_CACHE_DIR"])
    for kept in (*folder.glob("??/*.msgpack"), folder / "CACHEDIR.TAG"):
        os.utime(kept, (tomorrow, tomorrow))
    assert run("check", "a.dot") == first
    (entry,) = folder.glob("??/*.msgpack")
    assert abs(entry.stat().st_mtime - time.time()) < 86400  # it was asked for now
    path.write_text(CLEAN)  # as long as before it would be, were it told by its time alone
    os.utime(path, (1, 1))
    assert run("check", "a.dot").status == 0


def test_an_entry_counts_only_with_the_key_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.dot").write_text(CYCLE)
    first = run("check", "a.dot")
    folder = Path(os.environ["DOTLINT_CACHE_DIR"])
    (entry,) = folder.glob("??/*.msgpack")
    packed = entry.read_bytes()[32:].replace(b"G001", b"G009")
    digest = hashlib.blake2b(entry.name.encode() + packed, digest_size=32).digest()
    entry.write_bytes(digest + packed)  # as a person can compute it
    assert run("check", "a.dot") == first
    (key,) = folder.glob("key-*")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    settings = Settings(cards=own_cards())
    cache = Cache.open(settings)
    assert cache is not None
    for spoil in (
        lambda: key.chmod(0o644),
        lambda: key.write_bytes(b"short"),
        lambda: key.symlink_to("/dev/zero"),
        lambda: monkeypatch.setattr(os, "getuid", lambda: 4711),
    ):
        before = key.read_bytes()
        key.unlink()
        if "symlink_to" not in spoil.__code__.co_names:
            key.write_bytes(before)
            key.chmod(0o600)
        spoil()
        another = Cache.open(settings)
        assert another is None or another.secret != cache.secret
        assert run("check", "a.dot") == first
        key.unlink()
        key.write_bytes(before)
        key.chmod(0o600)


def test_what_a_killed_process_left_is_swept() -> None:
    killed = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom dotlint.files.atomic import write_atomically\n"
        "os.fsync = lambda handle: {}\nwrite_atomically(Path('a.dot'), b'new')\n"
    )
    Path("a.dot").write_text(UNFIXED)
    command = [sys.executable, "-c", killed.format("os.kill(os.getpid(), signal.SIGKILL)")]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert len(list(Path().iterdir())) == 2
    waits = subprocess.Popen(
        [sys.executable, "-c", killed.format("(print(flush=True), sys.stdin.read())")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert waits.stdout is not None
    waits.stdout.readline()  # it has swept too, and is writing
    assert len(list(Path().iterdir())) == 2
    assert program("check", "--fix", "a.dot", stdout=subprocess.DEVNULL).wait(timeout=60) == 0
    assert len(list(Path().iterdir())) == 2  # what a running process writes stays
    waits.communicate(b"")
    assert [path.name for path in Path().iterdir()] == ["a.dot"]
    assert Path("a.dot").read_bytes() == b"new"


def test_what_a_killed_process_left_in_the_cache_is_swept() -> None:
    folder = Path(os.environ["DOTLINT_CACHE_DIR"]) / "temporary"
    folder.mkdir(parents=True)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    kept = [f"{os.getppid()}.ab.msgpack", f"{'9' * 30}.notes", "notes"]
    for name in (f"{ended.pid}.ab.msgpack", *kept):
        (folder / name).write_bytes(b"x")
    Path("a.dot").write_text(CYCLE)
    run("check", "a.dot")
    assert sorted(path.name for path in folder.iterdir()) == sorted(kept)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal to send")
def test_a_process_that_is_killed_while_it_writes_the_key_leaves_nothing() -> None:
    Path("a.dot").write_text(CYCLE)
    killed = (
        "import os, signal\nfrom dotlint.cli.main import main\nreal = os.write\n"
        "def half(handle, data):\n    real(handle, data[:9])\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "os.write = half\nmain(['check', 'a.dot'])"
    )
    assert subprocess.run([sys.executable, "-B", "-c", killed], check=False).returncode == -signal.SIGKILL
    folder = Path(os.environ["DOTLINT_CACHE_DIR"])
    assert len(list((folder / "temporary").iterdir())) == 1
    run("check", "a.dot")
    (key,) = folder.glob("key-*")
    assert (len(key.read_bytes()), list((folder / "temporary").iterdir())) == (32, [])
    assert len(list(folder.glob("??/*.msgpack"))) == 1
    key.write_bytes(b"short")  # what an older version left
    run("check", "a.dot")
    assert len(key.read_bytes()) == 32


def test_a_cache_from_the_future_is_tidied() -> None:
    Path("a.dot").write_text(CYCLE)
    run("check", "a.dot")
    folder = Path(os.environ["DOTLINT_CACHE_DIR"])
    (entry,) = folder.glob("??/*.msgpack")
    tomorrow = time.time() + 400 * 86400
    for kept in (entry, folder / "CACHEDIR.TAG"):
        os.utime(kept, (tomorrow, tomorrow))
    tidy(str(folder))
    assert not entry.exists()
    assert abs((folder / "CACHEDIR.TAG").stat().st_mtime - time.time()) < 86400


def test_a_limit_on_open_files_is_kept() -> None:
    """Nothing is left open from file to file."""
    for number in range(80):
        Path(f"f{number}.dot").write_text(UNFIXED)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken + 20, hard))
    try:
        result = run("check", ".", "--isolated", "--fix", "-f", "concise")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert result.status == 0
    assert set(left().values()) == {FIXED}


def test_a_new_file_is_whole_for_who_reads_while_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("a.dot")
    path.write_bytes(b"old")
    seen: list[bytes] = []
    real = os.fsync

    def look(handle: int) -> None:
        seen.append(path.read_bytes())
        real(handle)

    monkeypatch.setattr(os, "fsync", look)
    write_atomically(path, b"new")
    assert seen == [b"old", b"new"]  # before the rename, and when the folder is synced
