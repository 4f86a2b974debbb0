"""The library as its callers meet it: their mistakes, what the objects show of themselves, and types."""

from __future__ import annotations

import pydoc
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dotlint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TEXT = "digraph { a -> b }"
MOE = (Path(__file__).parents[1] / "fixtures" / "moe_two_phases.dot").read_text(encoding="utf-8")


class NoPath:
    def __fspath__(self) -> Any:
        return 5


class Closed:
    def to_string(self) -> str:
        raise ValueError("the handle is closed")


class WritesBytes:
    def to_string(self) -> Any:
        return b"digraph {}"


def closed_file() -> Any:
    with Path(__file__).open() as file:
        return file


SOURCES: list[Any] = [
    None, 5, 1.5, object(), [TEXT], {"a": 1}, closed_file(), NoPath(), Closed(), WritesBytes(), bytearray(b"graph {}"),
    dotlint.Strategy, dotlint.check, "gone.dot", "a\0b", ".", b"\x89PNG\r\n\x1a\n\0\0\0\0\1\2", "\udcff.dot",
]  # fmt: skip
OPTIONS: dict[str, list[Any]] = {
    "strategy": [5, object(), [5], [None], "", "pp0", "zz4", "gone.toml", b"pp4", {"a": 1}, ["pp4", "pp4"]],
    "layout": [5, "zz", object(), []],
    "model": [5, object(), "gone.json", [], b"x"],
    "select": [5, object(), [5], "Q9", {}, [None], b"A"],
    "extend_select": [None, 5, [5], "Q9"],
    "ignore": [None, 5, [5], "Q9"],
    "preset": ["recomended", 5, []],
    "rules": [None, 5, [5], "gone", [None], __file__, {}],
    "config": [None, 5, [], "gone.toml", ".", __file__],
    "filename": [5, object(), b"x"],
}
STAGES: list[Any] = [9, -1, None, "a", 1.5]


def wrong_calls() -> Iterator[tuple[str, Callable[[], object]]]:
    library: Any = dotlint
    for function in (library.check, library.fix, library.assert_clean):
        for name, values in OPTIONS.items():
            for value in values:
                options = {name: value} if name not in {"layout", "model"} else {"strategy": "pp4", name: value}
                yield f"{function.__name__}({name}={value!r:.30})", partial(function, TEXT, **options)
    for function in (library.check, library.fix, library.assert_clean, library.parse):
        for source in SOURCES:
            yield f"{function.__name__}({source!r:.30})", partial(function, source)
    yield "parse(filename=5)", partial(library.parse, TEXT, filename=5)
    yield "fix(unsafe='yes')", partial(library.fix, TEXT, unsafe="yes")
    yield "assert_clean(fail_on='fatal')", partial(library.assert_clean, TEXT, fail_on="fatal")
    yield "at_least(['error'])", partial(library.check(TEXT).at_least, ["error"])
    yield "to_networkx()", library.parse("").to_networkx
    yield "to_pydot()", library.parse("").to_pydot
    yield from wrong_strategies(library.Strategy)


def wrong_strategies(kind: Any) -> Iterator[tuple[str, Callable[[], object]]]:
    value: Any
    for value in (None, 5, b"pp4", [], "zz", ""):
        for name in ("parse", "load", "read", "combine"):
            yield f"Strategy.{name}({value!r})", partial(getattr(kind, name), value)
        yield f"from_table({value!r})", partial(kind.from_table, value, where="x")
    strategy = kind.parse("pp4tp2")
    for value in (5, "zz", object()):
        yield f"layout={value!r:.20}", partial(kind.parse, "pp4", layout=value)
        yield f"with_layout({value!r:.20})", partial(strategy.with_layout, value)
        yield f"with_model({value!r:.20})", partial(strategy.with_model, value)
    for world in ("zz", -5, 1.5):
        yield f"world={world!r}", partial(kind.parse, "pp4", world=world)
    for name in ("phase", "narrowed", "with_phase_assumed"):
        yield f"{name}(5)", partial(getattr(strategy, name), 5)
    phase = strategy.phases[0]
    for stage in STAGES:
        for name in ("stage_gpus", "shards", "experts", "replica_stage_gpus"):
            yield f"{name}({stage!r})", partial(getattr(phase, name), stage)
        yield f"stage_layers({stage!r})", partial(phase.stage_layers, stage, 8)
    for axis in ("zz", None, 5):
        yield f"partition({axis!r})", partial(phase.partition, axis, 0)
        yield f"stage_of({axis!r})", partial(phase.stage_of, axis)


def test_each_mistake_of_a_caller_is_an_error_of_dotlint_in_one_line() -> None:
    calls = dict(wrong_calls())
    assert len(calls) > 200
    wrong = []
    for name, call in calls.items():
        try:
            call()
        except dotlint.DotlintError as error:
            if "\n" in str(error) or not str(error):
                wrong.append(f"{name}: {error!r}")
        except Exception as error:  # noqa: BLE001 - this is what the test looks for
            wrong.append(f"{name}: {error!r}")
        else:
            wrong.append(f"{name} is accepted")
    assert wrong == []


def test_messages_say_what_to_pass() -> None:
    with pytest.raises(dotlint.DotlintError, match="`ignore` is of type NoneType; pass a string or a list of strings"):
        dotlint.check(TEXT, ignore=None)  # type: ignore[arg-type]
    with pytest.raises(dotlint.DotlintError, match="there is no stage 9: the stages are 0 to 3"):
        dotlint.Strategy.parse("pp4").phases[0].stage_gpus(9)


def test_a_path_may_start_like_a_comment_and_a_text_may_be_long(tmp_path: Path) -> None:
    path = tmp_path / "a.dot"
    path.write_text(TEXT)
    assert dotlint.check(f"/{path}").path == f"/{path}"
    assert dotlint.parse("digraph " + "x" * 10_000).errors
    assert not dotlint.parse("// nothing").graphs


def properties(value: object) -> Iterator[object]:
    for name in dir(type(value)):
        if not name.startswith("_"):
            got = getattr(value, name)
            if not callable(got):
                yield got


def test_every_object_shows_itself_in_a_line() -> None:
    text = MOE.replace("rankdir = LR;", 'rankdir = LR; label = "' + "long " * 500 + '";')
    result, fixed = dotlint.check(text), dotlint.fix(text, unsafe=True)
    todo: list[object] = [dotlint.check("", filename="x" * 5000 + ".dot"), fixed.applied[0].fix, fixed, result]
    seen: set[type] = set()
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            todo += value.values()
        elif isinstance(value, (list, tuple)) and type(value) in {list, tuple}:
            todo += list(value)[:5]
        elif type(value).__module__.startswith("dotlint.") and not isinstance(value, str) and type(value) not in seen:
            seen.add(type(value))
            todo += properties(value)
            assert len(repr(value)) <= 400, f"{type(value).__name__}: {repr(value)[:500]}"
            assert "\n" not in repr(value)
            assert " object at 0x" not in repr(value) or type(value).__module__ == "dotlint.syntax.statements"
    assert {dotlint.Finding, dotlint.Result, dotlint.Fix, dotlint.Strategy, dotlint.Phase, dotlint.Document} <= seen


def test_help_describes_each_argument() -> None:
    for function in (dotlint.check, dotlint.fix, dotlint.parse, dotlint.assert_clean):
        page = pydoc.plain(pydoc.render_doc(function))
        names = function.__code__.co_varnames[: function.__code__.co_argcount + function.__code__.co_kwonlyargcount]
        missing = [name for name in names if f"        {name}: " not in page]
        assert missing == [] or "The other arguments are those of `check`." in page
        assert "DotlintError:" in page
    for name in dotlint.__all__:
        assert getattr(dotlint, name).__doc__, name


CONSUMER = """
import pathlib
import dotlint

def lint(path: pathlib.Path) -> list[tuple[str, int]]:
    result: dotlint.Result = dotlint.check(path, strategy=["prefill=pp2", "decode=pp2"], preset="strict", select="A,G")
    for finding in result.at_least("error"):
        fix: dotlint.Fix | None = finding.fix
        edits: tuple[dotlint.Edit, ...] = fix.edits if fix else ()
        spans: list[tuple[int, int]] = [(location.start, location.end) for location in finding.locations]
        start: dotlint.Position = finding.start
        print(edits, spans, start.line, finding.to_dict()["code"])
    if result.strategy is not None:
        phase: dotlint.Phase = result.strategy.phases[0]
        print([str(stage) for stage in phase.stages])
    return [(finding.code, finding.line) for finding in result.findings]

fixed: dotlint.Fixed = dotlint.fix("digraph { a -> b }", unsafe=True, ignore=["A001"])
reasons: list[str] = [one.reason for one in fixed.refused]
document: dotlint.Document = dotlint.parse(b"digraph { a -> b }", filename="a.dot")
names: list[str] = [node.name for graph in document.graphs for node in graph.nodes.values()]
number: int = document.to_networkx().number_of_nodes()
try:
    dotlint.assert_clean(fixed.text, fail_on="info")
except dotlint.StrategyError as error:
    print(error.suggestion)
"""
MISTAKES = ('dotlint.check("a.dot", preset="strct")', 'dotlint.fix("a.dot", stratgy="pp2")', "dotlint.parse(5)")


def test_a_program_that_uses_it_is_type_checked(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    lines = len(CONSUMER.splitlines())
    program.write_text(CONSUMER + "".join(f"{mistake}\n" for mistake in MISTAKES))
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(program)]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    found = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error: " in line}
    assert found == {lines + 1, lines + 2, lines + 3}, done.stdout + done.stderr
