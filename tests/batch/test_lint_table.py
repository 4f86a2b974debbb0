"""`dotlint.batch.lint_table`: a row in, a row out."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from dask.delayed import delayed

import dotlint
from dotlint.batch import lint_table
from tests.dsl import CYCLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FIXTURES = Path("tests/fixtures")
MISSPELLED = "digraph { a -> b [colr=red] }"
SLOW = "digraph {" + "".join(f"a{at} -> b{at % 977};" for at in range(200_000)) + "}"
TEXTS = [CYCLE, MISSPELLED, "digraph {", "digraph { a -> b }", None, (FIXTURES / "moe_two_phases.dot").read_text()]


@pytest.fixture
def table() -> pa.Table:
    return pa.table({"id": list(range(len(TEXTS))), "dot": TEXTS})


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def test_a_row_has_what_check_finds(table: pa.Table) -> None:
    linted = lint_table(table, strategy="pp4ep4tp2sp2")
    assert linted.column_names[:2] == ["id", "dot"]
    for row in linted.to_pylist():
        if row["dot"] is None:
            assert (row["verdict"], row["findings"], row["error"]) == (None, None, "the row has no DOT text")
            continue
        result = dotlint.check(row["dot"], strategy="pp4ep4tp2sp2", filename="<row>")
        known = json.loads(json.dumps(result.to_dict()))
        assert (row["verdict"], row["error"]) == (result.verdict, None)
        assert _without_nulls(row["findings"]) == _without_nulls(known["findings"])
        assert sum(dict(row["rules"]).values()) == len(result.findings)
        assert row["errors"] + row["warnings"] + row["infos"] == len(result.at_least("info"))
        if known["flow"] is not None:
            assert row["flow"]["followed"] == known["flow"]["followed"]
            assert dict(row["flow"]["not_followed"]) == known["flow"]["not_followed"]


def test_another_process_gives_the_same(table: pa.Table) -> None:
    assert lint_table(table, time_limit=60, memory_limit=4_000_000_000).equals(lint_table(table))


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.string_view()])
def test_any_kind_of_text(kind: pa.DataType) -> None:
    texts = [MISSPELLED.encode(), None]
    table = pa.table({"graph": pa.array(texts, pa.binary()).cast(kind)})
    linted = lint_table(table, dot="graph", fix="safe", prefix="lint_")
    assert linted.column("lint_errors").to_pylist() == [0, None]
    fixed = linted.column("lint_fixed").to_pylist()[0]
    assert fixed in ("digraph { a -> b [color=red] }", b"digraph { a -> b [color=red] }")
    assert isinstance(fixed, bytes) == (kind in (pa.binary(), pa.large_binary()))


def test_bytes_that_are_not_utf8() -> None:
    table = pa.table({"dot": [b'digraph { a -> b [colr=red]; "caf\xe9" }', b"\x00\x01\x02\x00"]})
    linted = lint_table(table, fix="safe").to_pylist()
    assert linted[0]["fixed"] == b'digraph { a -> b [color=red]; "caf\xe9" }'
    assert (linted[1]["verdict"], bool(linted[1]["error"])) == ("unreadable", True)


def test_each_row_with_its_own_strategy() -> None:
    text = (FIXTURES / "dense_pp2tp4_clean.dot").read_text()
    table = pa.table({"dot": [text] * 4, "plan": ["pp2tp4", "pp2tp2", "pp2tq4", None]})
    linted = lint_table(table, strategy_column="plan").to_pylist()
    assert [row["errors"] for row in linted[:2]] == [
        len(dotlint.check(text, strategy=p).at_least("error")) for p in ("pp2tp4", "pp2tp2")
    ]
    assert "'tq'" in linted[2]["error"]
    assert linted[3]["error"] is None


def test_a_row_with_the_facts_of_a_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"num_hidden_layers": 4, "num_attention_heads": 15}')
    text = (FIXTURES / "dense_pp2tp4_clean.dot").read_text()
    table = pa.table({"dot": [text], "plan": ["pp2tp4"]})
    for model, found in ((None, 0), (str(tmp_path / "config.json"), 1)):
        for linted in (
            lint_table(table, strategy="pp2tp4", model=model, select=["P002"]),
            lint_table(table, strategy_column="plan", model=model, select=["P002"]),
        ):
            (row,) = linted.to_pylist()
            assert (row["error"], len(row["findings"])) == (None, found)


def test_a_row_that_takes_too_long_fails_alone() -> None:
    table = pa.table({"dot": [MISSPELLED, SLOW, MISSPELLED]})
    linted = lint_table(table, time_limit=2).to_pylist()
    assert [row["error"] for row in linted] == [None, "takes longer than 2 s", None]
    assert [row["warnings"] for row in linted] == [1, None, 1]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal to send")
def test_after_an_interrupt_rows_get_their_own_answers() -> None:
    lint_table(pa.table({"dot": ["digraph {}"]}), time_limit=60)
    timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        lint_table(pa.table({"dot": [SLOW]}), time_limit=60)
    linted = lint_table(pa.table({"dot": ["digraph {", "digraph { a -> b }"]}), time_limit=60)
    assert linted.column("errors").to_pylist() == [1, 0]


def test_a_row_with_ten_million_edges_is_a_row() -> None:
    tails, heads = (" ".join(f"{name}{at}" for at in range(3200)) for name in "ab")
    linted = lint_table(pa.table({"dot": [f"digraph {{ {{{tails}}} -> {{{heads}}} }}"]}), select=["N019"]).to_pylist()
    assert (linted[0]["error"], dict(linted[0]["rules"])) == (None, {"N019": 1})


def test_a_row_that_needs_too_much_memory_fails_alone() -> None:
    large = "digraph {" + "".join(f"a{at} -> b{at};" for at in range(100_000)) + "}"
    linted = lint_table(pa.table({"dot": [MISSPELLED, large, MISSPELLED]}), memory_limit=50_000_000).to_pylist()
    assert [row["error"] for row in linted] == [None, "needs more than 50000000 bytes of memory", None]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"dot": "dott"}, "no column `dott`; did you mean `dot`?"),
        ({"dot": "id"}, "column `id` has int64 values; use strings or bytes"),
        ({"path": "id"}, "column `id` has int64 values; use strings"),
        ({"strategy": "pp0"}, "axis 'pp' is zero"),
        ({"select": ["S01X"]}, "unknown rule `S01X`"),
        ({"fix": "all"}, "fix is `all`; use `safe`, `unsafe` or None"),
        ({"strategy": "pp0", "time_limit": 9}, "axis 'pp' is zero"),
        ({"config": "missing.toml"}, "missing.toml"),
    ],
)
def test_a_mistake_of_the_caller(table: pa.Table, options: dict[str, Any], why: str) -> None:
    with pytest.raises(dotlint.DotlintError, match=why.replace("?", r"\?").replace("(", r"\(")):
        lint_table(table, **options)


def test_a_column_is_not_written_twice(table: pa.Table) -> None:
    with pytest.raises(dotlint.DotlintError, match="has a column `verdict` already"):
        lint_table(lint_table(table))


def test_in_batches_as_spark_calls_it(table: pa.Table) -> None:
    """`mapInArrow` hands over an iterator of record batches, and takes one."""

    def lint(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from lint_table(pa.Table.from_batches([batch])).to_batches()

    again = pa.Table.from_batches(lint(table.to_batches(max_chunksize=2)))
    assert again.equals(lint_table(table))
    assert lint_table(table.slice(0, 0)).schema == again.schema


def test_with_dask(table: pa.Table) -> None:
    parts = [delayed(lint_table)(table.slice(at, 2)) for at in range(0, table.num_rows, 2)]
    assert pa.concat_tables(delayed(list)(parts).compute(scheduler="threads")).equals(lint_table(table))
