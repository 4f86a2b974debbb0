"""Fold edges into few DOT statements that mean the same: `a -> b -> {c d}` for three edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_END = r'(?:"(?:[^"\\]|\\.)*"|[^\s"<{\[;:]+)'  # without a port, which Graphviz ignores in braces
_EDGE = regex(rf"({_END}) (->|--) ({_END})(?: (\[.*\]))?")


class _Statement(Struct, frozen=True):
    """An edge statement: every node of a side is joined to every node of the next one."""

    sides: tuple[tuple[str, ...], ...]
    operator: str
    attributes: str


def folded_edges(lines: Sequence[str]) -> list[str]:
    """Return edge statements that mean the same edges with the same attributes as the given ones.

    A line in another form than `tail -> head [attributes]` is returned as it is.
    """
    fans: dict[tuple[str, str, str], list[str]] = {}
    others: list[str] = []
    for line in dict.fromkeys(lines):
        match = _EDGE.fullmatch(line)
        if match is None:
            others.append(line)
        else:
            fans.setdefault((match[1], match[2], match[4] or ""), []).append(match[3])
    blocks: dict[tuple[tuple[str, ...], str, str], list[str]] = {}
    for (tail, operator, attributes), heads in fans.items():
        blocks.setdefault((tuple(heads), operator, attributes), []).append(tail)
    statements = [
        _Statement((tuple(tails), heads), operator, attributes)
        for (heads, operator, attributes), tails in blocks.items()
    ]
    return [*map(_text, _chained(statements)), *others]


def _chained(statements: Iterable[_Statement]) -> list[_Statement]:
    """Join each statement to the one that ends with the nodes that it starts with."""
    chains: list[_Statement] = []
    for statement in statements:
        for at, chain in enumerate(chains):
            alike = (chain.operator, chain.attributes) == (statement.operator, statement.attributes)
            if alike and chain.sides[-1] == statement.sides[0]:
                chains[at] = replace(chain, sides=(*chain.sides, statement.sides[1]))
                break
            if alike and statement.sides[1] == chain.sides[0]:
                chains[at] = replace(chain, sides=(statement.sides[0], *chain.sides))
                break
        else:
            chains.append(statement)
    return chains


def _text(statement: _Statement) -> str:
    sides = (side[0] if len(side) == 1 else f"{{{' '.join(side)}}}" for side in statement.sides)
    text = f" {statement.operator} ".join(sides)
    return f"{text} {statement.attributes}" if statement.attributes else text
