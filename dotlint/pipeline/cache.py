"""Cache results by everything they depend on: file contents and name, settings, and dotlint itself.

An entry is a digest with the user's key, and the result in MessagePack. Entries that are unreadable, truncated,
modified or of another user are ignored, so the folder can be deleted, copied and shared at any time.
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
from dotlint.files.reading import read_file
from dotlint.pipeline.cache_key import own_key
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.strategy import Strategy

_FORM = "dotlint-cache-3"
_MOST_DAYS = 30
_DAY = 86400.0
_HOUR = 3600.0
_DIGEST = 32  # bytes
_TEMPORARY = "temporary"
_OWN = regex(r"[0-9a-f]{62}\.(json|msgpack)(\.\d+\.tmp)?")  # JSON: from an older version of dotlint


def cache_folder() -> Path | None:
    """Return the platform's cache folder for dotlint, or `DOTLINT_CACHE_DIR` if set; None without a home folder."""
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


class _StoredResult(Struct, array_like=True, frozen=True):
    """The fields of a slim `FileResult` that are stored: all except the name and the context.

    Without a baseline, none has `outlived` entries; with one, nothing is stored.
    """

    findings: list[Finding]
    holds: list[Holds]
    undecided: list[Undecided]
    kept: FileFacts | None
    suppressed: list[Finding]
    baselined: list[Finding]


class Cache(Struct, frozen=True):
    """A folder of results for one combination of settings, dotlint version and user (`key`).

    `secret` is the user's key. `strategy` is the declared one if it assigns files to phases, because a result then
    depends on those files too.
    """

    folder: Path
    key: str
    secret: bytes
    strategy: Strategy | None = None

    @classmethod
    def open(cls, settings: Settings) -> Cache | None:
        """Return the user's cache for these settings; None if there is no folder or the settings have no unique key."""
        folder = cache_folder()
        if folder is None:
            return None
        if settings.baseline is not None or any(":" in card.check for card in settings.cards):
            return None  # a baseline depends on paths, and a plugin on its code
        try:
            described = msgpack.encode(settings, order="deterministic")
        except (TypeError, UnicodeEncodeError):
            return None
        secret = own_key(folder, _temporary(folder, f"key-{os.urandom(4).hex()}"))
        if secret is None:
            return None
        key = hashlib.blake2b(f"{_FORM}\0{_program()}\0".encode() + described, key=secret).hexdigest()
        several = settings.strategy is not None and settings.strategy.has_files
        return cls(folder, key, secret, settings.strategy if several else None)

    def dependencies(self, name: str) -> str:
        """Return a key of what a result depends on other than the file's bytes and the settings; "" if nothing."""
        if self.strategy is None:
            return ""
        from dotlint.engine.phase_files import fingerprint  # noqa: PLC0415 - few deployments have several files

        return fingerprint(self.strategy, name)

    def _entry(self, name: str, data: bytes, depends_on: str) -> Path:
        start = f"{self.key}\0{name}\0{depends_on}\0".encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(start + data).hexdigest()
        return self.folder / digest[:2] / f"{digest[2:]}.msgpack"

    def get(self, name: str, data: bytes) -> FileResult | None:
        """Return the slim result for these bytes under this name; None if it is not in the cache."""
        path = self._entry(name, data, self.dependencies(name))
        try:
            entry = read_file(path)
            if entry[:_DIGEST] != self._digest(path, entry[_DIGEST:]):
                return None
            kept = _decoder().decode(entry[_DIGEST:])
        except (OSError, MsgspecError):
            return None
        if kept.kept is not None and any(
            os.path.isfile(one) != existed  # noqa: PTH113 - importing pathlib takes longer
            for one, existed in kept.kept.looked_up.items()
        ):
            return None
        with contextlib.suppress(OSError):  # mark the entry as recently used
            if abs(time.time() - path.stat().st_mtime) > _DAY:
                os.utime(path)
        return FileResult(name, None, **structs.asdict(kept))

    def put(self, name: str, data: bytes, result: FileResult, depends_on: str = "") -> None:
        """Store a slim result unless a rule crashed; errors of the file system are ignored.

        `depends_on` is the result of `dependencies` before the file was linted. If another file of the deployment has
        changed since, the result is not stored, because either version may have been read.
        """
        if result.crashed or result.unreadable is not None or depends_on != self.dependencies(name):
            return
        try:
            packed = msgpack.encode(
                _StoredResult(*(getattr(result, field) for field in _StoredResult.__struct_fields__)),
                enc_hook=_encode_html,
            )
        except UnicodeEncodeError:
            return  # a finding quotes bytes that are not UTF-8
        path = self._entry(name, data, depends_on)
        temporary = _temporary(self.folder, path.name)
        try:
            temporary.parent.mkdir(parents=True, exist_ok=True)
            path.parent.mkdir(exist_ok=True)
            temporary.write_bytes(self._digest(path, packed) + packed)
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def _digest(self, path: Path, packed: bytes) -> bytes:
        """Return the digest of an entry's name and contents, to detect changed, moved and foreign entries."""
        return hashlib.blake2b(path.name.encode() + packed, digest_size=_DIGEST, key=self.secret).digest()

    def tidy(self) -> None:
        """Delete what killed processes left and, at most once a day, entries that were not used for a month.

        Only files that the cache wrote are deleted. A time in the future counts as old, because the clock must have
        been set back.
        """
        with contextlib.suppress(OSError):
            for left in os.scandir(self.folder / _TEMPORARY):
                process = left.name.partition(".")[0]
                if process.isdecimal() and not _is_running(int(process), left):
                    os.unlink(left)  # noqa: PTH108 - `left` is no Path
        stamp = self.folder / "CACHEDIR.TAG"
        now = time.time()
        with contextlib.suppress(OSError):
            if stamp.exists() and abs(now - stamp.stat().st_mtime) < _DAY:
                return
            # Backup programs skip a folder with this tag: https://bford.info/cachedir/
            stamp.write_text("Signature: 8a477f597d28d172789f06886806bc55\n# made by dotlint\n", encoding="ascii")
            for path in self.folder.glob("[0-9a-f][0-9a-f]/*"):
                if _OWN.fullmatch(path.name) and abs(now - path.stat().st_mtime) > _MOST_DAYS * _DAY:
                    path.unlink()


def _temporary(folder: Path, name: str) -> Path:
    """Return a path for a file of this process, which `tidy` deletes when the process was killed."""
    return folder / _TEMPORARY / f"{os.getpid()}.{name}"


@cache
def _program() -> str:
    """Return a digest of dotlint's version and files: a checkout changes without a new version."""
    from dotlint.engine.resources import COMPILED, rules_folder  # noqa: PLC0415

    digest = hashlib.sha256(f"{__version__}\0{sys.version_info[:2]}".encode())
    package, compiled = Path(__file__).resolve().parent.parent, Path(COMPILED).resolve()
    for top, endings in ((package, {".py", ".lark", ".json", ".toml"}), (rules_folder(), {".toml"})):
        for path in sorted(top.rglob("*")):
            if path.suffix in endings and path != compiled:  # it is generated from the cards
                digest.update(f"\0{path.relative_to(top).as_posix()}\0".encode())
                digest.update(read_file(path))
    return digest.hexdigest()


def _is_running(process: int, left: os.DirEntry[str]) -> bool:
    """Return whether the process that writes a temporary file is still running, or may be."""
    if sys.platform == "win32" or process == os.getpid():  # on Windows, `os.kill` would end it
        return abs(time.time() - left.stat().st_mtime) < _HOUR
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # too large for the number of a process: not written by the cache
        return True
    return True


@cache
def _decoder() -> msgpack.Decoder[_StoredResult]:
    return msgpack.Decoder(_StoredResult)


def _encode_html(value: object) -> str:
    """Encode an HTML id as plain text."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"a result has a {type(value).__name__}")
