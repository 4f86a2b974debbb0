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
from dotlint.server.capabilities import Client
from dotlint.server.diagnostics import diagnostics
from dotlint.server.open_files import OpenFiles
from dotlint.server.options import Scopes, read_options
from dotlint.server.protocol import Protocol
from dotlint.server.text import Text
from dotlint.server.workers import Workers
from dotlint.server.workspace_symbols import OnDisk
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.server.messages import Options
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
        self.folders = [Path.cwd()]  # those that are open, the first one first
        self.started: object = None  # the settings that came with the start
        self.given: list[object] = []  # the latest ones, for each folder
        self.on_disk = OnDisk(self.workers)
        self.ready = asyncio.Event()  # set once the settings are known
        self._told: dict[str, tuple[str, ...]] = {}  # what was said of a file's configuration

    def begin(self, params: types.InitializeParams) -> None:
        """Note who asks and what for."""
        self.client = Client.of(params.capabilities, self.workspace)
        root = to_fs_path(params.root_uri) if params.root_uri else params.root_path
        self._in_folders([folder.uri for folder in params.workspace_folders or ()], root)
        self.started = params.initialization_options

    def folders_changed(self) -> None:
        """Note the folders that are open now, as pygls keeps them."""
        self._in_folders(list(self.workspace.folders), str(self.folders[0]))

    def _in_folders(self, uris: Sequence[str], root: str | None) -> None:
        paths = [path for path in map(to_fs_path, uris) if path] or ([root] if root else [])
        self.folders = [Path(path).absolute() for path in paths] or [Path.cwd()]
        self.given = [None] * len(self.folders)

    @property
    def folder(self) -> Path:
        """The folder that texts without a file count as being in."""
        return self.folders[0]

    async def read_settings(self, pushed: object = None) -> None:
        """Ask the editor for its settings, or take those that it sends, and lint every open file by them."""
        if self.client.settings:
            folders = self.folders
            items = [types.ConfigurationItem(scope_uri=folder.as_uri(), section="dotlint") for folder in folders]
            asked = self.workspace_configuration_async(types.ConfigurationParams(items))
            try:
                answer = list(await asyncio.wait_for(asked, _PATIENCE) or ())
                if folders is not self.folders:
                    return  # others are open by now, and were asked about
                self.given = [_plain(one) for one in answer[: len(folders)]] + [None] * (len(folders) - len(answer))
            except (JsonRpcException, TimeoutError) as error:
                log.warning("the editor did not give its settings: %s", error or "no answer")
        elif pushed is not None:
            self.given = [_plain(pushed)] * len(self.folders)
        scopes: list[tuple[Path, Options]] = []
        told: dict[str, None] = {}
        for folder, given in zip(self.folders, self.given, strict=True):
            options, wrong = read_options([_plain(self.started), given], folder)
            scopes.append((folder, options))
            told.update(dict.fromkeys(wrong))
        for line in told:
            self.tell(f"dotlint: {line}", types.MessageType.Warning)
        self.files.scopes = Scopes(tuple(scopes))
        self.ready.set()
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
        found = diagnostics(file.uri, snapshot.text, snapshot.report)
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
