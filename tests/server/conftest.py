"""The editor that the tests of a module share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.server.session import Session


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """An editor with a folder of its own; each test opens its own files. The server ends without an error."""
    from tests.server.session import Session  # noqa: PLC0415 - without pytest-lsp, the modules skip themselves

    session = Session(tmp_path_factory.mktemp("work"))
    yield session
    assert session.close() == 0
