"""The server object: it knows the editor and its settings, and shows messages and diagnostics."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from dotlint._version import __version__
from dotlint.server.capabilities import Client
from dotlint.server.diagnostics import diagnostics
from dotlint.server.open_files import OpenFiles
from dotlint.server.options import Scopes, read_options
from dotlint.server.protocol import Protocol
from dotlint.server.text import Text
from dotlint.server.workers import Workers
from dotlint.server.workspace_symbols import DiskSymbols
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.server.messages import EditorOptions, Report
    from dotlint.server.open_file import OpenFile, Snapshot

_SETTINGS_TIMEOUT: Final = 20  # seconds to wait for the editor's settings
log = logging.getLogger(__name__)

# Strategy files and cards are TOML, like configuration files; a baseline is JSON.
WATCHED: Final = ("**/*.toml", "**/*.{dot,gv}", "**/*baseline*.json")


class DotlintServer(LanguageServer):
    """The server of one editor. Nothing is linted before the settings are known."""

    protocol: Protocol

    def __init__(self) -> None:
        super().__init__("dotlint", __version__, protocol_cls=Protocol)
        self.workers = Workers()
        self.files = OpenFiles(self.workers, self._on_report, self._on_failure, self._on_understood)
        self.client = Client()
        self.folders = [Path.cwd()]  # the open workspace folders, in the editor's order
        self.initial_settings: object = None  # from the initialize request
        self.settings: list[object] = []  # the latest settings of each folder
        self.disk_symbols = DiskSymbols(self.workers)
        self.ready = asyncio.Event()  # set once the settings are known
        self._reported_problems: dict[str, tuple[str, ...]] = {}  # problems already reported, by URI

    def begin(self, params: types.InitializeParams) -> None:
        """Store the editor's capabilities, folders and initial settings."""
        self.client = Client.of(params.capabilities, self.workspace)
        root = to_fs_path(params.root_uri) if params.root_uri else params.root_path
        self._set_folders([folder.uri for folder in params.workspace_folders or ()], root)
        self.initial_settings = params.initialization_options

    def folders_changed(self) -> None:
        """Update the workspace folders from pygls."""
        self._set_folders(list(self.workspace.folders), str(self.folders[0]))

    def _set_folders(self, uris: Sequence[str], root: str | None) -> None:
        paths = [path for path in map(_fs_path, uris) if path] or ([root] if root else [])
        self.folders = [Path(path).absolute() for path in paths] or [Path.cwd()]
        self.settings = [None] * len(self.folders)

    @property
    def folder(self) -> Path:
        """The folder of texts that are not in a file."""
        return self.folders[0]

    async def read_settings(self, pushed: object = None) -> None:
        """Request the editor's settings, or use the `pushed` ones, and lint every open file again."""
        if self.client.settings:
            folders = self.folders
            items = [types.ConfigurationItem(scope_uri=folder.as_uri(), section="dotlint") for folder in folders]
            asked = self.workspace_configuration_async(types.ConfigurationParams(items))
            try:
                answer = list(await asyncio.wait_for(asked, _SETTINGS_TIMEOUT) or ())
                if folders is not self.folders:
                    return  # the folders changed meanwhile; another request is under way
                self.settings = [_as_plain_data(one) for one in answer[: len(folders)]] + [None] * (
                    len(folders) - len(answer)
                )
            except (JsonRpcException, TimeoutError) as error:
                log.warning("the editor did not return its settings: %s", error or "no answer")
        elif pushed is not None:
            self.settings = [_as_plain_data(pushed)] * len(self.folders)
        scopes: list[tuple[Path, EditorOptions]] = []
        problems: dict[str, None] = {}
        for folder, settings in zip(self.folders, self.settings, strict=True):
            options, wrong = read_options([_as_plain_data(self.initial_settings), settings], folder)
            scopes.append((folder, options))
            problems.update(dict.fromkeys(wrong))
        for line in problems:
            self.show(f"dotlint: {line}", types.MessageType.Warning)
        self.files.scopes = Scopes(tuple(scopes))
        self.ready.set()
        self._reported_problems.clear()
        self.files.lint_again()
        if self.client.refreshes_hints:
            self.workspace_inlay_hint_refresh(None)

    async def watch(self) -> None:
        """Register for changes of files and settings, if the editor supports it."""
        registrations = []
        if self.client.watches_files:
            watchers = [types.FileSystemWatcher(glob_pattern=pattern) for pattern in WATCHED]
            options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
            registrations.append(types.Registration("files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options))
        if self.client.watches_settings:
            section = types.DidChangeConfigurationRegistrationOptions(section="dotlint")
            registrations.append(types.Registration("settings", types.WORKSPACE_DID_CHANGE_CONFIGURATION, section))
        if registrations:
            try:
                await self.client_register_capability_async(types.RegistrationParams(registrations))
            except JsonRpcException as error:
                log.warning("the editor rejected the registration: %s", error)

    def files_changed(self, uris: Sequence[str]) -> None:
        """Lint again the open files that a change on disk may affect; a changed graph affects only multi-file deployments."""
        graphs = all(uri.lower().endswith((".dot", ".gv")) for uri in uris)
        if not graphs:
            self._reported_problems.clear()
        self.files.lint_again(
            only=lambda file: not graphs or (self._in_multi_file_deployment(file) and file.uri not in uris)
        )

    def path_of(self, uri: str) -> str:
        """Return the path of a text; a text that is not in a file gets a path in the first folder."""
        path = _fs_path(uri)
        if path is not None:
            return path
        name = one_line(uri.rpartition(":")[2].rpartition("/")[2], 80) or "untitled"
        return str(self.folder / name)

    def text(self, text: str) -> Text:
        """Return a `Text` with the position encoding of the connection."""
        return Text(text, self.client.encoding)

    def show(self, message: str, kind: types.MessageType) -> None:
        """Show a message to the user, and log it."""
        log.warning("%s", message)
        self.window_show_message(types.ShowMessageParams(kind, message))

    def log(self, message: str) -> None:
        """Write a line to the editor's log."""
        log.info("%s", message)
        self.window_log_message(types.LogMessageParams(types.MessageType.Info, message))

    def forget(self, uri: str) -> None:
        """Remove the diagnostics of a closed file."""
        self._reported_problems.pop(uri, None)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    def _in_multi_file_deployment(self, file: OpenFile) -> bool:
        return file.last is not None and file.last.report is not None and file.last.report.multiple_files

    def _on_report(self, file: OpenFile, snapshot: Snapshot, report: Report) -> None:
        found = diagnostics(file.uri, snapshot.text, report, file.rules)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(file.uri, found, snapshot.version))
        problems = report.problems
        before = self._reported_problems.get(file.uri, ())
        self._reported_problems[file.uri] = problems
        others = {line for uri, lines in self._reported_problems.items() if uri != file.uri for line in lines}
        for line in problems:
            if line not in before and line not in others:
                self.show(f"dotlint: {line}", types.MessageType.Error)

    def _on_failure(self, file: OpenFile, message: str) -> None:
        self.show(f"dotlint: {Path(file.path).name}: {message}", types.MessageType.Error)

    def _on_understood(self, file: OpenFile) -> None:
        """Ask the editor to request again what it has from before the styles of nodes were known."""
        if self.client.refreshes_tokens and file.tokens is not None and file.tokens.styles != file.styles:
            self.workspace_semantic_tokens_refresh(None)


def _as_plain_data(value: object) -> object:
    """Convert to dicts, lists and scalars: pygls returns objects for settings, which have no type."""
    if hasattr(value, "_asdict"):
        return {key: _as_plain_data(one) for key, one in value._asdict().items()}
    if isinstance(value, list | tuple):
        return [_as_plain_data(one) for one in value]
    if isinstance(value, dict):
        return {key: _as_plain_data(one) for key, one in value.items()}
    return value


def _fs_path(uri: str) -> str | None:
    """Return the path of a URI; None if it names no file, or is not a valid URI."""
    try:
        path = to_fs_path(uri.replace(";", "%3B"))
    except ValueError:
        return None
    return path if path and "\0" not in path else None
