"""N: ids that Graphviz reads as two, such as `1abc`."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from dotlint.checks.attributes.uses import bodies
from dotlint.checks.grouping import remaining
from dotlint.edits.statement import id_text
from dotlint.engine.finding import Edit, Fix, Location, Related
from dotlint.syntax.tree import Assignment, DefaultsStatement, EdgeStatement, NodeStatement
from dotlint.text.english import count, listed, the
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.syntax.tree import Id, Statement

_ASSIGNED = regex(r"(\w+)[ \t]*=[ \t]*\Z")


def split_numbers(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report ids such as `1abc` and `1.2.3`, which Graphviz reads as two ids."""
    text = context.file.document.text
    spans: list[tuple[int, int]] = []
    for _, body in bodies(context.graph):
        for before, statement in pairwise(body):
            # The end of a statement is slow to compute; the character before the next one is not.
            if text[statement.start - 1] not in "0123456789." or before.end != statement.start:
                continue
            start, following = _number_start(before), _first_id(statement)
            if start is None or following is None:
                continue
            end = following.end
            if spans and spans[-1][1] == before.end:  # `1.2.3.4` is three ids
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
    spans = remaining(context.file, card, sorted(spans), lambda span: Location(*span))
    if not spans:
        return
    start, end = spans[0]
    whole = text[start:end]
    meant = [_without_split(text, *span) for span in spans]
    more = f", and {count(len(spans) - 1, 'more id')} like it {'is' if len(spans) == 2 else 'are'} split"
    yield card.finding(
        f"`{whole}` is read as {_pieces(whole)}{more if len(spans) > 1 else ''}",
        start,
        end,
        locations=tuple(Location(*span) for span in spans),
        related=tuple(Related("here too", *span) for span in spans[1:4]),
        help=f"write `{meant[0]}`: Graphviz takes no unit" if meant[0][0] != '"' else "put it in quotes",
        fixable="unsafe",
        fix=Fix(
            "unsafe",
            tuple(Edit(*span, put) for span, put in zip(spans, meant, strict=True)),
            f"Put {the(len(spans), 'id')} in quotes" if meant[0][0] == '"' else f"Write {listed(meant, 3)}",
        ),
        graph=context.graph.index,
    )


def _without_split(text: str, start: int, end: int) -> str:
    """Return the id in quotes; of a length, what Graphviz takes for the attribute."""
    from dotlint.syntax.recovery.unquoted_values import without_unit  # noqa: PLC0415 - few files have such an id

    assigned = _ASSIGNED.search(text, max(0, start - 40), start)
    return (without_unit(assigned[1], text[start:end]) if assigned else None) or id_text_quoted(text[start:end])


def _pieces(whole: str) -> str:
    pieces = re.findall(r"-?(?:\d+\.?\d*|\.\d+)|[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*", whole)
    return listed([f"`{piece}`" for piece in pieces])


def id_text_quoted(value: str) -> str:
    """Return an id in quotes, even if it does not need them."""
    spelled = id_text(value)
    return spelled if spelled.startswith('"') else f'"{spelled}"'


def _first_id(statement: Statement) -> Id | None:
    """Return the first id of a statement; None if it starts with braces."""
    if isinstance(statement, NodeStatement):
        return statement.nodes[0].id
    if isinstance(statement, EdgeStatement):
        side = statement.sides[0]
        return side[0].id if isinstance(side, list) else None
    return statement.attributes[0].name if isinstance(statement, Assignment) else None


def _number_start(statement: Statement) -> int | None:
    """Return the start of the last id of a statement if that is a bare number at its end, else None."""
    if isinstance(statement, DefaultsStatement) or getattr(statement, "lists", None):
        return None
    one: Id | None = None
    if isinstance(statement, Assignment):
        one = statement.attributes[0].value
    elif isinstance(statement, NodeStatement):
        ref = statement.nodes[-1]
        one = ref.ports[-1] if ref.ports else ref.id
    elif isinstance(statement, EdgeStatement):
        side = statement.sides[-1]
        if isinstance(side, list):
            one = side[-1].ports[-1] if side[-1].ports else side[-1].id
    if one is None or not re.fullmatch(r"-?(?:\d+\.?\d*|\.\d+)", one.raw):
        return None
    return one.start
