"""Results kept from run to run, by what they depend on: file and name, settings, dotlint itself.

An entry is a file of JSON. One that cannot be read, was cut short, or was written by something else is as
good as none, so that the folder may be deleted, copied and shared at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from dotlint._version import __version__
from dotlint.engine.result import FileResult, Settings
from dotlint.errors import DotlintError
from dotlint.pipeline.plain import reader, to_plain
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.pipeline.plain import Reader
    from dotlint.strategy import Strategy

_FORM = "dotlint-cache-1"
_MOST_DAYS = 30
_DAY = 86400.0
_OWN = regex(r"[0-9a-f]{62}\.json(\.\d+\.tmp)?")


def cache_folder() -> Path | None:
    """Give the user's cache folder for dotlint by the rules of the platform; None where there is no home.

    `DOTLINT_CACHE_DIR` names another one.
    """
    own = os.environ.get("DOTLINT_CACHE_DIR")
    if own:
        return Path(own)
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "dotlint" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "dotlint"
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if named.startswith("/") else home / ".cache") / "dotlint"


class Cache(Struct, frozen=True):
    """A folder of results, all of them found under the same settings (`key`) by the same dotlint.

    `strategy` is the declared one where it gives phases files of their own: a result depends on those too.
    """

    folder: Path
    key: str
    strategy: Strategy | None = None

    @classmethod
    def open(cls, settings: Settings) -> Cache | None:
        """Open the user's cache for these settings; None where there is none or they cannot be told apart."""
        folder = cache_folder()
        if folder is None:
            return None
        if settings.baseline is not None or any(":" in card.check for card in settings.cards):
            return None  # a baseline asks where a file lies, and a plugin's code is not known here
        try:
            described = json.dumps(to_plain(settings))
        except TypeError:
            return None
        key = hashlib.sha256(f"{_FORM}\0{_program()}\0{described}".encode()).hexdigest()
        several = settings.strategy is not None and settings.strategy.has_files
        return cls(folder, key, settings.strategy if several else None)

    def besides(self, name: str) -> str:
        """Say what a file's result depends on besides its bytes and the settings; "" where that is nothing."""
        if self.strategy is None:
            return ""
        from dotlint.engine.phase_files import fingerprint  # noqa: PLC0415 - few deployments have several files

        return fingerprint(self.strategy, name)

    def _entry(self, name: str, data: bytes, besides: str) -> tuple[Path, str]:
        start = f"{self.key}\0{name}\0{besides}\0".encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(start + data).hexdigest()
        return self.folder / digest[:2] / f"{digest[2:]}.json", digest

    def get(self, name: str, data: bytes) -> FileResult | None:
        """Give the slim result for these bytes under this name; None where none is kept."""
        path, digest = self._entry(name, data, self.besides(name))
        try:
            entry = json.loads(path.read_bytes())
            if entry["form"] != _FORM or entry["digest"] != digest:
                return None
            result = _reader()(entry["result"])
            assert isinstance(result, FileResult)
        except (OSError, ValueError, KeyError, TypeError, RecursionError, DotlintError):
            return None
        with contextlib.suppress(OSError):  # what is in use is not old
            if abs(time.time() - path.stat().st_mtime) > _DAY:
                os.utime(path)
        return replace(result, path=name)

    def put(self, name: str, data: bytes, result: FileResult, besides: str = "") -> None:
        """Keep a slim result, unless a rule crashed; where nothing can be written nothing is.

        `besides` is what `besides` gave before the file was linted: where another file of the deployment has
        changed since, nobody knows which of the two was read.
        """
        if result.crashed or result.unreadable is not None or besides != self.besides(name):
            return
        path, digest = self._entry(name, data, besides)
        entry = {"form": _FORM, "digest": digest, "result": to_plain(replace(result, path=""))}
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(entry, separators=(",", ":")), encoding="ascii")
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def tidy(self) -> None:
        """Once a day delete what nobody asked for in a month, and only files that the cache itself wrote.

        A time in the future is as good as one long past: the clock was set back, and nobody knows how long ago.
        """
        stamp = self.folder / "CACHEDIR.TAG"
        now = time.time()
        with contextlib.suppress(OSError):
            if stamp.exists() and abs(now - stamp.stat().st_mtime) < _DAY:
                return
            # The tag tells backup programs to pass by: https://bford.info/cachedir/
            stamp.write_text("Signature: 8a477f597d28d172789f06886806bc55\n# made by dotlint\n", encoding="ascii")
            for path in self.folder.glob("[0-9a-f][0-9a-f]/*"):
                if _OWN.fullmatch(path.name) and abs(now - path.stat().st_mtime) > _MOST_DAYS * _DAY:
                    path.unlink()


@cache
def _program() -> str:
    """Say which dotlint this is: its version, and its own files, since a checkout changes without one."""
    from dotlint.engine.resources import rules_folder  # noqa: PLC0415

    digest = hashlib.sha256(f"{__version__}\0{sys.version_info[:2]}".encode())
    package = Path(__file__).resolve().parent.parent
    for top, endings in ((package, {".py", ".lark", ".json", ".toml"}), (rules_folder(), {".toml"})):
        for path in sorted(top.rglob("*")):
            if path.suffix in endings:
                digest.update(f"\0{path.relative_to(top).as_posix()}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def _reader() -> Reader:
    """Make what reads a result back; none of the types that its annotations mention needs the parser."""
    from collections.abc import Mapping  # noqa: PLC0415

    from dotlint.deployment.unit import Unit  # noqa: PLC0415
    from dotlint.strategy import degrees, gpus, layout, model, phases  # noqa: PLC0415
    from dotlint.strategy import toml_file as file  # noqa: PLC0415
    from dotlint.syntax.source import Position  # noqa: PLC0415

    modules = (degrees, file, gpus, layout, model, phases)
    found: dict[str, Any] = {n: v for m in modules for n, v in vars(m).items() if isinstance(v, type)}
    names = {**found, "Mapping": Mapping, "Position": Position, "FileContext": type(None), "Unit": Unit}
    return reader(FileResult, names)
