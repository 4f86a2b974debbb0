"""What holds for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from dotlint.engine.own_cards import own_cards

if TYPE_CHECKING:
    from pathlib import Path

# No test fails by the clock: a busy machine is no mistake.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

own_cards()  # a new checkout compiles its cards now, and not in a test that looks what a run imports


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads what another one, or the user, has left in a cache."""
    monkeypatch.setenv("DOTLINT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A file of 12 findings of A004 whose messages, unescaped, would run commands and break markup."""
    names = [
        "x::error::pwned",
        "%0A::warning::pwned",
        "50%,a:b",
        "line\none\r\n::add-mask::two",
        "##[error]pwned",
        "[click](https://example.invalid)",
        "{0} {1}",
        "]]><!-- & 'q' -->",
        "| cell | <script>",
        "\x1b[31mred\x1b[0m \x07\x0b",
        "\u202eevil\u2028\ufffe",
        "日本語😀",
    ]
    lines = [f'digraph {{ n [shape="{name}"] }}\n'.encode() for name in names]
    lines.append(b'digraph { n [shape="\xff\xfe"] }\n')
    path = tmp_path / "hostile.dot"
    path.write_bytes(b"".join(lines))
    return path
