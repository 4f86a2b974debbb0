"""A rule as Markdown or plain text, for hovers and completions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.report.markdown import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.server.messages import RuleInfo

_FIXES = {"safe": "safe", "unsafe": "unsafe: it may change the meaning", None: "none"}


def rule_text(rule: RuleInfo, *, markdown: bool) -> str:
    """Return the summary of the rule, the reason for it, an example, and a link to its page."""
    return "\n".join(_markdown_lines(rule) if markdown else _plain_lines(rule))


def fenced(text: str, language: str = "") -> str:
    """Return a text as a fenced code block; the fence is longer than any in the text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _markdown_lines(rule: RuleInfo) -> Iterator[str]:
    yield f"**{rule.code} {rule.names[0]}**: {escape(rule.summary)}"
    yield ""
    yield escape(rule.why)
    yield ""
    yield f"severity: {rule.severity}; fix: {_FIXES[rule.fix]}"
    if rule.bad:
        yield from ("", "bad:", "", fenced(rule.bad, "dot"))
        if rule.fixed:
            yield from ("", "fixed:", "", fenced(rule.fixed, "dot"))
    if rule.address:
        yield from ("", f"[page of the rule]({rule.address})")


def _plain_lines(rule: RuleInfo) -> Iterator[str]:
    yield f"{rule.code} {rule.names[0]}: {rule.summary}"
    yield ""
    yield rule.why
    yield ""
    yield f"severity: {rule.severity}; fix: {_FIXES[rule.fix]}"
    if rule.address:
        yield rule.address
