"""E: syntax errors. The parser has found them; this module turns them into findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.edits.describe import describe_edits
from dotlint.engine.finding import Edit, Fix, Related

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import FileContext
from dotlint.engine.finding import Outcome


def syntax_problems(file: FileContext, card: Card) -> Iterator[Outcome]:
    """Report each problem of the parser with the code of the card."""
    for problem in file.document.problems:
        if problem.code != card.code:
            continue
        fix = None
        if problem.edits and problem.applicability:
            edits = tuple(Edit(*edit) for edit in problem.edits)
            fix = Fix(problem.applicability, edits, describe_edits(file.document.text, edits))
        yield card.finding(
            problem.message,
            problem.start,
            problem.end,
            related=tuple(Related(*related) for related in problem.related),
            help=problem.help,
            suggestion=problem.suggestion,
            fixable=problem.applicability,
            fix=fix,
        )
