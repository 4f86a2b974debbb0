"""The structured answers of the tools; each comes with a short text that has the same facts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from mcp.types import CallToolResult, TextContent

from dotlint.report.short_form import NextStep  # noqa: TC001 - the SDK makes schemas of these types
from dotlint.text.display import one_line
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Mapping

NEXT: Final[Mapping[NextStep, str]] = {
    "fix": "call `fix`",
    "unsafe": "call `fix` with unsafe=true and review the diff",
    "edit": "edit the file as described, then call `check` again",
    "done": "nothing has to change",
}


@dataclass(frozen=True)
class RefusedFix:
    """A fix that was not applied; `line` is where its finding is."""

    code: str
    line: int
    reason: str


@dataclass(frozen=True)
class FixAnswer:
    """What `fix` did: the fixed findings by rule, the refused fixes, and what remains, as lines of `check`.

    `output` is the unified diff or the fixed text; it is empty if nothing changed.
    """

    path: str
    changed: bool
    written: bool
    remaining: str
    next: NextStep
    applied: dict[str, int] | None = None
    output: str = ""
    refused: tuple[RefusedFix, ...] = ()


@dataclass(frozen=True)
class TextAnswer:
    """An answer that is a text."""

    text: str


def answer(text: str, structured: object) -> CallToolResult:
    """Return the result of a tool; empty values of the structured answer are left out."""
    found = _compact(asdict(structured))  # type: ignore[call-overload]
    return CallToolResult(content=[TextContent(type="text", text=_encodable(text))], structured_content=found)


def text_answer(text: str, most: int) -> CallToolResult:
    """Return a text, at most `most` characters of it."""
    cut = bounded(text.rstrip("\n"), most)
    return answer(cut, TextAnswer(cut))


def refusal(error: Exception) -> CallToolResult:
    """Return an error of a tool, in one line."""
    return CallToolResult(content=[TextContent(type="text", text=one_line(str(error), 1000))], is_error=True)


def bounded(text: str, most: int) -> str:
    """Return the first lines of a text, at most `most` characters, with a line that counts what is left out."""
    if len(text) <= most:
        return text
    kept = text[: text.rfind("\n", 0, most) + 1] or text[:most] + "\n"
    return f"{kept}... {count(len(text) - len(kept), 'more character')}; raise `limit` to get them"


def _compact(value: Any) -> Any:  # noqa: ANN401 - whatever JSON has
    if isinstance(value, dict):
        return {key: _compact(one) for key, one in value.items() if one is not None and one not in ([], (), {}, "")}
    if isinstance(value, list | tuple):
        return [_compact(one) for one in value]
    return _encodable(value) if isinstance(value, str) else value


def _encodable(text: str) -> str:
    """Escape lone surrogates, which stand for bytes that are not UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()
