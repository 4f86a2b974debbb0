"""Ask the client which folders it grants."""

from __future__ import annotations

from typing import Annotated, Any

from mcp.server.mcpserver import Context, ListRoots, Resolve
from mcp.types import ListRootsResult

from dotlint.mcp.access import Access


def client_roots(context: Context[Any, Any]) -> ListRoots | ListRootsResult:
    """Ask for the roots of the client, if it has any and the user named no folder."""
    capabilities = context.client_capabilities
    if _named_folders(context) or capabilities is None or capabilities.roots is None:
        return ListRootsResult(roots=[])
    return ListRoots()


def granted(context: Context[Any, Any], roots: Annotated[ListRootsResult, Resolve(client_roots)]) -> Access:
    """Return the granted folders: those that the user named with `--root`, or else the roots of the client."""
    named = _named_folders(context)
    return Access.to(named) if named else Access.to_roots(str(root.uri) for root in roots.roots)


def _named_folders(context: Context[Any, Any]) -> tuple[str, ...]:
    folders: tuple[str, ...] = context.request_context.lifespan_context
    return folders
