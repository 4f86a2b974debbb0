"""What a report offers is what `--fix` would write for the finding alone: its own edits, or nothing and why."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dotlint.engine.card import own_cards
from dotlint.engine.runner import Settings, lint
from dotlint.fix.attach import attach_fixes
from dotlint.fix.converge import Fixer
from dotlint.strategy import Strategy
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "dot"
CARDS = own_cards()
FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


def disagreements(source: Source, settings: Settings, most: int) -> Iterator[str]:
    """Judge every fix (`most` a rule) as fixing does, and tell where the report says otherwise."""
    worked_out = attach_fixes(lint(source, settings)).findings
    offered = attach_fixes(lint(source, settings), settings).findings
    fixer = Fixer(settings, unsafe=True)
    seen: Counter[str] = Counter()
    for before, after in zip(worked_out, offered, strict=True):
        if before.fix is None:
            assert after.fix is None
            continue
        seen[before.code] += 1
        if seen[before.code] > most:
            continue
        reason = fixer.refusal(source, [before])
        if (reason is None) != (after.fix is not None):
            yield f"{source.name}: {before.code} {before.message}: {reason}"
        elif reason is not None:
            assert after.fixable is None
            assert reason in (after.help or "")
        else:
            assert after.fix == before.fix


def settings_of(strategy: str | None) -> Settings:
    if strategy is None:
        return Settings()
    return Settings(strategy=Strategy.parse(strategy), strategy_source="option")


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.dot")), ids=lambda path: path.stem)
@pytest.mark.parametrize("strategy", [None, "pp4ep4tp2sp2", "pp2tp4"])
def test_fixtures_offer_what_is_written(path: Path, strategy: str | None) -> None:
    source = Source.from_bytes(path.read_bytes(), path.name)
    assert list(disagreements(source, settings_of(strategy), 2)) == []


@pytest.mark.parametrize("section", sorted({card.section for card in CARDS}))
def test_examples_offer_what_is_written(section: str) -> None:
    for card in CARDS:
        if card.section != section:
            continue
        for example in card.examples:
            if example.bad is None or example.toml:
                continue
            source = Source.from_bytes(example.bad.encode("utf-8", "surrogateescape"), example.filename)
            assert list(disagreements(source, settings_of(example.strategy), 2)) == [], card.code


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the corpus does not lie beside the checkout")
@pytest.mark.parametrize("part", range(4))
def test_the_corpus_offers_what_is_written(part: int) -> None:
    small = [path for path in sorted(SHARED.glob("*.dot")) if path.stat().st_size < 60_000]
    for path in small[part::4]:
        assert list(disagreements(Source.from_bytes(path.read_bytes(), path.name), Settings(), 1)) == []
