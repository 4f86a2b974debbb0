r"""N016: a doubled backslash before `n`, which draws a backslash and an `n` where a line break is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.data import graphviz
from dotlint.syntax.tree import AttributedStatement, Html, NodeStatement
from dotlint.text.regex import regex

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from dotlint.engine.context import FileContext
    from dotlint.syntax.tree import Attribute

_DOUBLED = regex(r"(?<!\\)\\\\n")
# A break ends a word, a number or a sentence and starts another one: `\\n` on its own is a text about line breaks.
_BREAK = regex(r"(?<=[\w.,:;!?%)>\]\x80-\U0010ffff])\\\\n(?=[\w(\[<\"#*•\x80-\U0010ffff-])")
_CERTAIN_START = regex(r"[A-Z0-9(\[<#*•\x80-\U0010ffff-]")
_OTHER = regex(r"\\\\(?![nlr])")
_PATH = regex(r"(?<!\w)[A-Za-z]:\\\\|\\\\\\\\|(?<![\w.])\.\.?\\\\|%\w+%|~\\\\")
_PATTERN = regex(r"\\\\[nr](?:[+*?{|)\]$]|\\\\[nr])|[\[(|^]\\\\n|\(\?[:=!<]|\.[*+]|\[\^")
_QUOTED = regex(r"\\\"|`|(?<!\w)'|\$")
_LEAST_ALIKE = 3


def doubled_breaks(file: FileContext) -> Iterator[tuple[Attribute, tuple[str, ...]]]:
    r"""Yield the labels in which every `\\n` is meant as a line break, with the nodes that have them.

    A text in which a backslash is meant, such as a path, a pattern or code, is not decided, nor is a single word on
    each side: `src\\net` may be a path.
    """
    found = [(one, names) for one, names in _labels(file) if _DOUBLED.search(one.value.raw)]
    plain = [one for one in found if not _means_backslash(one[0].value.raw)]
    alike = len(plain) == len(found) and sum(len(_DOUBLED.findall(one.value.raw)) for one, _ in plain) >= _LEAST_ALIKE
    for one, names in plain:
        raw = one.value.raw[1:-1]
        doubled = list(_DOUBLED.finditer(raw))
        if all(_BREAK.match(raw, at.start()) for at in doubled) and (
            alike or any(_has_words(raw, at) for at in doubled)
        ):
            yield one, names


def _labels(file: FileContext) -> Iterator[tuple[Attribute, tuple[str, ...]]]:
    if "\\\\n" not in file.document.text:
        return
    for statement in file.document.tree.statements():
        if not isinstance(statement, AttributedStatement):
            continue
        for attribute in statement.attributes:
            fact = graphviz.attributes().get(attribute.name.value)
            if fact is None or "label" not in fact.types or isinstance(attribute.value.value, Html):
                continue
            nodes = statement.nodes if isinstance(statement, NodeStatement) else ()
            yield attribute, tuple(ref.id.value for ref in nodes)


def _means_backslash(raw: str) -> bool:
    """Return whether a backslash before another letter, a path, a pattern, a formula or quoted code is in the label."""
    return any(one.search(raw, 1, len(raw) - 1) for one in (_OTHER, _PATH, _PATTERN, _QUOTED))


def _has_words(raw: str, at: re.Match[str]) -> bool:
    r"""Return whether the texts around a `\\n` are no parts of one path or name."""
    before, after = _DOUBLED.split(raw[: at.start()])[-1], _DOUBLED.split(raw[at.end() :])[0]
    return bool(_CERTAIN_START.match(after)) or (" " in before.strip() and " " in after.strip())
