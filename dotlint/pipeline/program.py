"""The version of dotlint's own files, on which every cached result depends: a checkout changes without a new version.

It is a digest of their contents, so that a cache can be shared between machines. Reading them all would take a third of
a run with cached results, so the digest is remembered together with their times and sizes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Final

from dotlint._version import __version__
from dotlint.engine.resources import rules_path
from dotlint.files.reading import read_file
from dotlint.pipeline.cache_files import store

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
_ENDINGS: Final = (".py", ".lark", ".json", ".toml")
_GENERATED: Final = "/engine/rules.json"  # from the cards
_SIZE: Final = 32  # bytes of a digest


@cache
def program(folder: str, secret: bytes) -> str:
    """Return a digest of dotlint's version and files; `folder` is that of the cache, `secret` the user's key."""
    version = f"{__version__}\0{sys.version_info[:2]}"
    files = sorted((*_files(_PACKAGE), *_files(rules_path())))
    state = _signed(repr((version, files)), secret)
    path = os.path.join(folder, f"program-{_signed(_PACKAGE + version, secret)[:16]}")
    with contextlib.suppress(OSError, ValueError):
        digest, signature = read_file(path).decode("ascii").split()
        if signature == _signed(state + digest, secret):
            return digest
    found = hashlib.sha256(version.encode())
    for name, file, *_ in files:
        found.update(f"\0{name}\0".encode() + read_file(file))
    store(folder, path, f"{found.hexdigest()} {_signed(state + found.hexdigest(), secret)}".encode())
    return found.hexdigest()


def _files(top: str, inside: str = "") -> Iterator[tuple[str, str, int, int]]:
    """Yield name, path, time of the last change and size of each file below a folder."""
    for entry in os.scandir(top):
        name = f"{inside}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            if entry.name != "__pycache__":
                yield from _files(entry.path, name)
        elif name.endswith(_ENDINGS) and name != _GENERATED:
            status = entry.stat()
            yield name, entry.path, status.st_mtime_ns, status.st_size


def _signed(text: str, secret: bytes) -> str:
    return hashlib.blake2b(os.fsencode(text), digest_size=_SIZE, key=secret).hexdigest()
