"""The semantic actions of the parser: a function for each alternative of `dot.lark`, under its name there.

Each takes the list of its symbols' values and returns the value of the rule. Lists grow in place, so that a body of a
million statements or a chain of a million edges takes linear time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotlint.syntax.tree import (
    Assignment,
    Attribute,
    AttributeList,
    Block,
    Chain,
    DefaultsStatement,
    GraphBlock,
    Id,
    Lexeme,
    NodeList,
    NodeRef,
    Statement,
)

if TYPE_CHECKING:
    from dotlint.syntax.lexer import StatementRun

Header = tuple[Lexeme | None, Lexeme, Id | None]
Sides = tuple[list[list[NodeRef] | Block], list[int]]  # the sides, and the offsets of the operators


def first(values: list[Any]) -> Any:  # noqa: ANN401  # whatever the symbol's value is
    """Return the only value."""
    return values[0]


def listed(values: list[Any]) -> list[Any]:
    """Start a list."""
    return values


def listed_more(values: list[Any]) -> list[Any]:
    """Append the item after a comma."""
    found: list[Any] = values[0]
    found.append(values[2])
    return found


def file(values: list[Any]) -> list[GraphBlock]:
    """Collect the graphs."""
    if not values:
        return []
    graphs: list[GraphBlock] = values[0]
    graphs.append(values[1])
    return graphs


def graph(values: list[Any]) -> GraphBlock:
    """Return a complete graph."""
    (strict, keyword, name), opening, body, closing = values
    return GraphBlock(strict, keyword, name, opening, body, closing)


def head(values: list[Any]) -> Header:
    """Return a header without a name."""
    strict, keyword = values[0]
    return strict, keyword, None


def head_named(values: list[Any]) -> Header:
    """Return a header with a name."""
    strict, keyword = values[0]
    return strict, keyword, values[1]


def kind(values: list[Lexeme]) -> tuple[Lexeme | None, Lexeme]:
    """Return the keyword."""
    return None, values[0]


def kind_strict(values: list[Lexeme]) -> tuple[Lexeme | None, Lexeme]:
    """Return `strict` and the keyword."""
    return values[0], values[1]


def body_empty(_values: list[Any]) -> list[Statement]:
    """Start a body."""
    return []


def body_plain(values: list[Any]) -> list[Statement]:
    """Add plain statements."""
    body: list[Statement] = values[0]
    run: StatementRun = values[1]
    body.extend(run.statements)
    return body


def body_statement(values: list[Any]) -> list[Statement]:
    """Add a statement."""
    body: list[Statement] = values[0]
    body.append(values[1])
    return body


def body_ended(values: list[Any]) -> list[Statement]:
    """Add a statement with its semicolon."""
    values[1].semicolon = values[2]
    return body_statement(values)


def defaults(values: list[Any]) -> DefaultsStatement:
    """Return `node [...]`."""
    keyword, lists = values
    return DefaultsStatement(lists, keyword, lists[-1], None)


def macro(values: list[Any]) -> DefaultsStatement:
    """Return `node x=[...]`."""
    keyword, name, _, lists = values
    return DefaultsStatement(lists, keyword, lists[-1], name)


def assignment(values: list[Any]) -> Assignment:
    """Return `name=value`."""
    name, _, value = values
    return Assignment([], name, value, Attribute(name, value))


def pair(values: list[Any]) -> Attribute:
    """Return an attribute of a list."""
    return Attribute(values[0], values[2])


def compound(values: list[Any]) -> Statement:
    """Return a node statement, a block or an edge chain, without attributes."""
    return _compound(values[0], [])


def compound_with(values: list[Any]) -> Statement:
    """Return the same with attribute lists."""
    return _compound(values[0], values[1])


def _compound(sides: Sides, lists: list[AttributeList]) -> Statement:
    parts, arrows = sides
    side, last = parts[0], parts[-1]
    end: Lexeme | AttributeList | Block
    if lists:
        end = lists[-1]
    elif isinstance(last, Block):
        end = last
    else:
        end = last[-1].ports[-1] if last[-1].ports else last[-1].id
    if arrows:
        return Chain(lists, side.first if isinstance(side, Block) else side[0].id, end, parts, arrows)
    if isinstance(side, Block):
        if lists:
            side.attribute_lists, side.last = lists, end
        return side
    return NodeList(lists, side[0].id, end, side)


def chain(values: list[Any]) -> Sides:
    """Start a chain."""
    return values, []


def chain_more(values: list[Any]) -> Sides:
    """Add an edge to a chain."""
    sides: Sides = values[0]
    sides[1].append(values[1].at)
    sides[0].append(values[2])
    return sides


def node(values: list[Any]) -> NodeRef:
    """Return a node."""
    return NodeRef(values[0])


def node_port(values: list[Any]) -> NodeRef:
    """Return a node with a port."""
    return NodeRef(values[0], (values[2],))


def node_ports(values: list[Any]) -> NodeRef:
    """Return a node with a port and a compass point."""
    return NodeRef(values[0], (values[2], values[4]))


def block(values: list[Any]) -> Block:
    """Return a complete block."""
    (keyword, name, opening), body, closing = values
    return Block([], keyword or opening, closing, keyword, name, opening, body, closing)


def opening(values: list[Any]) -> tuple[Lexeme | None, Id | None, Lexeme]:
    """Return the opening of a `{` block."""
    return None, None, values[0]


def opening_keyword(values: list[Any]) -> tuple[Lexeme | None, Id | None, Lexeme]:
    """Return the opening of a `subgraph {` block."""
    return values[0], None, values[1]


def opening_named(values: list[Any]) -> tuple[Lexeme | None, Id | None, Lexeme]:
    """Return the opening of a `subgraph name {` block."""
    return values[0], values[1], values[2]


def lists_more(values: list[Any]) -> list[AttributeList]:
    """Add an attribute list."""
    found: list[AttributeList] = values[0]
    found.append(values[1])
    return found


def list_plain(values: list[Lexeme]) -> AttributeList:
    """Return a list that was matched as one lexeme."""
    return AttributeList(values[0].text, values[0].at, values[0].to)


def list_pairs(values: list[Any]) -> AttributeList:
    """Return a list that was read token by token."""
    opened, pairs, closed = values
    return AttributeList(opened.text, opened.at, closed.to, pairs)


def pairs_empty(_values: list[Any]) -> list[Attribute]:
    """Start the attributes of a list."""
    return []


def pairs_more(values: list[Any]) -> list[Attribute]:
    """Add an attribute."""
    found: list[Attribute] = values[0]
    found.append(values[1])
    return found


def word(values: list[Lexeme]) -> Id:
    """Return an id of one piece."""
    one = values[0]
    return Id(one.type, one.text, one.at, one.to)


def joined(values: list[Any]) -> Id:
    """Return a string with the piece after a `+`."""
    return Id("STRING", values[0].text, values[0].at, values[2].to)
