"""Fixing any file: it ends, a second time changes nothing, and nothing that was there is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dotlint.graph.builder import read
from dotlint.pipeline.fix_text import fix_text
from tests.dsl import settings_for

SHARED = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "dot"
KINDS = [
    ("norm", "LayerNorm"),
    ("qkv", "QKV Projection"),
    ("attn", "Attention"),
    ("out", "Output Projection"),
    ("ffn", "MLP"),
]
slow = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class Manner:
    """A way of drawing the same pipeline."""

    stages: int
    base: int
    indent: str
    newline: str
    end: str
    quoted: bool
    clusters: bool
    comments: bool
    grouped: bool  # all links at the end
    attributes: str

    def name(self, kind: str, stage: int) -> str:
        return f'"{kind} {stage + self.base}"' if self.quoted else f"{kind}_{stage + self.base}"

    def write(self, gone: frozenset[tuple[int, int]] = frozenset()) -> str:
        lines = ["digraph {", f'{self.indent}source [label="Input"]{self.end}']
        flow: list[str] = []
        links: list[str] = []
        for stage in range(self.stages):
            deeper = self.indent * 2 if self.clusters else self.indent
            nodes = [
                f'{deeper}{self.name(kind, stage)} [label="{title}\\nGPU: {2 * stage}-{2 * stage + 1}"]{self.end}'
                for kind, title in KINDS
            ]
            edges = [
                f"{deeper}{self.name(a, stage)} -> {self.name(b, stage)}{self.attributes}{self.end}"
                for i, ((a, _), (b, _)) in enumerate(zip(KINDS, KINDS[1:], strict=False))
                if (stage, i) not in gone
            ]
            if self.clusters:
                lines += [f"{self.indent}subgraph cluster_{stage + self.base} {{", *nodes, *edges, f"{self.indent}}}"]
            else:
                lines += nodes
            heading = [f"{self.indent}// stage {stage + self.base}"] if self.comments else []
            before = "source" if stage == 0 else self.name("ffn", stage - 1)
            link = f"{self.indent}{before} -> {self.name('norm', stage)}{self.end}"
            (links if self.grouped else flow).append(link)
            flow += heading + ([] if self.clusters else edges)
        return self.newline.join([*lines, *flow, *links, "}", ""])


manners = st.builds(
    Manner,
    stages=st.integers(3, 5),
    base=st.integers(0, 1),
    indent=st.sampled_from(["", "  ", "    ", "\t"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    end=st.sampled_from(["", ";"]),
    quoted=st.booleans(),
    clusters=st.booleans(),
    comments=st.booleans(),
    grouped=st.booleans(),
    attributes=st.sampled_from(["", " [color=red]", ' [style="dashed", weight=2]']),
)


def pairs(text: str | bytes) -> Counter[tuple[str, str]]:
    return Counter((e.tail.name, e.head.name) for graph in read(text).graphs for e in graph.edges)


@slow
@given(manner=manners, data=st.data())
def test_edges_cut_from_one_stage_come_back_and_nothing_else_changes(manner: Manner, data: st.DataObject) -> None:
    stage = data.draw(st.integers(0, manner.stages - 1))
    cut = data.draw(st.sets(st.integers(0, len(KINDS) - 2), min_size=1))
    whole, text = manner.write(), manner.write(frozenset((stage, i) for i in cut))
    rules = settings_for(("S001",))
    result = fix_text(text, rules)
    assert pairs(result.text) == pairs(whole)
    assert Counter(result.text.split(manner.newline)) == Counter(whole.split(manner.newline))
    before, after = read(text).graphs[0], read(result.text).graphs[0]
    assert [(n.name, n.attributes, [s.name for s in n.subgraphs]) for n in before.nodes.values()] == [
        (n.name, n.attributes, [s.name for s in n.subgraphs]) for n in after.nodes.values()
    ]
    assert fix_text(result.text, rules).text == result.text


@slow
@given(manner=manners, gone=st.integers(0, 4), unsafe=st.booleans())
def test_a_missing_stage_is_written_without_an_error(manner: Manner, gone: int, unsafe: bool) -> None:
    lines = manner.write().split(manner.newline)
    stage = min(gone, manner.stages - 1)
    names = [manner.name(kind, stage) for kind, _ in KINDS]
    text = manner.newline.join(x for x in lines if not any(f"{n} " in f"{x} ".replace(";", " ") for n in names))
    rules = settings_for(strategy=f"pp{manner.stages}tp2")
    result = fix_text(text, rules, unsafe=unsafe)
    assert pairs(text) <= pairs(result.text)
    assert not read(result.text).problems
    assert fix_text(result.text, rules, unsafe=unsafe).text == result.text


words = st.sampled_from(
    ["digraph", "graph", "strict", "subgraph", "node", "edge", "{", "}", "[", "]", "->", "--", "=", ";", ",", ":", '"', "<", ">", "a", "b",
     "a1", "b_2", "label", "shape=box", 'label="x"', "style=rounded,filled", "// c\n", "/* c */", "#c\n", "\n", "\r\n", " ", "\\n", "'", "\ufeff",
     "\udce9", "…", "→"]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(words, max_size=30).map(" ".join), st.booleans())
def test_any_text_is_fixed_once_and_for_all(text: str, unsafe: bool) -> None:
    result = fix_text(text, unsafe=unsafe)
    again = fix_text(result.text, unsafe=unsafe)
    assert again.text == result.text
    assert again.applied == ()
    assert len(result.result.document.problems) <= len(read(result.given).problems)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60), st.booleans())
def test_bytes_that_nothing_is_fixed_in_come_back_as_they_are(data: bytes, unsafe: bool) -> None:
    result = fix_text(data, unsafe=unsafe)
    if not result.applied:
        assert result.data() == data


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the corpus does not lie beside the checkout")
@pytest.mark.parametrize("unsafe", [False, True])
def test_the_whole_corpus_is_fixed_once_and_for_all(unsafe: bool) -> None:
    for path in sorted(SHARED.glob("*.dot")):
        data = path.read_bytes()
        result = fix_text(data, unsafe=unsafe)
        assert fix_text(result.data(), unsafe=unsafe).data() == result.data(), path.name
        if not read(result.given).problems:
            named = any(finding.code.startswith("N") for finding in result.applied)
            assert named or pairs(data) <= pairs(result.text), path.name
            assert unsafe or {n for g in read(result.text).graphs for n in g.nodes} <= {
                n for g in read(data).graphs for n in g.nodes
            }, path.name
