"""The server itself: what it knows of the editor and its settings, and what it tells on its own account."""

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
from dotlint.report.text import one_line
from dotlint.server.capabilities import Client
from dotlint.server.diagnostics import diagnostics
from dotlint.server.open_files import OpenFiles
from dotlint.server.options import read_options
from dotlint.server.protocol import Protocol
from dotlint.server.text import Text
from dotlint.server.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.server.open_files import OpenFile, Snapshot

_PATIENCE: Final = 20  # seconds that an editor has to say its settings
log = logging.getLogger(__name__)

# Strategy files and cards of rules are TOML as well; a baseline is JSON.
WATCHED: Final = ("**/*.toml", "**/*.{dot,gv}", "**/*baseline*.json")


class DotlintServer(LanguageServer):
    """One editor's server. Nothing is linted before its settings are known."""

    protocol: Protocol

    def __init__(self) -> None:
        super().__init__("dotlint", __version__, protocol_cls=Protocol)
        self.workers = Workers()
        self.files = OpenFiles(self.workers, self._on_report, self._on_failure)
        self.client = Client()
        self.folder = Path.cwd()
        self.given: list[object] = []  # settings that came with the start, then the latest ones
        self._told: dict[str, tuple[str, ...]] = {}  # what was said of a file's configuration

    def begin(self, params: types.InitializeParams) -> None:
        """Note who asks and what for."""
        self.client = Client.of(params.capabilities, self.workspace)
        folders = [folder.uri for folder in params.workspace_folders or ()]
        root = next(iter(folders), None) or params.root_uri
        path = to_fs_path(root) if root else params.root_path
        self.folder = Path(path).absolute() if path else Path.cwd()
        self.given = [params.initialization_options, None]

    async def read_settings(self, pushed: object = None) -> None:
        """Ask the editor for its settings, or take those that it sends, and lint every open file by them."""
        if self.client.settings:
            item = types.ConfigurationItem(scope_uri=self.folder.as_uri(), section="dotlint")
            asked = self.workspace_configuration_async(types.ConfigurationParams([item]))
            try:
                answer = await asyncio.wait_for(asked, _PATIENCE)
                self.given[1:] = [_plain(answer[0]) if answer else None]
            except (JsonRpcException, TimeoutError) as error:
                log.warning("the editor did not give its settings: %s", error or "no answer")
        elif pushed is not None:
            self.given[1:] = [_plain(pushed)]
        options, wrong = read_options(map(_plain, self.given), self.folder)
        for line in wrong:
            self.tell(f"dotlint: {line}", types.MessageType.Warning)
        self.files.options = options
        self._told.clear()
        self.files.lint_again()

    async def watch(self) -> None:
        """Ask to be told of files and settings that change, where the editor can."""
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
                log.warning("the editor watches no files: %s", error)

    def files_changed(self, uris: Sequence[str]) -> None:
        """Lint again what files on disk that changed may matter to: a graph to deployments of several files alone."""
        graphs = all(uri.lower().endswith((".dot", ".gv")) for uri in uris)
        if not graphs:
            self._told.clear()
        self.files.lint_again(only=lambda file: not graphs or (self._one_of_several(file) and file.uri not in uris))

    def path_of(self, uri: str) -> str:
        """Give the path that a text is linted as; one that is in no file counts as one of the folder."""
        path = to_fs_path(uri.replace(";", "%3B"))
        if path is not None:
            return path
        name = one_line(uri.rpartition(":")[2].rpartition("/")[2], 80) or "untitled"
        return str(self.folder / name)

    def text(self, text: str) -> Text:
        """Give a text with the positions that were agreed on."""
        return Text(text, self.client.encoding)

    def tell(self, message: str, kind: types.MessageType) -> None:
        """Show the user a message, and log it."""
        log.warning("%s", message)
        self.window_show_message(types.ShowMessageParams(kind, message))

    def note(self, message: str) -> None:
        """Write a line to the editor's log, where it does not disturb."""
        log.info("%s", message)
        self.window_log_message(types.LogMessageParams(types.MessageType.Info, message))

    def forget(self, uri: str) -> None:
        """Take back all that was told of a file that was closed."""
        self._told.pop(uri, None)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    def _one_of_several(self, file: OpenFile) -> bool:
        return file.last is not None and file.last.report is not None and file.last.report.several

    def _on_report(self, file: OpenFile, snapshot: Snapshot) -> None:
        assert snapshot.report is not None
        found = diagnostics(file.uri, snapshot, snapshot.report)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(file.uri, found, snapshot.version))
        problems = snapshot.report.problems
        before = self._told.get(file.uri, ())
        self._told[file.uri] = problems
        others = {line for uri, lines in self._told.items() if uri != file.uri for line in lines}
        for line in problems:
            if line not in before and line not in others:
                self.tell(f"dotlint: {line}", types.MessageType.Error)

    def _on_failure(self, file: OpenFile, message: str) -> None:
        self.tell(f"dotlint: {Path(file.path).name}: {message}", types.MessageType.Error)


def _plain(value: object) -> object:
    """Give tables as dicts: pygls makes objects of what it has no type for."""
    if hasattr(value, "_asdict"):
        return {key: _plain(one) for key, one in value._asdict().items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value
