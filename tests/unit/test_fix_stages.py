"""Missing stages, in several styles of deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dotlint.graph.builder import read
from tests.dsl import fix

if TYPE_CHECKING:
    from dotlint.pipeline.fixed import FixResult


def fixed(text: str, strategy: str, code: str) -> FixResult:
    result = fix(text, code, strategy)
    assert not result.result.document.problems
    return result


DIMS = "Input: [B=2, S=64, H=256]\\nOutput: [B=2, S=64, H=256]"


def pipeline(stages: int, *, without: tuple[int, ...] = ()) -> str:
    """Return stages of four layers in clusters, with quoted ids that name only layers, counted from 0."""
    lines = ['digraph "served" {', "    rankdir=LR;", ""]
    lines += [f'    "seq.in" [shape=ellipse, label="Input\\n{DIMS}"];', ""]
    for s in range(stages):
        if s in without:
            continue
        first, gpus = 4 * s, f"{2 * s}-{2 * s + 1}"
        lines.append(f"    // ---- stage {s}: layers {first}-{first + 3}")
        lines.append(f'    subgraph "cluster_pp{s}" {{')
        lines.append(f'        label="PP stage {s} | layers {first}-{first + 3} | GPUs {gpus}";')
        for layer in range(first, first + 4):
            for name, title in (("norm", "LayerNorm"), ("ar", "All-Reduce")):
                lines.append(f'        "l{layer}.{name}" [shape=box, label="{title}\\n{DIMS}\\nGPU: {gpus}"];')
            for t in range(2):
                lines.append(
                    f'        "l{layer}.qkv.{t}" [shape=box, label="QKV Projection\\n{DIMS}\\nGPU: {2 * s + t}"];'
                )
                lines.append(f'        "l{layer}.attn.{t}" [shape=box, label="Attention\\n{DIMS}\\nGPU: {2 * s + t}"];')
        for layer in range(first, first + 4):
            for t in range(2):
                lines.append(f'        "l{layer}.norm" -> "l{layer}.qkv.{t}" -> "l{layer}.attn.{t}" -> "l{layer}.ar";')
            if layer < first + 3:
                lines.append(f'        "l{layer}.ar" -> "l{layer + 1}.norm" [color="gray"];  // layer {layer}')
        lines += ["    }", ""]
    lines += [f'    "seq.out" [shape=ellipse, label="Output\\n{DIMS}"];', "", "    // between stages"]
    lines.append('    "seq.in" -> "l0.norm";')
    for s in range(stages - 1):
        if s not in without and s + 1 not in without:
            lines.append(f'    "l{4 * s + 3}.ar" -> "l{4 * s + 4}.norm" [label="stage {s} -> stage {s + 1}"];')
    if stages - 1 not in without:
        lines.append(f'    "l{4 * stages - 1}.ar" -> "seq.out";')
    return "\n".join([*lines, "}", ""])


@pytest.mark.parametrize("without", [(7,), (6, 7), (3,), (2, 3, 4), (1,)])
def test_removed_stages_are_restored_byte_for_byte(without: tuple[int, ...]) -> None:
    result = fixed(pipeline(8, without=without), "pp8tp2", "S002")
    assert [f.code for f in result.applied] == ["S002"]
    assert result.text == pipeline(8)


def test_two_phases_without_clusters() -> None:
    def stage(prefix: str, s: int, gpus: str, low: str, high: str, dims: str = "") -> str:
        return (
            f'\t{prefix}stage{s} [label="STAGE {s}\\nLayers {2 * s - 1}-{2 * s}\\nGPUs: {gpus}" shape=box]\n'
            f'\t{prefix}norm{s} [label="LayerNorm{dims}\\nGPU: {gpus}"]\n'
            f'\t{prefix}qkv{s}_1 [label="QKV Projection\\nGPU: {low}"]\n\t{prefix}qkv{s}_2 [label="QKV Projection\\nGPU: {high}"]\n'
            f'\t{prefix}reduce{s} [label="All-Reduce\\nGPU: {gpus}" shape=ellipse]\n'
        )

    def wires(prefix: str, s: int) -> str:
        pairs = [("norm{}", "qkv{}_1"), ("norm{}", "qkv{}_2"), ("qkv{}_1", "reduce{}"), ("qkv{}_2", "reduce{}")]
        return "".join(f"\t{prefix}{a.format(s)} -> {prefix}{b.format(s)}\n" for a, b in pairs)

    gpus = {1: ("0-3", "0-1", "2-3"), 2: ("4-7", "4-5", "6-7")}
    wide = "\\nInput: [B=2, S=64]\\nOutput: [B=2, S=64]"
    narrow = wide.replace("S=64", "S=1")
    text = (
        "digraph {\n"
        f'\tinput [label="INPUT{wide}" shape=ellipse]\n'
        + "".join(stage("", s, *gpus[s], wide) for s in (1, 2))
        + f'\toutput [label="OUTPUT{wide}" shape=ellipse]\n'
        + f'\tdecode_input [label="DECODE INPUT{narrow}" shape=ellipse]\n'
        + stage("decode_", 1, *gpus[1], narrow)
        + "\tinput -> norm1\n" + wires("", 1) + '\treduce1 -> norm2 [label="Stage 1→2" penwidth=2]\n' + wires("", 2) + "\treduce2 -> output\n"
        + "\tdecode_input -> decode_norm1\n" + wires("decode_", 1) + "}\n"
    )  # fmt: skip
    result = fixed(text, "pp2tp2sp2", "S002")
    assert stage("decode_", 2, *gpus[2], narrow) in result.text
    link = '\tdecode_reduce1 -> decode_norm2 [label="Stage 1→2" penwidth=2]\n'
    assert link + wires("decode_", 2) + "\tdecode_reduce2 -> decode_output\n" in result.text
    assert f'\tdecode_output [label="DECODE OUTPUT{narrow}" shape=ellipse]\n' in result.text


def test_a_stage_with_unknown_gpus_is_not_written() -> None:
    text = pipeline(4, without=(3,)).replace("GPU: 0-1", "GPU: 0-1,9").replace("GPUs 0-1", "GPUs 0-1,9")
    for s in (1, 2):
        text = text.replace(f"GPU: {2 * s}-{2 * s + 1}", f"GPU: {2 * s}-{2 * s + 1},{9 + s}").replace(
            f"GPUs {2 * s}-{2 * s + 1}", f"GPUs {2 * s}-{2 * s + 1},{9 + s}"
        )
    result = fixed(text, "pp4tp2", "S002")
    assert [f.code for f in result.remaining] == ["S002"]
    assert result.remaining[0].fix is None
    assert result.remaining[0].fixable is None
    assert result.text == text


def test_operators_at_the_ends_of_the_model_are_not_repeated() -> None:
    text = pipeline(4, without=(2,)).replace(
        '    subgraph "cluster_pp0" {\n        label="PP stage 0 | layers 0-3 | GPUs 0-1";\n',
        '    subgraph "cluster_pp0" {\n        label="PP stage 0 | layers 0-3 | GPUs 0-1";\n'
        f'        "embed" [shape=box, label="Embedding\\n{DIMS}\\nGPU: 0-1"];\n',
    ).replace('"seq.in" -> "l0.norm"', '"seq.in" -> "embed" -> "l0.norm"')  # fmt: skip
    nodes = read(fixed(text, "pp4tp2", "S002").text).graphs[0].nodes
    assert sum("embed" in name for name in nodes) == 1
    assert "l8.norm" in nodes


TITLES = {"norm": "LayerNorm", "qkv": "QKV Projection", "attn": "Attention Compute", "mlp": "MLP"}


def flat(
    without: int | None, names: str, *, stages: int = 4, layers: int = 2, clusters: bool = False, ends: bool = False
) -> str:
    """Return a pipeline whose names contain layers (`{n}`) or GPUs (`{g}`); `ends` adds send and receive nodes."""
    nodes, edges = [], []
    for s in range(stages):
        if s == without:
            continue
        gpus, layered = f"{2 * s}-{2 * s + 1}", range(layers * s, layers * s + layers)
        rows = []
        if ends and s:
            rows.append(f'  recv{s} [label="Stage {s} Pipeline Recv\\nGPU: {gpus}"];')
        for n in layered:
            opening = [f'  subgraph cluster_layer{n} {{\n  label="Layer {n}, Stage {s}";'] if clusters else []
            own = [
                f'  {names.format(op=op, n=n, g=2 * s)} [label="Stage {s} {title}\\nGPU: {gpus}"];'
                for op, title in TITLES.items()
            ]
            rows += [*opening, *own, *(["  }"] if clusters else [])]
        if ends and s < stages - 1:
            rows.append(f'  send{s} [label="Stage {s} Pipeline Send\\nGPU: {gpus}"];')
        nodes += rows
        chain = [names.format(op=op, n=n, g=2 * s) for n in layered for op in TITLES]
        chain = [*([f"recv{s}"] if ends and s else []), *chain, *([f"send{s}"] if ends and s < stages - 1 else [])]
        if s == 0:
            edges.append(f"  input -> {chain[0]};")
        elif s - 1 != without:
            before = f"send{s - 1}" if ends else names.format(op="mlp", n=layers * s - 1, g=2 * s - 2)
            edges.append(f"  {before} -> {chain[0]} [label=pp];")
        edges += [f"  {one} -> {two};" for one, two in zip(chain, chain[1:], strict=False)]
        if s == stages - 1:
            edges.append(f"  {chain[-1]} -> output;")
    ports = ['  input [label="Input"];', '  output [label="Output"];']
    return "\n".join(["digraph {", *ports, *nodes, *edges, "}", ""])


FLAT = [
    ("{op}_{n}", {}),
    ("{op}_l{n}_gpu{g}", {}),
    ("layer{n}_{op}", {"clusters": True}),
    ("{op}_{n}", {"clusters": True}),
    ("l{n}_{op}", {"ends": True}),
    ("{op}{n}", {"stages": 8, "layers": 4}),
]


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize(("names", "more"), FLAT)
def test_names_are_extrapolated_whatever_they_count(names: str, more: dict[str, int], last: bool) -> None:
    without = more.get("stages", 4) - 1 if last else 2
    result = fixed(flat(without, names, **more), f"pp{more.get('stages', 4)}tp2", "S002")  # type: ignore[arg-type]
    graph, whole = read(result.text).graphs[0], read(flat(None, names, **more)).graphs[0]  # type: ignore[arg-type]
    assert {(n.name, n.label) for n in graph.nodes.values()} == {(n.name, n.label) for n in whole.nodes.values()}
    assert {n.name: [s.name for s in n.subgraphs] for n in graph.nodes.values()} == {
        n.name: [s.name for s in n.subgraphs] for n in whole.nodes.values()
    }
    pairs = sorted((e.tail.name, e.head.name, e.label) for e in graph.edges)
    assert pairs == sorted((e.tail.name, e.head.name, e.label) for e in whole.edges)


def drawn(form: str, *, without: tuple[int, ...] = ()) -> str:
    """Return four stages of two layers each in another style; edges of omitted stages are omitted too."""
    stages = [s for s in range(1, 5) if s not in without]
    nodes: dict[int, list[str]] = {}
    wires: dict[int, list[str]] = {}
    links: dict[int, str] = {}
    for s in stages:
        gpus = f"{2 * s - 2}-{2 * s - 1}"
        statements = [f'st{s}_norm [label="Stage {s} LayerNorm\\nGPU: {gpus}"]']
        statements += [f'st{s}_qkv{t} [label="Stage {s} QKV Projection\\nGPU: {2 * s - 2 + t}"]' for t in range(2)]
        statements += [f'st{s}_ar [label="Stage {s} All-Reduce\\nGPU: {gpus}"]']
        nodes[s] = statements
        if form == "braces":
            wires[s] = [f"st{s}_norm -> {{ st{s}_qkv0 st{s}_qkv1 }} -> st{s}_ar"]
        elif form == "chains":
            wires[s] = [f"st{s}_norm -> st{s}_qkv{t} -> st{s}_ar" for t in range(2)]
        else:
            wires[s] = [f"st{s}_norm -> st{s}_qkv{t}" for t in range(2)] + [
                f"st{s}_qkv{t} -> st{s}_ar" for t in range(2)
            ]
        if s + 1 in stages:
            links[s] = f"st{s}_ar -> st{s + 1}_norm"
    lines = ["digraph {", 'inp [label="Input"]', 'out [label="Output"]', "inp -> st1_norm"]
    for s in stages:
        if form == "lines":
            lines.append("; ".join(nodes[s] + wires[s]))
        elif form == "boxes":
            lines += [f"subgraph cluster_{s} {{", f'label="Stage {s}"', *nodes[s], "}"]
        else:
            lines += nodes[s]
        if form == "together":
            lines += [*wires[s], *([links[s]] if s in links else [])]
        if form == "headed":
            lines.insert(len(lines) - len(nodes[s]), f"// stage {s}")
    if form not in ("lines", "together"):
        lines += [wire for s in stages for wire in wires[s]]
    if form != "together":
        lines += links.values()
    lines += ["st4_ar -> out"] if 4 in stages else []
    return "\n".join([*lines, "}", ""])


@pytest.mark.parametrize("form", ["plain", "lines", "boxes", "together", "headed", "braces", "chains"])
@pytest.mark.parametrize("without", [(3,), (4,), (2, 3), (1,)])
def test_stages_are_restored_in_every_style(form: str, without: tuple[int, ...]) -> None:
    text, whole = drawn(form, without=without), read(drawn(form)).graphs[0]
    if 1 in without:
        text = text.replace("inp -> st1_norm\n", "")
    result = fixed(text, "pp4tp2", "S002")
    assert [finding.code for finding in result.applied] == ["S002"]
    graph = read(result.text).graphs[0]
    assert set(graph.nodes) == set(whole.nodes)
    joined = {(edge.tail.name, edge.head.name) for edge in graph.edges}
    wanted = {(edge.tail.name, edge.head.name) for edge in whole.edges}
    assert joined <= wanted
    assert all({"inp", "out"} & set(pair) for pair in wanted - joined)
    assert all(line in result.text for line in text.split("\n"))
