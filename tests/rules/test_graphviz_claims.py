"""Graphviz does with the examples of the cards what the cards claim, in each version that is installed."""

from __future__ import annotations

import html
import re
import subprocess
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import pytest

from dotlint.engine.own_cards import own_cards
from dotlint.picture.engines import engines

COMMANDS = [tuple(command) for command in engines("svg")]


class Picture(NamedTuple):
    """A picture and what Graphviz wrote about it."""

    svg: str
    warnings: str

    @property
    def texts(self) -> list[str]:
        return [html.unescape(text) for text in re.findall(r"<text[^>]*>(.*?)</text>", self.svg)]

    def titles(self, kind: str) -> list[str]:
        """The names of nodes, or of clusters whose box is drawn."""
        return [html.unescape(title) for title in re.findall(rf'class="{kind}">\s*<title>(.*?)</title>', self.svg)]

    def box(self, cluster: str) -> tuple[list[float], list[float]] | None:
        found = re.search(rf'<title>{cluster}</title>\s*<polygon[^>]*points="([^"]*)"', self.svg)
        points = [point.split(",") for point in found[1].split()] if found else []
        return ([float(x) for x, _ in points], [float(y) for _, y in points]) if points else None

    def holds(self, cluster: str, node: str) -> bool:
        """Whether the center of a node is inside the box of a cluster."""
        box = self.box(cluster)
        found = re.search(rf'<title>{node}</title>\s*<\w+[^>]* cx="([-\d.]+)" cy="([-\d.]+)"', self.svg)
        if box is None or found is None:
            return False
        return all(min(side) < float(at) < max(side) for side, at in zip(box, found.groups(), strict=True))


@cache
def draw(text: str, command: tuple[str, ...]) -> Picture:
    done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=60, check=False)
    warnings = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if "Fontconfig" not in line]
    return Picture(done.stdout.decode(), "\n".join(warnings))


Claim = Callable[[str, tuple[str, ...]], bool]


def warns(*words: str) -> Claim:
    return lambda text, command: any(word in draw(text, command).warnings for word in words)


def ignores(pattern: str) -> Claim:
    """Claim that what the pattern matches does not change the picture."""
    return lambda text, command: (
        bool(re.search(pattern, text)) and draw(text, command).svg == draw(re.sub(pattern, "", text), command).svg
    )


def unlike(word: str, meant: str) -> Claim:
    return lambda text, command: draw(text, command).svg != draw(text.replace(word, meant), command).svg


def lacks(*texts: str) -> Claim:
    return lambda text, command: not set(texts) & set(draw(text, command).texts)


def shows(*texts: str) -> Claim:
    return lambda text, command: set(texts) <= set(draw(text, command).texts)


def makes_node(*names: str) -> Claim:
    return lambda text, command: bool(set(names) & set(draw(text, command).titles("node")))


def either(*claims: Claim) -> Claim:
    return lambda text, command: any(claim(text, command) for claim in claims)


def not_drawn(text: str, command: tuple[str, ...]) -> bool:
    return "</svg>" not in draw(text, command).svg


def outside_its_box(text: str, command: tuple[str, ...]) -> bool:
    return not draw(text, command).holds("cluster_a", "a")


def label_twice(text: str, command: tuple[str, ...]) -> bool:
    return draw(text, command).texts.count("Plan") > 1


# What Graphviz does with every bad example of a rule, and does not do with the good ones.
CLAIMS: dict[str, Claim] = {
    "E017": not_drawn,
    "N012": either(makes_node("–", "-", "nоde_1", "a\u00a0->\u00a0b", "a\u00a0"), shows("“x”")),
    "N020": makes_node("cluster_a", "part"),
    "N021": outside_its_box,
    "N022": ignores(r"node \[shape=box\];|edge \[color=red\]"),
    "N023": label_twice,
    "N024": lacks("read"),
    "A004": warns("unknown shape"),
    "A006": either(warns("unsupported style"), unlike("invisible", "invis")),
    "A007": warns("unrecognized"),
    "A008": ignores(r" \[ltail=cluster_a\]"),
    "A009": either(
        warns("yntax error", "mismatched tag", "not well-formed", "Unknown HTML element"), shows("<b>x</b>")
    ),
    "A011": warns("lost "),
    "A012": either(warns("bad label format"), lacks("T", "out")),
    "A013": warns(
        "Orthogonal edges do not currently handle edge labels", "edge labels with splines=curved not supported"
    ),
    "A014": warns("No or improper image"),
    "A015": ignores(r",? ?fillcolor=red;?"),
    "A016": ignores(r"arrow\w+=\w+"),
    "A017": ignores(r"rank=same;|minlen=3|overlap=\w+;"),
}
# Good examples that draw something of the kind for another reason.
EXCEPT = {"A006", "A014", "A017", "A012", "N022", "N024"}
EXAMPLES = [(card.code, e) for card in own_cards() if card.code in CLAIMS for e in card.examples]
by_command = pytest.mark.parametrize("command", COMMANDS or [None], ids=lambda command: command and command[0])
pytestmark = pytest.mark.skipif(not COMMANDS, reason="neither `dot` nor pygraphviz is installed")


def of_dot(text: str, command: tuple[str, ...]) -> bool:
    """Whether a command draws a text as `dot` does: that of pygraphviz does not read `layout`."""
    return len(command) == 2 or "layout=" not in text


@by_command
@pytest.mark.parametrize(("code", "bad"), [(code, e.bad) for code, e in EXAMPLES if e.bad])
def test_graphviz_does_what_the_card_claims(code: str, bad: str, command: tuple[str, ...]) -> None:
    if of_dot(bad, command):
        assert CLAIMS[code](bad, command), draw(bad, command).warnings


@by_command
@pytest.mark.parametrize(
    ("code", "good"), [(code, text) for code, e in EXAMPLES if code not in EXCEPT for text in (e.good, e.fixed) if text]
)
def test_graphviz_draws_the_good_examples(code: str, good: str, command: tuple[str, ...]) -> None:
    if of_dot(good, command):
        assert not CLAIMS[code](good, command), draw(good, command).warnings


def test_every_rule_about_silent_failures_has_a_claim() -> None:
    assert CLAIMS.keys() >= {f"N02{i}" for i in range(5)} | {f"A0{i}" for i in range(11, 18)}
