"""What labels state about placements: `row-parallel`, `replicated on every rank`, `partial sum`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.deployment.tensors.table import operator_table
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.tensors.model import Operator

_CHANGED = regex(
    r"reduc|all-?\s?to|gather|scatter|(?<![a-z])(?:ar|rs|ag|a2a)(?![a-z])",
    re.IGNORECASE,
    needs=("reduc", "to", "gather", "scatter", "ar", "rs", "ag", "a2a"),
)


def read_statements(deployment: Deployment, operators: list[Operator]) -> None:
    """Set what the labels of each operator, or of the edges to its consumers, state that it gives.

    What only some members state does not count.
    """
    vocabulary, table = deployment.vocabulary, operator_table(deployment.vocabulary)
    texts = {
        r.node.index: "\n".join([r.name, *(line for line in r.evidence.lines if "[" not in line), *_on_edges(r)])
        for r in deployment.operators
    }
    every = "\n".join(texts.values()).lower()
    needles = {max(phrase.split(), key=len) for one in table.statements for phrase in one.phrases}
    needles = {needle for needle in needles if needle in every}
    if not needles:
        return
    known: dict[tuple[str, str], int | None] = {}
    for operator in operators:
        role = operator.first.role.name if operator.first.role else ""
        found: set[int | None] = set()
        for reading in operator.members:
            text = texts[reading.node.index]
            lower = text.lower()
            if not any(needle in lower for needle in needles):
                found.add(None)
                continue
            if (text, role) not in known:
                words = vocabulary.normalize(text)
                fitting = [
                    one.gives
                    for one in table.statements
                    if (not one.roles or role in one.roles) and any(phrase in words for phrase in one.phrases)
                ]
                known[text, role] = fitting[0] if len(set(fitting)) == 1 else None
            found.add(known[text, role])
        operator.states = found.pop() if len(found) == 1 else None


def _on_edges(reading: Reading) -> Iterator[str]:
    """Yield what every edge to a consumer states, if none of them states a collective that changes it on its way."""
    labels = {edge.label or "" for edge in reading.node.out_edges}
    if all(labels) and not any(_CHANGED.search(label) for label in labels):
        yield from sorted(labels)
