"""Many files: the search, the processes, the cache, the watch, and how all of it ends."""

from __future__ import annotations

import json
import multiprocessing
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dotlint.engine.own_cards import own_cards
from dotlint.engine.result import Settings
from dotlint.pipeline import lint_file as runner
from dotlint.pipeline import processes as parallel
from dotlint.pipeline import program
from dotlint.pipeline.cache import Cache
from dotlint.pipeline.cache_files import cache_folder
from dotlint.pipeline.processes import default_jobs, lint_files
from tests.cli.command import run
from tests.dsl import CYCLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIXTURE = Path(__file__).parents[1] / "fixtures/moe_two_phases.dot"
CLEAN = "digraph { a -> b }\n"


def write(name: str, text: str = CYCLE) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def found(*argv: str) -> list[str]:
    entries = json.loads(run("check", "-f", "json", *argv).out)["files"]
    return [entry["path"] for entry in entries]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-config"))


def git(*argv: str) -> str:
    return subprocess.run(["git", *argv], check=True, capture_output=True, text=True).stdout


class TestSearch:
    def test_gitignore_is_read_as_git_reads_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Ask git itself which files it would take; the search has to give the same."""
        git("init", "-q")
        write(
            ".gitignore",
            "build/\n*.gen.dot\r\n!keep.gen.dot\n/top.dot\n\\#odd.dot\n**/deep/*.gv\nsub/*\n!sub/kept\n!\n",
        )
        write("a/.gitignore", "*.dot\n!b.dot\n")
        write("a/more/.gitignore", "b.dot\n")
        write(".git/info/exclude", "excluded.dot\n")
        write(str(tmp_path / "config" / "git" / "ignore"), "everywhere.dot\n")
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        for name in (
            "top.dot", "in/top.dot", "build/x.dot", "in/build/x.dot", "x.gen.dot", "keep.gen.dot", "#odd.dot",
            "deep/x.gv", "in/deep/x.gv", "in/deep/er/x.gv", "sub/x.dot", "sub/kept/x.dot", "sub/gone/x.dot",
            "a/b.dot", "a/c.dot", "a/more/b.dot", "a/more/c.dot", "excluded.dot", "in/excluded.dot",
            "everywhere.dot", "ALL.DOT", "space in/x y.dot",
        ):  # fmt: skip
            write(name)
        listed = git("ls-files", "-z", "--others", "--exclude-standard").split("\0")
        expected = sorted(name for name in listed if name.lower().endswith((".dot", ".gv")))
        assert sorted(found(".")) == expected
        assert 5 < len(expected) < 20
        assert sorted(Path(name).relative_to("a").as_posix() for name in found("a")) == ["b.dot"]
        assert len(found(".", "--no-respect-gitignore")) == 22

    def test_an_ignored_folder_that_is_named_is_searched(self) -> None:
        git("init", "-q")
        write(".gitignore", "build/\n")
        write("build/x.dot")
        assert found("build") == ["build/x.dot"]
        assert found("build/x.dot") == ["build/x.dot"]

    def test_hidden_folders_and_virtual_environments_are_left_out(self) -> None:
        for name in ("x.dot", ".hidden/x.dot", "env/lib/x.dot", "node_modules/p/x.dot"):
            write(name)
        write("env/pyvenv.cfg", "home = x\n")
        assert found(".") == ["x.dot"]

    def test_exclude_takes_patterns(self) -> None:
        for name in ("x.dot", "old/x.dot", "new/old/x.dot", "new/y.gv"):
            write(name)
        assert found(".", "--exclude", "old") == ["x.dot", "new/y.gv"]
        assert found(".", "--exclude", "/old,*.gv") == ["x.dot", "new/old/x.dot"]
        assert found("x.dot", "--exclude", "x.dot") == ["x.dot"]

    def test_force_exclude_holds_for_named_files(self) -> None:
        write("old/x.dot")
        write("y.dot")
        assert found("old/x.dot", "y.dot", "--exclude", "old", "--force-exclude") == ["y.dot"]
        nothing = run("check", "old/x.dot", "--exclude", "old", "--force-exclude")
        assert (nothing.status, nothing.out) == (0, "")
        assert "every file is excluded" in nothing.err

    def test_a_pattern_that_is_none_is_said(self) -> None:
        write("x.dot")
        result = run("check", ".", "--exclude", "!")
        assert result.status == 2
        assert "`!` is not a valid .gitignore pattern" in result.err

    def test_a_folder_with_nothing_in_it_is_a_mistake(self) -> None:
        Path("empty").mkdir()
        result = run("check", "empty")
        assert result.status == 2
        assert "no *.dot or *.gv file in empty" in result.err

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_a_closed_folder_is_said(self) -> None:
        write("open/x.dot")
        write("closed/x.dot").parent.chmod(0)
        try:
            result = run("check", ".")
        finally:
            Path("closed").chmod(0o755)
        assert result.status == 2
        assert "closed: permission denied" in result.err


@pytest.fixture
def many() -> list[str]:
    return [str(write(f"f{n:02}.dot", CYCLE if n % 3 else CLEAN)) for n in range(20)]


class TestProcesses:
    def test_results_are_those_of_one_process_in_the_same_order(self, many: list[str]) -> None:
        many.insert(3, "gone.dot")
        fixture = Path(__file__).parents[1] / "fixtures" / "moe_two_phases.dot"
        for form in ("json", "report", "full", "concise", "sarif"):
            argv = ["check", "--no-cache", "-f", form, "-s", "pp4ep4tp2sp2", *many, str(fixture)]
            one, two = run(*argv, "--jobs", "1"), run(*argv, "--jobs", "3")
            assert one == two
            assert one.status == 2
            assert "gone.dot: no such file" in one.err

    def test_a_mistake_in_the_settings_is_one_line(self, many: list[str]) -> None:
        one, two = (run("check", "--select", "S00X", "--jobs", jobs, *many) for jobs in ("1", "3"))
        assert one == two
        assert one.status == 2
        assert "unknown rule `S00X`" in one.err

    def test_jobs_grow_with_the_files(self) -> None:
        assert default_jobs(1) == 1
        assert 1 <= default_jobs(10_000) <= (os.cpu_count() or 1)

    def test_a_killed_worker_loses_one_file(self, many: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        real = parallel.lint_slim

        def deadly(path: str, *rest: Any) -> Any:
            if path == many[7]:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(path, *rest)

        monkeypatch.setattr(parallel, "lint_slim", deadly)  # forked workers have it too
        monkeypatch.setattr(parallel, "_context", lambda _: multiprocessing.get_context("fork"))
        result = run("check", "--no-cache", "--jobs", "2", "-f", "json", *many)
        hint = "perhaps for lack of memory"
        assert result.status == 2
        assert result.err.splitlines() == [
            f"dotlint: error: {many[7]}: the process that linted it was killed (SIGKILL), {hint}"
        ]
        files = {entry["path"]: entry["verdict"] for entry in json.loads(result.out)["files"]}
        assert files.pop(many[7]) == "unreadable"
        assert set(files.values()) == {"correct", "incorrect"}
        assert list(files) == [name for name in many if name != many[7]]

    def test_one_files_mishap_hides_no_other(self, many: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        real = runner.lint_file

        def clumsy(source: Any, settings: Any = None, **more: Any) -> Any:
            if source.name == many[2]:
                raise RecursionError("too deep")
            return real(source, settings, **more)

        monkeypatch.setattr(runner, "lint_file", clumsy)
        result = run("check", "--no-cache", "-f", "concise", *many[:5])
        assert result.status == 2
        assert f"{many[2]}: dotlint itself failed on it" in result.err
        assert f"{many[1]}:1:11: error: G001" in result.out


class TestCache:
    @pytest.fixture
    def linted(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The names of the files that were really linted, and not found in the cache."""
        real, names = runner.lint_file, []

        def noted(source: Any, settings: Any = None, **more: Any) -> Any:
            names.append(source.name)
            return real(source, settings, **more)

        monkeypatch.setattr(runner, "lint_file", noted)
        return names

    def test_a_second_run_lints_nothing_and_says_the_same(self, many: list[str], linted: list[str]) -> None:
        fixture = str(Path(__file__).parents[1] / "fixtures" / "moe_two_phases.dot")
        for form in ("report", "full", "json", "sarif", "markdown"):
            argv = ["check", "-f", form, "-s", "pp4ep4tp2sp2", "--jobs", "1", *many, fixture]
            first, second = run(*argv, "--no-cache"), [run(*argv), run(*argv)]
            assert second == [first, first]
        assert len(linted) == 5 * 21 + 21

    def test_content_name_and_settings_are_told_apart(self, linted: list[str]) -> None:
        write("a.dot", CLEAN)
        write("b.dot", CLEAN)
        assert run("check", "a.dot").status == 0
        write("a.dot", CYCLE)
        assert run("check", "a.dot").status == 1
        assert run("check", "a.dot", "--ignore", "G001").status == 0
        assert run("check", "b.dot").status == 0
        assert len(linted) == 4
        run("check", "a.dot")
        run("check", "a.dot", "--ignore", "G001", "-f", "json")
        assert len(linted) == 4

    def test_a_changed_card_is_another_rule(self, linted: list[str]) -> None:
        write("a.dot", CYCLE)
        fields = {
            "code": "G001",
            "name": "cycle",
            "summary": "x",
            "check": "cycle",
            "section": "cycles",
            "why": "x",
        }
        card = "".join(f'{key} = "{value}"\n' for key, value in fields.items()) + 'severity = "warning"\n'
        write("cards/G001-cycle.toml", card)
        assert ": warning: G001" in run("check", "a.dot", "--rules", "cards", "-f", "concise").out
        write("cards/G001-cycle.toml", card.replace('"warning"', '"info"'))
        assert ": info: G001" in run("check", "a.dot", "--rules", "cards", "-f", "concise").out
        assert len(linted) == 2

    def test_no_cache_neither_reads_nor_writes(self, linted: list[str]) -> None:
        write("a.dot")
        folder = Path(os.environ["DOTLINT_CACHE_DIR"])
        run("check", "a.dot", "--no-cache")
        assert list(folder.iterdir()) == []
        run("check", "a.dot")
        run("check", "a.dot", "--no-cache")
        assert len(linted) == 3

    @pytest.mark.parametrize(
        "damage",
        [
            lambda entry: entry[: len(entry) // 2],
            lambda _: b"",
            lambda _: b"\0" * 100,
            lambda _: b"\x91" * 100_000,
            lambda _: b'{"form": "dotlint-cache-1"}',
            lambda entry: entry.replace(b"a.dot", b"b.dot").replace(b"error", b"worse"),
            lambda entry: entry.replace(b"error", b"fatal"),
            lambda entry: entry + b"\0",
            lambda entry: bytes([entry[0] ^ 1]) + entry[1:],
        ],
    )
    def test_damaged_and_foreign_entries_are_as_good_as_none(
        self, damage: Callable[[bytes], bytes], linted: list[str]
    ) -> None:
        write("a.dot")
        first = run("check", "a.dot", "-f", "json")
        (entry,) = Path(os.environ["DOTLINT_CACHE_DIR"]).glob("??/*.msgpack")
        entry.write_bytes(damage(entry.read_bytes()))
        assert run("check", "a.dot", "-f", "json") == first
        assert len(linted) == 2
        assert run("check", "a.dot", "-f", "json") == first
        assert len(linted) == 2

    def test_an_entry_that_was_moved_is_as_good_as_none(self, linted: list[str]) -> None:
        write("a.dot")
        write("b.dot", CLEAN)
        first = run("check", "a.dot")
        (entry,) = Path(os.environ["DOTLINT_CACHE_DIR"]).glob("??/*.msgpack")
        run("check", "b.dot")
        (other,) = set(Path(os.environ["DOTLINT_CACHE_DIR"]).glob("??/*.msgpack")) - {entry}
        entry.write_bytes(other.read_bytes())
        assert run("check", "a.dot") == first
        assert linted == ["a.dot", "b.dot", "a.dot"]

    def test_a_name_that_is_html_is_kept(self, linted: list[str]) -> None:
        write("a.dot", "digraph { <b> -> a -> <b> }")
        options = ("a.dot", "--select", "cycle")
        assert run("check", *options) == run("check", *options) == run("check", *options, "--no-cache")
        assert linted == ["a.dot", "a.dot"]

    def test_a_finding_in_bytes_that_are_no_text_is_linted_anew(self, linted: list[str]) -> None:
        Path("a.dot").write_bytes(CYCLE.replace(";", "; // \xff\n").encode("latin-1"))
        assert run("check", "a.dot") == run("check", "a.dot") == run("check", "a.dot", "--no-cache")
        assert len(linted) == 3

    def test_a_cache_that_cannot_be_written_is_no_mistake(self, monkeypatch: pytest.MonkeyPatch) -> None:
        write("a.dot", CLEAN)
        monkeypatch.setenv("DOTLINT_CACHE_DIR", str(Path("a.dot").absolute()))
        assert run("check", "a.dot") == run("check", "a.dot", "--no-cache")

    def test_an_entry_of_another_version_is_not_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = Settings(cards=own_cards())
        one = Cache.open(settings)
        monkeypatch.setattr(program, "__version__", "99.0")
        program.program.cache_clear()
        other = Cache.open(settings)
        program.program.cache_clear()
        assert one is not None
        assert other is not None
        assert one.key != other.key

    def test_the_digest_of_the_program_is_remembered_until_a_file_changes(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        installed, folder = tmp_path / "installed", tmp_path / "folder"
        module = write(str(installed / "a.py"), "one")
        monkeypatch.setattr(program, "_PACKAGE", str(installed))
        reads: list[str] = []

        def read(path: str) -> bytes:
            reads.append(path)
            return Path(path).read_bytes()

        monkeypatch.setattr(program, "read_file", read)

        def digest() -> str:
            program.program.cache_clear()
            reads.clear()
            return program.program(str(folder), b"secret")

        first = digest()
        assert str(module) in reads
        (remembered,) = folder.glob("program-*")
        assert digest() == first
        assert reads == [str(remembered)]
        remembered.write_text(f"{'0' * 64} {remembered.read_text().split()[1]}")
        assert digest() == first
        assert str(module) in reads
        module.write_text("other")
        assert digest() != first
        module.write_text("one")
        assert digest() == first
        program.program.cache_clear()

    def test_what_nobody_asked_for_in_a_month_goes(self) -> None:
        folder = Path(os.environ["DOTLINT_CACHE_DIR"])
        write("a.dot")
        run("check", "a.dot")
        write("b.dot")
        run("check", "b.dot")
        foreign = folder / "ab" / "notes.msgpack"
        write(str(foreign), "mine")
        old = time.time() - 40 * 86400
        entries = sorted(folder.glob("??/*.msgpack"))
        assert len(entries) == 3
        for path in (*entries, folder / "CACHEDIR.TAG"):
            os.utime(path, (old, old))
        run("check", "a.dot")
        left = sorted(folder.glob("??/*.msgpack"))
        assert foreign in left
        assert len(left) == 2

    def test_the_users_folder_follows_the_platform(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.delenv("DOTLINT_CACHE_DIR")
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setenv("XDG_CACHE_HOME", "/var/own")
        assert cache_folder() == "/var/own/dotlint"
        monkeypatch.setenv("XDG_CACHE_HOME", "relative is to be ignored")
        assert cache_folder() == str(tmp_path / ".cache" / "dotlint")
        monkeypatch.setattr(sys, "platform", "darwin")
        assert cache_folder() == str(tmp_path / "Library" / "Caches" / "dotlint")
        monkeypatch.setattr(sys, "platform", "win32")
        monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "Local"))
        assert cache_folder() == str(tmp_path / "Local" / "dotlint" / "Cache")


def children(pid: int) -> set[int]:
    """The processes that a process has started, as Linux knows them."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return set(map(int, listed.read_text().split())) if listed.exists() else set()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.02)


@pytest.fixture
def started() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    # What is started in the background, as these tests may be, ignores Ctrl-C, and hands that on.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def start(*argv: str, **more: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "dotlint", *argv]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True, **more)
        processes.append(process)
        return process

    yield start
    signal.signal(signal.SIGINT, before)
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
class TestEndings:
    def big(self) -> None:
        """Files that keep two processes busy for a while."""
        body = "".join(f'  n{i} [label="x {i}"]\n  n{i} -> n{i + 1}\n' for i in range(3000))
        for number in range(40):
            write(f"big{number}.dot", f"digraph {{\n// {number}\n{body}}}\n")

    def test_ctrl_c_ends_all_processes(self, started: Callable[..., subprocess.Popen[str]]) -> None:
        self.big()
        process = started("check", ".", "--jobs", "2", "--no-cache")
        wait_for(lambda: len(children(process.pid)) == 2)
        workers = children(process.pid)
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of the group
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err.strip()) == (2, "", "dotlint: error: interrupted")
        wait_for(lambda: not any(alive(pid) for pid in workers), 5)

    def test_no_worker_outlives_who_started_it(self, started: Callable[..., subprocess.Popen[str]]) -> None:
        self.big()
        process = started("check", ".", "--jobs", "2", "--no-cache")
        wait_for(lambda: len(children(process.pid)) == 2)
        workers = children(process.pid)
        process.kill()
        wait_for(lambda: not any(alive(pid) for pid in workers))

    def test_a_broken_pipe_is_quiet(self, started: Callable[..., subprocess.Popen[str]]) -> None:
        for number in range(30):
            write(f"f{number}.dot", "".join(f"digraph {{ a{i} -> b -> a{i} }}\n" for i in range(100)))
        process = started("check", ".", "-f", "full")
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == ""
        process.wait(timeout=30)

    def test_watch_lints_again_after_a_change_and_ends_by_ctrl_c(
        self, started: Callable[..., subprocess.Popen[str]]
    ) -> None:
        def save(path: str) -> None:
            """Write as editors do: nobody sees half a file."""
            write("new", CYCLE).replace(path)

        write("a.dot", CLEAN)
        process = started("check", ".", "--watch", "-f", "github", env={**os.environ, "PYTHONUNBUFFERED": "1"})
        assert process.stdout is not None
        assert process.stderr is not None
        assert "waiting for changes" in process.stderr.readline()
        save("a.dot")
        assert process.stdout.readline().startswith("::error file=a.dot,line=1,")
        assert "waiting for changes" in process.stderr.readline()
        save("b.dot")
        assert process.stdout.readline().startswith("::error file=a.dot,line=1,")
        assert process.stdout.readline().startswith("::error file=b.dot,line=1,")
        assert "waiting for changes" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
        assert process.returncode == 0
        assert "Traceback" not in err

    def test_progress_is_for_terminals(self) -> None:
        self.big()
        keep, give = pty.openpty()
        command = [
            sys.executable,
            "-m",
            "dotlint",
            "check",
            ".",
            "--no-cache",
            "-f",
            "concise",
            "--select",
            "E,N",
            "--jobs",
            "1",
        ]
        result = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=give, timeout=120)
        os.close(give)
        said = os.read(keep, 100_000).decode()
        os.close(keep)
        assert "of 40 files" in said
        assert said.endswith("\r")
        assert b"of 40 files" not in result.stdout
        quiet = subprocess.run([*command, "--quiet"], check=False, capture_output=True, timeout=120)
        assert quiet.stderr == b""


class TestStart:
    def test_version_and_help_import_little(self) -> None:
        heavy = {
            "multiprocessing",
            "msgspec",
            "lark",
            "rich",
            "networkx",
            "pathspec",
            "xml",
            "sqlite3",
            "subprocess",
            "difflib",
        }
        code = (
            "import sys; from dotlint.cli.main import main; main(['check', '--help']); "
            f"print(sorted({heavy!r} & set(sys.modules)), file=sys.stderr)"
        )
        result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        assert result.stderr.strip() == "[]"

    def test_a_check_imports_what_it_needs(self) -> None:
        heavy = {"lark", "networkx", "pydot", "rich", "tomllib", "tempfile", "zipfile", "statistics", "multiprocessing"}
        heavy |= {"docutils", "markdown_it", "yaml", "html.entities", "dotlint.syntax.recovery"}
        heavy |= {"pathlib", "json", "_hashlib", "dotlint.config.keys", "dotlint.config.file", "dotlint.cli.fixing"}
        code = (
            f"import sys; from dotlint.cli.main import main; main(['check', '--isolated', '--no-cache', '-f', 'json', "
            f"'-s', 'pp4ep4tp2sp2', {str(FIXTURE)!r}]); print(sorted({heavy!r} & set(sys.modules)), file=sys.stderr)"
        )
        result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        assert result.stderr.strip() == "[]"

    def test_a_run_that_the_cache_answers_needs_no_parser(self) -> None:
        write("a.dot")
        code = (
            "import sys; from dotlint.cli.main import main; main(['check', 'a.dot', '-f', 'concise']); "
            "print(sorted({'dotlint.syntax.parser', 'lark', 'rich'} & set(sys.modules)), file=sys.stderr)"
        )
        for expected in ("['dotlint.syntax.parser']", "[]"):
            result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
            assert result.stderr.startswith(expected)
            assert result.stdout.startswith("a.dot:1:11: error: G001")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_program(shell: str) -> None:
    result = run("completion", shell)
    assert result.status == 0
    assert "_DOTLINT_COMPLETE" in result.out
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=result.out, check=True, text=True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("dotlint rule S00", "S001"),
        ("dotlint check --select cyc", "cycle"),
        ("dotlint check --ignore E013,G00", "E013,G001"),
        ("dotlint check --format sa", "sarif"),
        ("dotlint comp", "completion"),
    ],
)
def test_the_shell_completes_rules_and_options(words: str, expected: str) -> None:
    environment = {
        **os.environ,
        "_DOTLINT_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    code = "from dotlint.cli.main import main; main()"
    result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, env=environment)
    assert f"plain,{expected}" in result.stdout.splitlines()


def test_files_may_have_settings_of_their_own() -> None:
    write("a.dot")
    write("b.dot")
    strict = Settings(cards=own_cards())
    lenient = Settings(cards=tuple(card for card in own_cards() if card.code != "G001"))
    for cached in (False, True, True):
        linted = lint_files([("a.dot", strict), ("b.dot", lenient)], jobs=2, cached=cached)
        assert [[f.code for f in result.findings] for result in linted] == [["G001"], []]
