"""Cache results by everything they depend on: file contents and name, settings, and dotlint itself.

An entry is a digest with the user's key, and the result in MessagePack. Entries that are unreadable, truncated,
modified or of another user are ignored, so the folder can be deleted, copied and shared at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from functools import cache
from typing import TYPE_CHECKING

from msgspec import MsgspecError, Struct, msgpack, structs

from dotlint.engine.facts import FileFacts  # noqa: TC001 - msgspec reads entries by these types
from dotlint.engine.finding import Finding, Holds, Undecided  # noqa: TC001
from dotlint.engine.result import FileResult, Settings
from dotlint.files.reading import read_file
from dotlint.pipeline.cache_files import DAY, cache_folder, store
from dotlint.pipeline.cache_key import own_key
from dotlint.pipeline.program import program

if TYPE_CHECKING:
    from dotlint.strategy import Strategy

_FORM = "dotlint-cache-3"
_DIGEST = 32  # bytes


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

    folder: str
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
        secret = own_key(folder)
        if secret is None:
            return None
        key = hashlib.blake2b(f"{_FORM}\0{program(folder, secret)}\0".encode() + described, key=secret).hexdigest()
        several = settings.strategy is not None and settings.strategy.has_files
        return cls(folder, key, secret, settings.strategy if several else None)

    def dependencies(self, name: str) -> str:
        """Return a key of what a result depends on other than the file's bytes and the settings; "" if nothing."""
        if self.strategy is None:
            return ""
        from dotlint.engine.phase_files import fingerprint  # noqa: PLC0415 - few deployments have several files

        return fingerprint(self.strategy, name)

    def _entry(self, name: str, data: bytes, depends_on: str) -> str:
        start = f"{self.key}\0{name}\0{depends_on}\0".encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(start + data).hexdigest()
        return os.path.join(self.folder, digest[:2], f"{digest[2:]}.msgpack")

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
            os.path.isfile(one) != existed for one, existed in kept.kept.looked_up.items()
        ):
            return None
        with contextlib.suppress(OSError):  # mark the entry as recently used
            if abs(time.time() - os.stat(path).st_mtime) > DAY:
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
        store(self.folder, path, self._digest(path, packed) + packed)

    def _digest(self, path: str, packed: bytes) -> bytes:
        """Return the digest of an entry's name and contents, to detect changed, moved and foreign entries."""
        return hashlib.blake2b(os.path.basename(path).encode() + packed, digest_size=_DIGEST, key=self.secret).digest()


@cache
def _decoder() -> msgpack.Decoder[_StoredResult]:
    return msgpack.Decoder(_StoredResult)


def _encode_html(value: object) -> str:
    """Encode an HTML id as plain text."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"a result has a {type(value).__name__}")
