"""The findings of the fast rules, for an editor that shows them before all rules have run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.engine.own_cards import own_cards
from dotlint.engine.sections import NOT_OF_THE_GRAPH
from dotlint.engine.select import chosen
from dotlint.pipeline.lint import lint

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.engine.result import FileResult, Settings
    from dotlint.graph.document import Document
    from dotlint.syntax.source import Source


def lint_early(
    source: Source, settings: Settings, *, on_read: Callable[[Document], None]
) -> tuple[FileResult, frozenset[str]]:
    """Run the rules of DOT itself; return the result, without fixes, and the codes of the rules that it is final for.

    These rules do not read the graph as a deployment, which is what takes time. Whether a suppression is unused depends
    on all rules, so the rules about the run itself are not final.
    """
    cards = settings.cards or own_cards()
    picked = chosen(cards, settings.selection)
    late = tuple(card.code for card in picked if "graphviz" not in card.presets)
    selection = replace(settings.selection, off=(*settings.selection.off, *late))
    final = {card.code for card in picked if card.code not in late}
    final -= {card.code for card in picked if card.section in NOT_OF_THE_GRAPH and card.section != "syntax"}
    return lint(source, replace(settings, selection=selection), on_read=on_read), frozenset(final)
