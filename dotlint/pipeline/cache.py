"""Results kept from run to run, by what they depend on: file and name, settings, dotlint itself.

An entry is a digest and, in MessagePack, the result. One that cannot be read, was cut short, or was changed by
something else is as good as none, so that the folder may be deleted, copied and shared at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import MsgspecError, Struct, msgpack, structs

from dotlint._version import __version__
from dotlint.engine.facts import FileFacts  # noqa: TC001 - msgspec reads entries by these types
from dotlint.engine.finding import Finding, Holds, Undecided  # noqa: TC001
from dotlint.engine.result import FileResult, Settings
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.strategy import Strategy

_FORM = "dotlint-cache-2"
_MOST_DAYS = 30
_DAY = 86400.0
_DIGEST = 32  # bytes
_OWN = regex(r"[0-9a-f]{62}\.(json|msgpack)(\.\d+\.tmp)?")  # JSON: an older dotlint's


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


class _Kept(Struct, array_like=True, frozen=True):
    """What is kept of a slim `FileResult`: all but the name and what is not there."""

    findings: list[Finding]
    holds: list[Holds]
    undecided: list[Undecided]
    kept: FileFacts | None
    suppressed: list[Finding]
    baselined: list[Finding]
    outlived: int


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
            described = msgpack.encode(settings, order="deterministic")
        except (TypeError, UnicodeEncodeError):
            return None
        key = hashlib.sha256(f"{_FORM}\0{_program()}\0".encode() + described).hexdigest()
        several = settings.strategy is not None and settings.strategy.has_files
        return cls(folder, key, settings.strategy if several else None)

    def besides(self, name: str) -> str:
        """Say what a file's result depends on besides its bytes and the settings; "" where that is nothing."""
        if self.strategy is None:
            return ""
        from dotlint.engine.phase_files import fingerprint  # noqa: PLC0415 - few deployments have several files

        return fingerprint(self.strategy, name)

    def _entry(self, name: str, data: bytes, besides: str) -> Path:
        start = f"{self.key}\0{name}\0{besides}\0".encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(start + data).hexdigest()
        return self.folder / digest[:2] / f"{digest[2:]}.msgpack"

    def get(self, name: str, data: bytes) -> FileResult | None:
        """Give the slim result for these bytes under this name; None where none is kept."""
        path = self._entry(name, data, self.besides(name))
        try:
            entry = path.read_bytes()
            if entry[:_DIGEST] != _digest(path, entry[_DIGEST:]):
                return None
            kept = _decoder().decode(entry[_DIGEST:])
        except (OSError, MsgspecError):
            return None
        with contextlib.suppress(OSError):  # what is in use is not old
            if abs(time.time() - path.stat().st_mtime) > _DAY:
                os.utime(path)
        return FileResult(name, None, **structs.asdict(kept))

    def put(self, name: str, data: bytes, result: FileResult, besides: str = "") -> None:
        """Keep a slim result, unless a rule crashed; where nothing can be written nothing is.

        `besides` is what `besides` gave before the file was linted: where another file of the deployment has
        changed since, nobody knows which of the two was read.
        """
        if result.crashed or result.unreadable is not None or besides != self.besides(name):
            return
        try:
            packed = msgpack.encode(
                _Kept(*(getattr(result, field) for field in _Kept.__struct_fields__)), enc_hook=_plain
            )
        except UnicodeEncodeError:
            return  # the file has bytes that are no UTF-8 where something was found
        path = self._entry(name, data, besides)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(_digest(path, packed) + packed)
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
    from dotlint.engine.resources import COMPILED, rules_folder  # noqa: PLC0415

    digest = hashlib.sha256(f"{__version__}\0{sys.version_info[:2]}".encode())
    package, compiled = Path(__file__).resolve().parent.parent, Path(COMPILED).resolve()
    for top, endings in ((package, {".py", ".lark", ".json", ".toml"}), (rules_folder(), {".toml"})):
        for path in sorted(top.rglob("*")):
            if path.suffix in endings and path != compiled:  # that is made of the cards
                digest.update(f"\0{path.relative_to(top).as_posix()}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _digest(path: Path, packed: bytes) -> bytes:
    """Give what tells an entry that was written under this name from one that was changed or moved here."""
    return hashlib.sha256(path.name.encode() + packed).digest()


@cache
def _decoder() -> msgpack.Decoder[_Kept]:
    return msgpack.Decoder(_Kept)


def _plain(value: object) -> str:
    """Write a name that is HTML as any other text."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"a result has a {type(value).__name__}")
