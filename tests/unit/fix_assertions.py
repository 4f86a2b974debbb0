"""What tests of fixes assert: texts before and after, written as patches."""

from __future__ import annotations

import textwrap

from tests.dsl import fix


def before_and_after(patch: str, head: str = "") -> tuple[str, str]:
    """Return the texts before and after a patch; both begin with the lines of `head`.

    A line after a blank is in both texts, after `-` in the first, after `+` in the second.
    """
    lines = textwrap.dedent(patch).strip("\n").splitlines(keepends=True)
    before, after = (head + "".join(line[1:] for line in lines if line[0] != other) + "\n" for other in "+-")
    return before, after


def assert_patched(patch: str, code: str, strategy: str | None = None, *, head: str = "") -> None:
    before, after = before_and_after(patch, head)
    assert before != after
    result = fix(before, code, strategy)
    assert result.refused == ()
    assert result.text == after


def assert_left_alone(text: str, code: str, strategy: str | None, why: str) -> None:
    """Assert that there is a finding without a fix, and that its help states why."""
    result = fix(textwrap.dedent(text).strip("\n") + "\n", code, strategy)
    assert not result.changed
    assert result.remaining
    assert all(why in (finding.help or "") and finding.fix is None for finding in result.remaining)
