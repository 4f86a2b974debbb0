"""The strategy that a comment declares, as in `// dotlint: strategy=pp4tp2 layout=megatron`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.strategy import Layout, Strategy, StrategyError
from dotlint.strategy.launch.argument import file_of
from dotlint.suppressions.mistake import Mistake
from dotlint.text.regex import regex

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

_VALUE = regex(r"[ \t]*=[ \t]*(?P<spec>.*?)(?:[ \t,;]+layout[ \t]*=[ \t]*(?P<layout>[\w-]+))?[ \t\r]*")
_EXAMPLE = "write `dotlint: strategy=pp4tp2`, or a phase each: `strategy=prefill=pp4tp2; decode=tp8`"


def declared_strategy(found: Sequence[re.Match[str]], mistakes: list[Mistake]) -> Strategy | None:
    """Return the strategy that the comments declare together; None if one is malformed, which is added to `mistakes`.

    Several comments declare a phase each.
    """
    specs: list[str] = []
    layouts: list[str] = []
    for match in found:
        span = match.span("directive")
        value = _VALUE.fullmatch(match["reason"])
        spec = value["spec"].strip() if value else ""
        if value is None or not spec:
            mistakes.append(Mistake("this comment declares no strategy", *span, _EXAMPLE))
            return None
        if file_of(spec) is not None:
            why = "a comment takes a specification; name a strategy file with `--strategy` or in the configuration"
            mistakes.append(Mistake(f"`{spec}` is a strategy file", *span, why))
            return None
        specs.append(spec)
        layouts += [value["layout"]] if value["layout"] else []
        try:
            strategy = Strategy.parse("; ".join(specs), layout=Layout.named(layouts[0]) if layouts else None)
        except StrategyError as error:
            mistakes.append(Mistake(f"the declared strategy cannot be read: {error}", *span, _EXAMPLE))
            return None
    return strategy
