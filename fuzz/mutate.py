"""Texts that are nearly DOT: seeds of our own, cut, joined, doubled, and sprinkled with what hurts parsers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dotlint.engine.own_cards import own_cards

if TYPE_CHECKING:
    from random import Random

FIXTURES = Path(__file__).parents[1] / "tests/fixtures"
MOST = 4096
TOKENS = (
    b"{", b"}", b"[", b"]", b";", b",", b"=", b":", b"->", b"--", b'"', b"\\", b"<", b">", b"<b>", b"</b>", b"+", b"@",
    b"/*", b"*/", b"//", b"#", b"\n", b"\r", b"\r\n", b"\t", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xc2\xa0", b"\xe2\x80\xae",
    b"\xe2\x86\x92", b"\xf0\x9f\x98\x80", b"digraph", b"graph", b"strict", b"subgraph", b"node", b"edge", b"cluster_0",
    b"label=", b'label="', b"shape=box", b"style=dashed", b"color=red", b"\\n", b"\\l", b"\\N", b"{a b} -> {c d}",
    b"GPU: 0-7", b"GPUs 8-15", b"Stage 1", b"Layer 3", b"Expert 2", b"Input: [batch=4, seq=8]", b"Output: [batch=4]",
    b"All-Reduce", b"pp4ep4tp2sp2", b"TP=8", b"decode", b"...", b"{i}", b"%d", b"\x1b[31m", b"[/red]", b"<script>",
    b"::error::", b"%0A", b"]]>", b"// dotlint: ignore[S001]\n", b"// dotlint: ignore-file\n", b"99999999999999999999",
)  # fmt: skip


def seeds(folder: Path | None = None) -> list[bytes]:
    """Give the fixtures, the examples of the cards, and the files of a folder, short ones whole."""
    found = [path.read_bytes() for path in sorted(FIXTURES.rglob("*.dot"))]
    for card in own_cards():
        for example in card.examples:
            found += [text.encode("utf-8", "surrogateescape") for text in (example.bad, example.good) if text]
    if folder is not None:
        found += [path.read_bytes() for path in sorted(folder.rglob("*.dot")) if path.stat().st_size < 1_000_000]
    return found


def mutated(corpus: list[bytes], random: Random) -> bytes:
    """Make one text of at most `MOST` bytes."""
    data = _piece(random.choice(corpus), random)
    for _ in range(1 << random.randrange(6)):
        data = step(data, corpus, random)
    return data[:MOST]


def _piece(data: bytes, random: Random) -> bytes:
    if len(data) <= MOST // 2 or random.random() < 0.3:
        return data[:MOST]
    at = data.find(b"\n", random.randrange(len(data))) + 1
    return data[:200] + data[at : at + random.randrange(MOST)]


def step(data: bytes, corpus: list[bytes], random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    end = min(len(data), at + (1 << random.randrange(9)))
    match random.randrange(9):
        case 0:
            return data[:at] + data[end:]
        case 1:
            return data[:at] + data[at:end] * 2 + data[end:]
        case 2:
            return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]
        case 3:
            other = random.choice(corpus)
            start = random.randrange(len(other) + 1)
            return data[:at] + other[start : start + random.randrange(200)] + data[end:]
        case 4:
            lines = data.split(b"\n")
            random.shuffle(lines)
            return b"\n".join(lines)
        case 5:
            lines = data.split(b"\n")
            del lines[random.randrange(len(lines))]
            return b"\n".join(lines)
        case 6:
            return data[:at]
        case _:
            return data[:at] + random.choice(TOKENS) + data[at:]
