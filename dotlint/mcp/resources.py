"""The resources (rules and the strategy language) and the prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from pydantic import Field

from dotlint.engine.own_cards import own_cards
from dotlint.engine.select import SelectionError
from dotlint.files.paths import sibling_path
from dotlint.files.reading import read_package_text
from dotlint.report import cards

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer


def add(server: MCPServer[Any]) -> None:
    """Add the resources and the prompt to a server."""
    server.resource("dotlint://rules", name="rules", title="All rules", mime_type="text/plain")(rules)
    server.resource("dotlint://rules/{code}", name="rule", title="A rule", mime_type="text/plain")(rule)
    server.resource("dotlint://strategy", name="strategy", title="The strategy language", mime_type="text/markdown")(
        strategy
    )
    server.prompt("review", title="Review a deployment graph")(review)


def rules() -> str:
    """List all rules with code, severity, fix and summary."""
    return "".join(
        f"{one.code} {one.name} ({one.severity}, fix: {one.fix or 'none'}): {one.summary}\n" for one in own_cards()
    )


def rule(code: str) -> str:
    """Explain a rule, with an example. The first letters of codes list their rules."""
    try:
        return cards.pages(code, own_cards(), width=100)
    except SelectionError as error:
        raise ResourceNotFoundError(str(error)) from None


def strategy() -> str:
    """Describe how a parallel strategy is written."""
    return read_package_text(sibling_path(__file__, "strategy.md"))


def review(
    path: Annotated[str, Field(description="The DOT file to review.")],
    strategy: Annotated[str, Field(description="The strategy that it should describe, e.g. pp4ep4tp2sp2.")] = "",
) -> str:
    """Review a deployment graph until it is correct."""
    declared = f' with strategy "{strategy}"' if strategy else ""
    return (
        f"Review the deployment graph {path} with the dotlint tools.\n"
        f"1. Call `check`{declared}.\n"
        "2. Call `fix` with write=true. For findings marked [unsafe fix], call `fix` with unsafe=true first without "
        "write, and write only if the diff is what the deployment means.\n"
        "3. Edit the file for what remains: add the edges that `check` lists, and follow the help lines. If a finding "
        "seems wrong, call `explain` on its nodes before you change anything. Do not suppress findings.\n"
        "4. Call `check` again, and repeat until it says that nothing has to change.\n"
        "5. Report what you changed and why, and what could not be checked."
    )
