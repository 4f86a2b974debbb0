"""Files of any size: each family repeats one thing that could cost more the more of it there is."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, NamedTuple

from bench.growth.grammar import PIECES, drawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Case(NamedTuple):
    """A file of a family: its suffix, the options it is linted with, and the texts of other files that belong to it."""

    text: str
    options: tuple[str, ...] = ()
    suffix: str = ".dot"
    others: tuple[tuple[str, str], ...] = ()
    command: str = "check"


def _graph(lines: Iterable[str]) -> str:
    return "digraph g {\n" + "\n".join(lines) + "\n}\n"


def _boxes(stages: int, *, joined: bool = True) -> Iterator[str]:
    for stage in range(stages):
        yield f'  subgraph cluster_s{stage} {{ label="Stage {stage}";'
        for name in ("attn", "mlp"):
            yield f'    {name}_{stage} [label="{name.upper()}\\nGPU {stage}"];'
        yield f"    attn_{stage} -> mlp_{stage};\n  }}"
        if stage and joined:
            yield f"  mlp_{stage - 1} -> attn_{stage};"


def stages(n: int) -> Case:
    return Case(_graph(_boxes(n)), ("-s", f"pp{n}"))


def stages_without_edges(n: int) -> Case:
    return Case(_graph(_boxes(n, joined=False)), ("-s", f"pp{n}"))


def clusters_under_a_strategy(n: int) -> Case:
    lines = (f'  subgraph cluster_{at} {{ label="GPU {at % 8}"; a{at} [label="Attention {at}"]; }}' for at in range(n))
    return Case(_graph(lines), ("-s", "pp4tp2"))


def replicas_under_a_strategy(n: int) -> Case:
    lines = (
        f'  g{at}_{part} [label="{part}\\nGPU {at}\\nOutput: [batch=4, seq=1024, hidden=512]"]; in -> g{at}_{part}; '
        for at in range(n)
        for part in ("qkv_proj", "attention", "ffn")
    )
    return Case(_graph(lines), ("-s", f"dp{n}"))


def random_edges_over_stages(n: int) -> Case:
    draw = random.Random(n)
    nodes = [f"op{at}_stage{at // 4}" for at in range(n)]
    lines = [f'  {name} [label="Operator {at}\\nStage {at // 4}\\nGPU {at // 4}"];' for at, name in enumerate(nodes)]
    lines += [f"  {draw.choice(nodes)} -> {draw.choice(nodes)};" for _ in range(2 * n)]
    return Case(_graph(lines), ("-s", f"pp{max(n // 4, 1)}"))


def listed_gpus(n: int) -> Case:
    gpus = ",".join(str(2 * at) for at in range(n))
    strategy = f'[phases.prefill]\nstrategy = "tp{n}"\ngpus = "{gpus}"\n'
    return Case(_graph(['  a [label="Attention\\nGPU 0"];']), ("-s", "{0}"), others=(("plan.toml", strategy),))


def gpus_of_a_label(n: int) -> Case:
    return Case(
        _graph([f'  a [label="Attention\\nGPU {",".join(str(2 * at) for at in range(n))}"];']), ("-s", f"tp{n}")
    )


def record_ports(n: int) -> Case:
    fields = "|".join(f"<p{at}> field {at}" for at in range(n))
    return Case(_graph([f'  r [shape=record, label="{fields}"];', *(f"  r:p{at} -> x{at};" for at in range(n))]))


def records(n: int) -> Case:
    return Case(
        _graph(f'  r{at} [shape=record, label="<a> {at}|<b> b"]; r{at // 2}:b -> r{at}:a;' for at in range(1, n))
    )


def suppressed_lines(n: int) -> Case:
    return Case(_graph(f"  a{at} -> b{at} [colr=red]; // dotlint: ignore[A001]" for at in range(n)))


def unused_suppressions(n: int) -> Case:
    return Case(_graph(f"  a{at} -> b{at}; // dotlint: ignore[A001, T999] drawn elsewhere" for at in range(n)))


def suppressed_blocks(n: int) -> Case:
    lines = (
        f"  // dotlint: ignore-start[A001]\n  a{at} -> b{at} [colr=red];\n  // dotlint: ignore-end[A001]"
        for at in range(n)
    )
    return Case(_graph(lines))


def codes_of_one_suppression(n: int) -> Case:
    return Case(_graph([f"  // dotlint: ignore[{', '.join(f'X{at}' for at in range(n))}]", "  a -> b;"]))


def reopened_subgraphs(n: int) -> Case:
    return Case(_graph(f"  subgraph cluster_a {{ x{at} -> y{at}; }}" for at in range(n)))


def nested_subgraphs(n: int) -> Case:
    return Case(_graph(["  " + "{ a0 " * n + "}" * n]))


def nested_defaults(n: int) -> Case:
    opened = "\n".join(f"  subgraph s{at} {{ node [k{at}=v, color=c{at}]; a{at};" for at in range(n))
    return Case(_graph([opened, "}" * n]))


def defaults(n: int) -> Case:
    return Case(_graph(f"  node [k{at}=v]; edge [k{at}=v]; a{at} -> b{at};" for at in range(n)))


def reopened_defaults(n: int) -> Case:
    many = " ".join(f"k{at}=v" for at in range(n))
    return Case(
        _graph([f"  subgraph s {{ node [{many}]; }}", *(f"  subgraph s {{ a{at} -> b{at}; }}" for at in range(n))])
    )


def chain(n: int) -> Case:
    return Case(_graph(["  " + " -> ".join(f"a{at}" for at in range(n))]))


def templates(n: int) -> Case:
    return Case(_graph(f'  "expert_{{{at}}}" -> "gpu_%d_{at}"; "rank_$i{at}" -> out;' for at in range(n)))


def host_program(n: int) -> Case:
    lines = (f'for i in range({at}):\n    print(f"  n{{i}} -> n{{i + 1}} [label=x{at}];")' for at in range(n))
    return Case("import os\nprint('digraph g {')\n" + "\n".join(lines) + "\nprint('}')\n")


def program_inside(n: int) -> Case:
    return Case(_graph(f"  for i in range({at}):\n    a{at} -> b{at}" for at in range(n)))


def lists_without_equals(n: int) -> Case:
    return Case(_graph(f'  a{at} [label "node {at}" shape box];' for at in range(n)))


def lists_unclosed(n: int) -> Case:
    return Case(_graph(f'  a{at} [label="node {at}", shape=box;' for at in range(n)))


def quotes_unclosed(n: int) -> Case:
    return Case(_graph(f'  a{at} [label="node {at}, shape=box];' for at in range(n)))


def braces_unclosed(n: int) -> Case:
    return Case("digraph g {\n" + "\n".join(f"  subgraph cluster_{at} {{ a{at} -> b{at};" for at in range(n)))


def braces_surplus(n: int) -> Case:
    return Case(_graph(f"  a{at} -> b{at}; }}" for at in range(n)))


def semicolons_for_commas(n: int) -> Case:
    return Case(_graph(f"  a{at} [label=x{at}; shape:box;]\n  a{at} => b{at} --> c;" for at in range(n)))


def headers_missing(n: int) -> Case:
    return Case("\n".join(f"a{at} -> b{at};" for at in range(n)))


def graphs(n: int) -> Case:
    return Case("\n".join(f"digraph g{at} {{ a -> b{at}; }}" for at in range(n)))


def strays(n: int) -> Case:
    joined = [f'  a{at} [label="Node {at}"]; a{at} -> a{at + 1} [label="{at}"];' for at in range(9 * n)]
    return Case(_graph([*joined, f'  a{9 * n} [label="Node"];', *(f'  w{at} a{at} [shape="box"];' for at in range(n))]))


def strays_on_a_line(n: int) -> Case:
    return Case(_graph(["  " + " ".join(f'w{at} a{at} [shape="box"]; a{at} -> a{at + 1};' for at in range(n))]))


def one_line(n: int) -> Case:
    return Case(
        "digraph g {"
        + " ".join(f'a{at} [label="Attention {at} GPU {at}"]; a{at} -> a{at + 1};' for at in range(n))
        + "}"
    )


def rank_sets(n: int) -> Case:
    sets = [f"  {{rank=same; a{at}; b{at};}}  a{at} -> a{at + 1}; a{at} -> b{at};" for at in range(n)]
    return Case(_graph([*sets, '  r [shape=record, label="<a> x|<b> y"]; r:a -> a0;']))


def layers_without_links(n: int) -> Case:
    lines = ["  embed -> norm_0; embed -> add_0;"]
    for at in range(n):
        lines += [
            f'  norm_{at} [label="Layer {at} Norm"]; mlp_{at} [label="Layer {at} MLP"]; add_{at} [label="Layer {at} Residual Add"];'
        ]
        lines += [f"  norm_{at} -> mlp_{at}; mlp_{at} -> add_{at};", f"  add_{at - 1} -> add_{at};" if at else ""]
    return Case(_graph(lines))


def typos(n: int) -> Case:
    lines = (
        f"  attention_{at} -> attention_{at + 1}; attentoin_{at} -> atention_{at + 1} [colr=red];" for at in range(n)
    )
    return Case(_graph(lines))


def complete_bipartite(n: int) -> Case:
    side = int(n**0.5)
    names = [f"a{at}_l0" for at in range(side)], [f"b{at}_l1" for at in range(side)]
    return Case(
        _graph([f"  {' '.join(names[0])}", *(f"  {one} -> {other};" for one in names[0] for other in names[1])])
    )


def duplicate_edges(n: int) -> Case:
    return Case(_graph(f"  a -> b; c{at % 7} -> d;" for at in range(n)))


def hub(n: int) -> Case:
    return Case(
        _graph(f'  x{at} [label="Expert {at}\\nGPU {at}"]; router -> x{at}; x{at} -> combine;' for at in range(n))
    )


def html_labels(n: int) -> Case:
    rows = "".join(f'<TR><TD PORT="p{at}">field {at}</TD></TR>' for at in range(n))
    return Case(_graph([f"  t [label=<<TABLE>{rows}</TABLE>>];", *(f"  t:p{at} -> x{at};" for at in range(n))]))


def deployment(n: int) -> Case:
    from bench.speed.graphs import deployment as written  # noqa: PLC0415 - the two benchmarks share it

    return Case("".join(written(8 * n)), ("-s", "tp8"))


_BAD = "digraph g {\n  a -> b [label=x colr=red]\n  b -> c [style=dahsed];;\n}\n"


def markdown(n: int) -> Case:
    return Case("\n".join(f"## Plan {at}\n\n```dot\n{_BAD}```\n" for at in range(n)), suffix=".md")


def markdown_fixed(n: int) -> Case:
    return markdown(n)._replace(options=("--fix", "--unsafe-fixes", "--diff"))


def markdown_unclosed(n: int) -> Case:
    return Case("\n".join(f"::::{{graphviz}}\ndigraph {{ a{at} -> b }}" for at in range(n)), suffix=".md")


def markdown_nested(n: int) -> Case:
    return Case(
        "\n".join(f"{'> ' * (at % 5)}- item\n\n  ```dot\n  digraph {{ a{at} -> b }}\n  ```" for at in range(n)),
        suffix=".md",
    )


def notebook(n: int) -> Case:
    cell: dict[str, object] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [
        {**cell, "source": ["%%dot\n", *_BAD.replace("g {", f"g{at} {{").splitlines(keepends=True)]} for at in range(n)
    ]
    return Case(
        json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1), suffix=".ipynb"
    )


def notebook_fixed(n: int) -> Case:
    return notebook(n)._replace(options=("--fix", "--unsafe-fixes", "--diff"))


def python_source(n: int) -> Case:
    return Case("\n".join(f'dot{at} = """{_BAD}"""\n' for at in range(n)), suffix=".py")


def html_page(n: int) -> Case:
    return Case("\n".join(f'<pre><code class="language-dot">{_BAD}</code></pre>' for _ in range(n)), suffix=".html")


def restructured_text(n: int) -> Case:
    return Case(
        "\n".join(f".. graphviz::\n\n   digraph {{ a{at} -> b [colr=red] }}\n" for at in range(n)), suffix=".rst"
    )


def asciidoc(n: int) -> Case:
    return Case("\n".join(f"[graphviz]\n----\n{_BAD}----\n" for _ in range(n)), suffix=".adoc")


def fixed(n: int) -> Case:
    lines = (f"  a{at} -> b{at} [label=x colr=red styl=dahsed];;\n  b{at} [lable=x,,];" for at in range(n))
    return Case(_graph(lines), ("--fix", "--unsafe-fixes", "--diff"))


def stages_fixed(n: int) -> Case:
    return stages_without_edges(n)._replace(options=("-s", f"pp{n}", "--fix", "--unsafe-fixes", "--diff"))


def layers_fixed(n: int) -> Case:
    return layers_without_links(n)._replace(options=("--fix", "--unsafe-fixes", "--diff"))


def compared(n: int) -> Case:
    other = "".join(_graph(_boxes(n))).replace("attn_", "attention_").replace("GPU 3", "GPU 4")
    return Case(_graph(_boxes(n)), ("{0}",), others=(("other.dot", other),), command="diff")


def compared_random(n: int) -> Case:
    one = random_edges_over_stages(n).text
    return Case(one, ("{0}",), others=(("other.dot", one.replace("op", "node")),), command="diff")


def compared_alike(n: int) -> Case:
    one = _graph(f'  x{at} [label="Expert"]; router -> x{at};' for at in range(n))
    return Case(one, ("{0}",), others=(("other.dot", one.replace("x", "y")),), command="diff")


def _drawn(seed: int) -> Callable[[int], Case]:
    return lambda n: Case(drawn(seed, n), ("-s", "pp4tp2") if seed % 2 else ())


def _piece(name: str) -> Callable[[int], Case]:
    return lambda n: Case(_graph(PIECES[name](at) for at in range(n)))


FAMILIES: dict[str, Callable[[int], Case]] = {
    name: value
    for name, value in list(globals().items())
    if callable(value) and getattr(value, "__module__", "") == __name__ and not name.startswith("_") and name != "Case"
}
FAMILIES |= {f"drawn_{seed}": _drawn(seed) for seed in range(6)}
FAMILIES |= {f"piece_{name}": _piece(name) for name in PIECES}
