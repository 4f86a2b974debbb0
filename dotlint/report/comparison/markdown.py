"""`markdown`: a comparison as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.report.markdown import code, escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.report.comparison.outline import Sketch


def render(found: Sketch) -> str:
    """Return a comparison as Markdown, with a final newline; all text from the files is escaped."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Sketch) -> Iterator[str]:
    yield f"# {code(found.title)}"
    yield ""
    yield f"**{escape(found.verdict.capitalize())}**"
    yield ""
    yield from (f"- {escape(fact)}" for fact in found.facts)
    for part in found.parts:
        yield from ("", f"## {part.title}", "")
        for line in part.lines:
            yield f"- **{line.kind}** {escape(line.text)}"
            if line.names:
                more = f" and {line.more} more" if line.more else ""
                yield f"  - {', '.join(code(name) for name in line.names)}{more}"
    if found.layout:
        yield from ("", escape(found.layout))
