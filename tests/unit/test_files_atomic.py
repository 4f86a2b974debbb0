from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from dotlint.files import atomic
from dotlint.files.atomic import WriteError, write_atomically
from dotlint.files.reading import read_file

AS_ROOT = os.geteuid() == 0 if hasattr(os, "geteuid") else False


def test_mode_and_link_are_kept(tmp_path: Path) -> None:
    target = tmp_path / "real.dot"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link = tmp_path / "link.dot"
    link.symlink_to("real.dot")
    write_atomically(link, b"new", expected=b"old")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.dot", "real.dot"]


def test_a_new_file_gets_the_default_mode(tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    write_atomically(tmp_path / "new", b"x")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("now", [b"other", b"OLD"])
def test_a_file_that_was_changed_meanwhile_is_not_written(tmp_path: Path, now: bytes) -> None:
    path = tmp_path / "f.dot"
    path.write_bytes(now)
    with pytest.raises(WriteError, match="changed after it was read"):
        write_atomically(path, b"new", expected=b"old")
    assert path.read_bytes() == now
    assert len(list(tmp_path.iterdir())) == 1


def test_a_change_during_writing_is_detected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f.dot"
    path.write_bytes(b"old")
    real = os.fsync

    def meddle(handle: int) -> None:
        path.write_bytes(b"mine")
        real(handle)

    monkeypatch.setattr(os, "fsync", meddle)
    with pytest.raises(WriteError, match="changed after"):
        write_atomically(path, b"new", expected=b"old")
    assert path.read_bytes() == b"mine"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", ["x" * 255, "\U0001f600" * 63])
def test_the_longest_name_has_room_for_a_temporary_file(tmp_path: Path, name: str) -> None:
    write_atomically(tmp_path / name, b"new")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_that_grows_while_it_is_compared_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f.dot"
    path.write_bytes(b"old")

    def grown(target: Path, **options: Any) -> bytes:
        target.write_bytes(b"longer")
        return read_file(target, **options)

    monkeypatch.setattr(atomic, "read_file", grown)
    with pytest.raises(WriteError, match="changed after it was read"):
        write_atomically(path, b"new", expected=b"old")
    assert path.read_bytes() == b"longer"


def test_a_deleted_file_is_not_created_again(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="deleted after it was read"):
        write_atomically(tmp_path / "f.dot", b"new", expected=b"old")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_leaves_only_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    path = tmp_path / "f.dot"
    path.write_bytes(b"old")

    def fail(*_: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(WriteError, match=os.strerror(code)):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(AS_ROOT, reason="root may write to any file")
def test_a_read_only_file_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "f.dot"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(WriteError, match="read-only"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"


def test_a_file_without_permission_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f.dot"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(WriteError, match="read-only"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"


def test_a_device_is_written_through(tmp_path: Path) -> None:
    write_atomically(Path("/dev/null"), b"x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(fifo, b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert stat.S_ISFIFO(fifo.stat().st_mode)
