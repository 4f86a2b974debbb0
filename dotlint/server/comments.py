"""Comments that are addressed to dotlint: the rule codes in suppressions, and the words of declared strategies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dotlint.strategy.degrees import AXIS_NAMES
from dotlint.strategy.presets import PRESETS
from dotlint.suppressions.directives import VERBS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.server.messages import RuleInfo
    from dotlint.server.open_file import OpenFile

Offer = tuple[str, str, str, str]
"""Label, inserted text, kind and detail, as in `completion`."""

_COMMENT: Final = re.compile(r"(?://|#|/\*|^[ \t>]*\*)[ \t]*dotlint[ \t]*:[ \t]*", re.IGNORECASE)
_RULES: Final = re.compile(rf"(?:{'|'.join(sorted(VERBS, key=len, reverse=True))})[ \t]*\[([^\]\n]*)", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\s,]+")
_VERBS: Final = {
    "ignore": "suppress findings of this statement, or of the next one",
    "ignore-start": "suppress findings until `ignore-end`",
    "ignore-end": "end the last `ignore-start`",
    "ignore-file": "suppress findings in this file; before the first statement",
    "strategy=": "declare the parallel strategy of this file",
}
_PHASES: Final = ("prefill", "decode")
_LAYOUTS: Final = {
    "product": "the product of all degrees",
    "overlay": "experts share the ranks of the dense layers",
    **{name: preset.title for name, preset in PRESETS.items()},
}


def rule_at(file: OpenFile, offset: int) -> tuple[RuleInfo, tuple[int, int]] | None:
    """Return the rule that a suppression comment names at an offset, and the span of the word; None if there is none."""
    line, start = _line(file, offset)
    comment = _COMMENT.search(line)
    rules = _RULES.match(line, comment.end()) if comment else None
    for word in _WORD.finditer(line, *rules.span(1)) if rules else ():
        if start + word.start() <= offset <= start + word.end():
            named = named_rule(file.rules, word[0])
            return None if named is None else (named, (start + word.start(), start + word.end()))
    return None


def named_rule(rules: Mapping[str, RuleInfo], word: str) -> RuleInfo | None:
    """Return the rule with a code or name; None if there is none, or if the word stands for several."""
    lower = word.lower()
    return rules.get(word.upper()) or next((rule for rule in rules.values() if lower in rule.names), None)


def comment_offers(file: OpenFile, offset: int) -> tuple[list[Offer], int] | None:
    """Return what can be written in a comment for dotlint, and the start of the word before the offset.

    None if the offset is in no such comment.
    """
    line, start = _line(file, offset)
    before = line[: offset - start]
    comments = list(_COMMENT.finditer(before))
    if not comments:
        return None
    given = before[comments[-1].end() :]
    if given.count("[") > given.count("]"):
        typed = re.split(r"[\s,\[]", given)[-1]
        listed = {word.upper() for word in _WORD.findall(given[given.rfind("[") + 1 : len(given) - len(typed)])}
        return _rule_offers(file.rules, listed), offset - len(typed)
    if re.match(r"strategy[ \t]*=", given, re.IGNORECASE):
        return _strategy_offers(given, offset)
    if re.fullmatch(r"[\w-]*", given):
        return [(verb, verb, "keyword", what) for verb, what in _VERBS.items()], offset - len(given)
    return [], offset


def _rule_offers(rules: Mapping[str, RuleInfo], listed: set[str]) -> list[Offer]:
    left = [
        rule for rule in rules.values() if rule.suppressible and listed.isdisjoint({rule.code, rule.names[0].upper()})
    ]
    return [
        *((rule.code, rule.code, "rule", f"{rule.names[0]}: {rule.summary}") for rule in left),
        *((rule.names[0], rule.names[0], "rule", f"{rule.code}: {rule.summary}") for rule in left),
    ]


def _strategy_offers(given: str, offset: int) -> tuple[list[Offer], int]:
    typed = re.split(r"[\s=;,]|(?<=\d)(?=[A-Za-z])", given)[-1]
    start, before = offset - len(typed), given[: len(given) - len(typed)]
    if re.search(r"layout[ \t]*=[ \t]*$", before, re.IGNORECASE):
        return [(name, name, "value", what) for name, what in _LAYOUTS.items()], start
    offers: list[Offer] = []
    if re.search(r"(?:^strategy[ \t]*=|;)[ \t]*$", before, re.IGNORECASE):
        offers += [(phase, f"{phase}=", "keyword", "the strategy of one phase") for phase in _PHASES]
    offers += [(axis, axis, "value", what) for axis, what in AXIS_NAMES.items()]
    if re.search(r"\d[ \t]+$", before):
        offers.append(("layout", "layout=", "keyword", "how degrees map to GPUs"))
    return offers, start


def _line(file: OpenFile, offset: int) -> tuple[str, int]:
    """Return the line of an offset and the offset of its start."""
    text = file.text.body
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    end = text.find("\n", offset)
    return text[start : end if end >= 0 else len(text)], start
