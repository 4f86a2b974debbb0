"""The capabilities of the editor that the server uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from lsprotocol import types
from msgspec import Struct
from pygls.capabilities import get_capability

if TYPE_CHECKING:
    from pygls.workspace import Workspace

    from dotlint.server.text import Encoding


class Client(Struct, frozen=True):
    """The capabilities of an editor; without a statement, each is absent."""

    encoding: Encoding = "utf-16"
    markdown: bool = False
    versioned_edits: bool = False
    takes_actions: bool = False  # otherwise it only supports commands
    resolves_edits: bool = False
    nested_symbols: bool = False
    settings: bool = False
    watches_files: bool = False
    watches_settings: bool = False
    refreshes_tokens: bool = False
    refreshes_hints: bool = False

    @classmethod
    def of(cls, can: types.ClientCapabilities, workspace: Workspace) -> Client:
        """Read the capabilities that the editor sends with the initialize request."""
        formats = get_capability(can, "text_document.hover.content_format") or ()
        resolve = get_capability(can, "text_document.code_action.resolve_support")
        encoding = cast("types.PositionEncodingKind | str", workspace.position_encoding)
        return cls(
            encoding=cast("Encoding", getattr(encoding, "value", encoding)),
            markdown=bool(formats) and formats[0] == types.MarkupKind.Markdown,
            versioned_edits=bool(get_capability(can, "workspace.workspace_edit.document_changes")),
            takes_actions=get_capability(can, "text_document.code_action.code_action_literal_support") is not None,
            resolves_edits=resolve is not None and "edit" in resolve.properties,
            nested_symbols=bool(
                get_capability(can, "text_document.document_symbol.hierarchical_document_symbol_support")
            ),
            settings=bool(get_capability(can, "workspace.configuration")),
            watches_files=bool(get_capability(can, "workspace.did_change_watched_files.dynamic_registration")),
            watches_settings=bool(get_capability(can, "workspace.did_change_configuration.dynamic_registration")),
            refreshes_tokens=bool(get_capability(can, "workspace.semantic_tokens.refresh_support")),
            refreshes_hints=bool(get_capability(can, "workspace.inlay_hint.refresh_support")),
        )
