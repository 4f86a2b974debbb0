"""A possible repair of a broken statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.syntax.recovery.certainty import Applicability  # noqa: TC001  # msgspec reads the types of fields

if TYPE_CHECKING:
    from dotlint.syntax.problem import Replacement
    from dotlint.syntax.tree import Lexeme


class Remedy(Struct, frozen=True):
    """A guess at a mistake: its rule, its span, and the edits of the parsed text that would repair it.

    Only a remedy with `offered` is offered as a fix; any other just lets the parser understand the statement.
    Remedies of one `group` become one problem. `until` is where the repaired text ends, if not at the apparent end of
    the statement.
    """

    code: str
    message: str
    start: int
    end: int
    edits: tuple[Replacement, ...]
    offered: Applicability = None
    help: str | None = None
    group: str | None = None
    until: int | None = None
    related: tuple[tuple[str, int, int], ...] = ()
    suggestion: str | None = None


class BrokenStatement(Struct, frozen=True):
    """A statement, `text[start:end]`, that is broken at `lexeme`, where the parser accepts `accepted`."""

    text: str
    start: int
    end: int
    lexeme: Lexeme
    accepted: frozenset[str]
    directed: bool

    @property
    def edge_operator(self) -> str:
        """The edge operator of the graph."""
        return "->" if self.directed else "--"

    @property
    def at(self) -> int:
        """The offset of the lexeme that is not accepted."""
        return self.lexeme.at
