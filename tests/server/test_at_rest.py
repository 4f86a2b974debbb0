"""Whatever is typed, the findings at rest are those of a check, and those shown before do not disappear again."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

pytest.importorskip("lsprotocol", reason="pygls is not installed: pip install -e '.[test]'")

from hypothesis import given, settings
from hypothesis import strategies as st

import dotlint
from dotlint.server import analysis, open_files
from dotlint.server.messages import EarlyReport, EditorOptions, Job, Report
from dotlint.server.moves import Change, add, moved, whole_change
from dotlint.server.open_files import OpenFiles
from dotlint.server.options import Scopes
from dotlint.server.text import Text
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from dotlint.server.messages import Message
    from dotlint.server.open_file import OpenFile, Snapshot
    from dotlint.server.workers import Workers

RANKS = "\n".join(
    f'  up_{r} [label="MLP up\\nInput: [batch=4, hidden=512]\\nOutput: [batch=4, ffn=1024]\\nGPU: {r}"]\n'
    f'  down_{r} [label="MLP down\\nInput: [batch=4, ffn=1024]\\nOutput: [batch=4, hidden=512]\\nGPU: {r}"]\n'
    f"  norm -> up_{r} -> down_{r} -> sum"
    for r in range(2)
)
DEPLOYMENT = (
    "// dotlint: strategy=tp2\n"
    "digraph d {\n  node [shape=box]\n"
    '  norm [label="RMSNorm\\nOutput: [batch=4, hidden=512]\\nGPU: 0-1"]\n'
    '  sum [label="All-Reduce\\nInput: [batch=4, hidden=512]\\nOutput: [batch=4, hidden=512]\\nGPU: 0-1"]\n'
    f"{RANKS}\n}}\n"
)
PIECES = st.sampled_from(
    [
        "",
        " ",
        "\n",
        "x",
        '"',
        "{",
        "}",
        "]",
        "[shape=bxo]",
        "a -> a;",
        "/*",
        "// dotlint: ignore\n",
        "-> ",
        "GPU: 7",
        "😀",
    ]
)
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES, st.booleans()), min_size=1, max_size=6)
Shown = tuple[str, str, tuple[tuple[int, int], ...]]


class _Inline:
    """Does the work of the worker processes at once."""

    def __init__(self, early: list[EarlyReport]) -> None:
        self.early = early

    def prepare(self) -> None:
        pass

    async def run(self, job: Job, on_message: Callable[[Message], None]) -> None:
        def send(message: Message) -> None:
            if isinstance(message, EarlyReport):
                self.early.append(message)
            on_message(message)

        await asyncio.sleep(0)
        self.early.clear()
        analysis.do(job, send)


def _shown(report: Report) -> list[Shown]:
    return [(one.code, one.message, one.locations) for one in report.findings]


Typed = tuple[str, list[Report], list[EarlyReport]]


def _in_a_loop(steps: Coroutine[None, None, Typed]) -> Typed:
    """Run a coroutine in a thread of its own: the browser of other tests keeps the loop of this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, steps).result()


async def _typed(edits: list[tuple[float, int, str, bool]], before: str = DEPLOYMENT) -> Typed:
    """Return the text after edits, all reports that were shown, and the early ones of the last run."""
    early: list[EarlyReport] = []
    shown: list[Report] = []

    def on_report(_file: OpenFile, _snapshot: Snapshot, report: Report) -> None:
        shown.append(report)

    files = OpenFiles(cast("Workers", _Inline(early)), on_report, lambda _, why: pytest.fail(why), lambda _: None)
    files.scopes = Scopes(((Path.cwd(), EditorOptions()),))
    file = files.open("untitled:a", str(Path.cwd() / "a.dot"), Text(before), 1)
    for version, (where, length, new, rest) in enumerate(edits, 2):
        if rest:
            await files.report(file)
        body = file.text.body
        start = round(where * len(body))
        end = min(start + length, len(body))
        text = Text(body[:start] + new + body[end:])
        files.change(file, text, version, [Change(start, end, len(new))])
    await files.report(file)
    files.close_all()
    return file.text.body, shown, early


@settings(max_examples=25, deadline=None)
@given(EDITS)
def test_the_findings_at_rest_are_those_of_a_check(edits: list[tuple[float, int, str, bool]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analysis, "_LARGE", 0)
        patch.setattr(open_files, "_PAUSE", 0)
        text, shown, early = _in_a_loop(_typed(edits))
    found = dotlint.check(text, filename=str(Path.cwd() / "a.dot")).findings
    expected = [(f.code, one_line(f.message, 2000), tuple((at.start, at.end) for at in f.locations)) for f in found]
    assert _shown(shown[-1]) == expected
    # What was shown before does not change, and nothing is added that was final.
    assert early
    for message in early:
        assert sorted(_shown(message.report)) == sorted(one for one in expected if one[0] in message.codes)


def test_findings_stay_and_move_with_the_text_until_all_rules_have_run() -> None:
    lacking = DEPLOYMENT.replace("norm -> up_1 -> down_1 -> sum", "norm -> up_1 -> down_1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analysis, "_LARGE", 0)
        patch.setattr(open_files, "_PAUSE", 0)
        _, reports, _ = _in_a_loop(_typed([(0.0, 0, "\n", True)], lacking))
    late = [sorted(one for one in _shown(report) if one[0][0] not in "ENAX") for report in reports]
    assert late[-1]
    assert late[0] == []  # nothing is known yet
    first = next(index for index, some in enumerate(late) if some == late[-1])
    assert all(some == late[-1] for some in late[first:])
    early = next(index for index, some in enumerate(late) if index and some == _later(late[index - 1]))
    assert early == first


def _later(shown: list[Shown]) -> list[Shown]:
    return [(code, message, tuple((start + 1, end + 1) for start, end in spans)) for code, message, spans in shown]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5), st.text("xy", max_size=4)), max_size=8))
def test_spans_move_with_the_text(edits: list[tuple[int, int, str]]) -> None:
    text = "0123456789<mark>0123456789"
    separate: list[Change] = []
    joined: list[Change] = []
    for at, length, new in edits:
        start = min(at, len(text))
        change = Change(start, min(start + length, len(text)), len(new))
        text = text[:start] + new + text[change.end :]
        separate.append(change)
        add(joined, change)
    start, end = moved(separate, 10, 16)
    if "<mark>" in text:
        assert text[start:end] == "<mark>"
        assert moved(joined, 10, 16) == (start, end)
    assert 0 <= start <= end <= len(text)


@given(st.text("ab", max_size=8), st.text("ab", max_size=8))
def test_a_replaced_text_is_one_change(old: str, new: str) -> None:
    change = whole_change(old, new)
    assert old[: change.start] + new[change.start : change.start + change.length] + old[change.end :] == new
