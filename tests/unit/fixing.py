"""Helpers for tests of fixes: apply the fixes of a rule, and write texts as patches."""

from __future__ import annotations

import textwrap

from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.pipeline.fix_text import FixResult, fix_text
from dotlint.strategy import Strategy


def before_and_after(patch: str, head: str = "") -> tuple[str, str]:
    """Return the texts before and after a patch; both begin with `head`.

    A line after a blank is in both texts, after `-` in the first, after `+` in the second.
    """
    lines = textwrap.dedent(patch).strip("\n").splitlines(keepends=True)
    before, after = (head + "".join(line[1:] for line in lines if line[0] != other) + "\n" for other in "+-")
    return before, after


def run(text: str, code: str, strategy: str | None = None) -> FixResult:
    """Apply all fixes of one rule, and assert that fixing again changes nothing."""
    settings = Settings(
        strategy=Strategy.parse(strategy) if strategy else None,
        strategy_source="option" if strategy else None,
        selection=Selection(select=(code,)),
    )
    result = fix_text(text, settings, unsafe=True)
    assert fix_text(result.text, settings, unsafe=True).text == result.text
    return result


def assert_patched(patch: str, code: str, strategy: str | None = None, *, head: str = "") -> None:
    before, after = before_and_after(patch, head)
    assert before != after
    result = run(before, code, strategy)
    assert result.refused == ()
    assert result.text == after


def assert_left_alone(text: str, code: str, strategy: str | None, why: str) -> None:
    """Assert that there is a finding without a fix, and that its help states why."""
    result = run(textwrap.dedent(text).strip("\n") + "\n", code, strategy)
    assert not result.changed
    assert result.remaining
    assert all(why in (finding.help or "") and finding.fix is None for finding in result.remaining)
