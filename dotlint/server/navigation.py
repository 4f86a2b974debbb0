"""The requests about names: definition, references, highlights and renaming."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types

from dotlint.server import rename as naming
from dotlint.server.changes import workspace_edit
from dotlint.server.diagnostics import range_of
from dotlint.server.request_context import parsed_at

if TYPE_CHECKING:
    from dotlint.server.app import DotlintServer


async def definition(ls: DotlintServer, params: types.DefinitionParams) -> types.Location | None:
    """Return the declaration of the node there."""
    file, snapshot, parsed, offset = await parsed_at(ls, params, at_once=True)
    return naming.definition(file.uri, snapshot, parsed, offset)


async def references(ls: DotlintServer, params: types.ReferenceParams) -> list[types.Location] | None:
    """Return all mentions of the node there."""
    file, snapshot, parsed, offset = await parsed_at(ls, params, at_once=True)
    declaration = params.context.include_declaration
    return naming.references(file.uri, snapshot, parsed, offset, declaration=declaration)


async def document_highlights(
    ls: DotlintServer, params: types.DocumentHighlightParams
) -> list[types.DocumentHighlight] | None:
    """Return the highlights of the node there."""
    _, snapshot, parsed, offset = await parsed_at(ls, params)
    return naming.highlights(snapshot, parsed, offset)


async def prepare_rename(ls: DotlintServer, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder:
    """Return the range and name of the node to rename."""
    _, snapshot, parsed, offset = await parsed_at(ls, params, at_once=True)
    mention = naming.renamable(snapshot, parsed, offset)
    return types.PrepareRenamePlaceholder(
        range_of(snapshot.text, mention.start, mention.end), parsed.mentions.names[mention.node]
    )


async def renamed(ls: DotlintServer, params: types.RenameParams) -> types.WorkspaceEdit:
    """Return the edits that rename the node there."""
    file, snapshot, parsed, offset = await parsed_at(ls, params, at_once=True)
    edits = naming.renamed(snapshot, parsed, offset, params.new_name)
    if edits and not parsed.complete:
        await asyncio.to_thread(naming.refuse_other_meaning, snapshot, edits)
    return workspace_edit(file.uri, snapshot, edits, versioned=ls.client.versioned_edits)
