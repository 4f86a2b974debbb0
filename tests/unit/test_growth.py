"""What keeps large files fast finds the same as the plain way to look for it."""

from __future__ import annotations

import difflib
import random

from dotlint.documents.markdown import blocks
from dotlint.engine.own_cards import own_cards
from dotlint.pipeline.fix_text import fix_text
from dotlint.suppressions.intervals import Intervals
from dotlint.text.nearest import nearest


def test_intervals_around_an_offset() -> None:
    draw = random.Random(1)
    for size in (0, 1, 2, 7, 40):
        spans = sorted((start, start + draw.randrange(12)) for start in draw.choices(range(60), k=size))
        index = Intervals(spans)
        for offset in range(-1, 75):
            expected = [at for at, (start, end) in enumerate(spans) if start <= offset < end]
            assert list(index.around(offset)) == expected[::-1]


def test_nearest_agrees_with_difflib() -> None:
    draw = random.Random(2)
    known = [word for card in own_cards() for word in (card.code, card.name)]
    spelled = {word.lower(): word for word in reversed(known)}
    for _ in range(200):
        word = list(draw.choice(known))
        for _ in range(draw.randrange(4)):
            word[draw.randrange(len(word))] = draw.choice("ab0-X\u00e4")
        close = difflib.get_close_matches("".join(word).lower(), spelled, n=len(spelled))
        near = nearest("".join(word), known)
        assert (near is None) == (not close)
        alike = [difflib.SequenceMatcher(None, one, "".join(word).lower()).ratio() for one in close]
        assert near is None or near in [
            spelled[one] for one, ratio in zip(close, alike, strict=True) if ratio == max(alike)
        ]


def test_more_mistakes_than_are_read_at_once_are_fixed() -> None:
    lines = "\n".join(f'  a{at} [label="x {at}", shape=box;' for at in range(250))
    fixed = fix_text(f"digraph {{\n{lines}\n}}\n", unsafe=True)
    assert fixed.text.count("]") == 250
    assert not [finding for finding in fixed.remaining if finding.section == "syntax"]


def test_a_directive_that_is_never_closed_contains_the_next() -> None:
    text = "::::{graphviz}\ndigraph { a }\n::::{graphviz}\ndigraph { b }\n"
    assert len(list(blocks(text))) == 1
    closed = text.replace("}\n::", "}\n::::\n::")
    assert len(list(blocks(closed))) == 2
