"""The facts of a node as Markdown or plain text, for its hover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.report.markdown import code, escape
from dotlint.server.cards import fenced
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.server.messages import NodeFacts


def node_text(facts: NodeFacts, *, markdown: bool) -> str:
    """Return what was inferred for a node, with the evidence and the findings about it."""
    return "\n".join(_markdown_lines(facts) if markdown else _plain_lines(facts))


def _markdown_lines(facts: NodeFacts) -> Iterator[str]:
    yield f"**Node** {code(facts.name)}"
    yield ""
    yield from (f"- {title}: {escape(text)}" for title, text in facts.rows)
    if facts.tensors:
        yield from ("", fenced("\n".join(facts.tensors), "text"))
    if facts.reasons:
        yield from ("", "because:", "", *(f"- {escape(why)}" for why in facts.reasons))
    if facts.findings:
        yield from ("", "findings:", "")
        yield from (f"- **{rule}** {severity}: {escape(message)}" for rule, severity, message in facts.findings)


def _plain_lines(facts: NodeFacts) -> Iterator[str]:
    yield f"node {one_line(facts.name)}"
    yield from (f"  {title}: {text}" for title, text in facts.rows)
    yield from (f"  {line}" for line in facts.tensors)
    yield from (f"  because {why}" for why in facts.reasons)
    yield from (f"  {rule} {severity}: {message}" for rule, severity, message in facts.findings)
