"""Edges of fan-outs are restored to their slots, and new statements match the style of their neighbors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from dotlint.pipeline.fix_text import fix_text
from tests.dsl import settings_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Style = Callable[[int], Iterator[str]]

LAYERS = range(3)
EXPERTS = range(4)


def nodes(layer: int) -> Iterator[str]:
    yield f'  l{layer}_gate [label="Expert Gate\\nGPU: 0-3"]'
    for i in EXPERTS:
        yield f'  l{layer}_expert_{i} [label="Expert {i}\\nGPU: {i}"]'
    yield f'  l{layer}_sum [label="Expert Aggregation\\nGPU: 0-3"]'


def out(layer: int, i: int) -> str:
    return f"  l{layer}_gate -> l{layer}_expert_{i} [style=dashed]"


def back(layer: int, i: int) -> str:
    return f"  l{layer}_expert_{i} -> l{layer}_sum"


def rows(layer: int) -> Iterator[str]:
    yield from (out(layer, i) for i in EXPERTS)
    yield from (back(layer, i) for i in EXPERTS)


def headed_rows(layer: int) -> Iterator[str]:
    yield f"  // layer {layer}: out"
    yield from (out(layer, i) for i in EXPERTS)
    yield f"  // layer {layer}: back"
    yield from (back(layer, i) for i in EXPERTS)


def ranks(layer: int) -> Iterator[str]:
    for i in EXPERTS:
        yield from (out(layer, i), back(layer, i))


def headed_ranks(layer: int) -> Iterator[str]:
    for i in EXPERTS:
        yield from (f"  /* expert {i} of layer {layer}, 2 a token */", out(layer, i), back(layer, i))


def backwards(layer: int) -> Iterator[str]:
    yield from (back(layer, i) for i in EXPERTS)
    yield from (out(layer, i) for i in EXPERTS)


def downwards(layer: int) -> Iterator[str]:
    yield from (out(layer, i) for i in reversed(EXPERTS))
    yield from (back(layer, i) for i in reversed(EXPERTS))


def with_comments(layer: int) -> Iterator[str]:
    yield from (f"{out(layer, i)}; // to {i}" for i in EXPERTS)
    yield from (f"{back(layer, i)}; // from {i}" for i in EXPERTS)


STYLES: tuple[Style, ...] = (rows, headed_rows, ranks, headed_ranks, backwards, downwards, with_comments)


def apart(style: Style) -> Iterator[str]:
    for layer in LAYERS:
        yield from nodes(layer)
    for layer in LAYERS:
        yield from style(layer)


def together(style: Style) -> Iterator[str]:
    for layer in LAYERS:
        yield from (*nodes(layer), *style(layer), "")


def boxed(style: Style) -> Iterator[str]:
    for layer in LAYERS:
        yield from (f"  subgraph cluster_{layer} {{", *nodes(layer), *style(layer), "  }")


def boxed_apart(style: Style) -> Iterator[str]:
    for layer in LAYERS:
        yield from (f"  subgraph cluster_{layer} {{", *nodes(layer), "  }")
    for layer in LAYERS:
        yield from style(layer)


FORMS = (apart, together, boxed, boxed_apart)


def whole(form: Callable[[Style], Iterator[str]], style: Style, *, newline: str = "\n") -> str:
    links = (f"  l{layer}_sum -> l{layer + 1}_gate" for layer in LAYERS[:-1])
    return newline.join(("digraph {", *form(style), *links, "}", ""))


def fixed(text: str, gone: set[str]) -> str:
    lines = text.split("\n")
    cut = "\n".join(line for line in lines if line.partition(";")[0].rstrip("\r") not in gone)
    assert cut != text
    result = fix_text(cut, settings_for(("S001",)))
    assert result.refused == ()
    return result.text


def uncommented(text: str) -> str:
    return "\n".join(line.partition(" //")[0] if ";" in line else line for line in text.split("\n"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("style", STYLES)
def test_an_edge_of_a_fan_out_is_restored(form: Callable[[Style], Iterator[str]], style: Style) -> None:
    text = whole(form, style)
    for layer in (0, 1, 2) if form is apart else (1,):
        for edge in (out, back):
            for i in (0, 1, 3):
                found = fixed(text, {edge(layer, i)})
                assert uncommented(found) == uncommented(text), (layer, i)


@pytest.mark.parametrize("form", [apart, boxed])
@pytest.mark.parametrize("style", STYLES)
def test_a_whole_fan_out_is_restored_or_stays_together(form: Callable[[Style], Iterator[str]], style: Style) -> None:
    text = whole(form, style)
    for layer in (0, 1):
        for edge in (out, back):
            gone = {edge(layer, i) for i in EXPERTS}
            found = fixed(text, gone).split("\n")
            own = [line for line in found if line.partition(";")[0] in gone]
            assert sorted(line.partition(";")[0] for line in own) == sorted(gone)
            at = found.index(own[0])
            assert found[at : at + len(own)] == own or uncommented("\n".join(found)) == uncommented(text), (layer, edge)
            rest = [line for line in found if line not in own]
            assert rest == [line for line in text.split("\n") if line.partition(";")[0] not in gone]


def ported(last: str, ports: tuple[str, str], written: tuple[str, str]) -> tuple[str, str]:
    """Return three stages linked by ports, before and after the last edge is written; `last` holds its labels."""
    record, shape = '"{<in> %s|<out> GPU: %d}"', ", shape=record"
    labels = [[record % (title, s) for title in ("QKV Projection", "MLP")] for s in range(2)]
    labels.append([last % (title, 2) for title in ("QKV Projection", "MLP")])
    shapes = [shape, shape, shape if last.startswith('"{') else ""]
    nodes = [
        f"  stage{s}_{op} [label={labels[s][n]}{shapes[s]}]" for s in range(3) for n, op in enumerate(("qkv", "mlp"))
    ]
    edges = [f"  stage{s}_qkv{ports[0]} -> stage{s}_mlp{ports[1]}" for s in range(2)]
    links = ["  stage0_mlp -> stage1_qkv", "  stage1_mlp -> stage2_qkv", "}\n"]
    own = f"  stage2_qkv{written[0]} -> stage2_mlp{written[1]}"
    return "\n".join(["digraph {", *nodes, *edges, *links]), "\n".join(["digraph {", *nodes, *edges, own, *links])


@pytest.mark.parametrize(
    ("last", "ports", "written"),
    [
        ('"{<in> %s|<out> GPU: %d}"', (":out", ":in"), (":out", ":in")),
        ('"{<in> %s|<out> GPU: %d}"', (":out:s", ":in:n"), (":out:s", ":in:n")),
        ('"{<in> %s|<out> GPU: %d}"', (":out", ""), (":out", "")),
        ('"{<out> %s|GPU: %d}"', (":out", ":in"), (":out", "")),
        ('"%s\\nGPU: %d"', (":out", ":in"), ("", "")),
        ('"%s\\nGPU: %d"', (":s", ":n"), (":s", ":n")),
        (
            "<<table><tr><td port=\"in\">%s</td><td PORT='out'>GPU: %d</td></tr></table>>",
            (":out", ":in"),
            (":out", ":in"),
        ),
        ('<<table><tr><td port="on">%s</td><td>GPU: %d</td></tr></table>>', (":out", ":in"), ("", "")),
    ],
)
def test_an_edge_copies_the_ports_that_its_ends_have(
    last: str, ports: tuple[str, str], written: tuple[str, str]
) -> None:
    before, after = ported(last, ports, written)
    result = fix_text(before, settings_for(("S001",)))
    assert result.text == after


def same_line(text: str) -> str:
    """Return the text with all edges of a layer on one line."""
    return re.sub(r"(?<=;)\n  (?=l(\d)_\w+ -> l\1_)", " ", ended(text))


def ended(text: str) -> str:
    return re.sub(r"( -> .*)", r"\1;", text)


MANNERS: tuple[Callable[[str], str], ...] = (
    ended,
    lambda text: text.replace("  ", "\t"),
    lambda text: text.replace(" [style", "[style"),
    lambda text: ended(text).replace("\n", "\r\n"),
    lambda text: re.sub(r"l(\d)_expert_(\d)", r'"l\1.expert.\2"', text),
    same_line,
)


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("i", [0, 2, 3])
def test_an_edge_of_a_fan_out_matches_the_style_of_the_others(manner: Callable[[str], str], i: int) -> None:
    text = manner(whole(apart, rows))
    edge = re.search(rf"\s+l1_gate -> \S*1.expert.{i}\S*( ?\[style=dashed\])?;?", text)
    assert edge is not None
    result = fix_text(text.replace(edge[0], ""), settings_for(("S001",)))
    assert result.refused == ()
    assert result.text == text
