"""A deployment of 200 stages, half of which lack an edge: 300 findings and one of the whole graph."""

from __future__ import annotations

_ROLES = (("qkv", "QKV projection"), ("attn", "Attention compute"), ("mlp", "MLP"))


def units() -> str:
    """Return the graph; of every four stages, the second and third lack one edge each."""
    lines = ["digraph units {", '  input [label="Input" shape=ellipse]']
    edges: list[str] = []
    before = "input"
    for i in range(200):
        nodes = (f'    s{i}_{role} [label="{label}\\nGPU: {i}" shape=box]' for role, label in _ROLES)
        lines += [f"  subgraph cluster_{i} {{", f'    label="Stage {i}, GPU {i}"', *nodes, "  }"]
        edges.append(f"  {before} -> s{i}_qkv")
        edges += [f"  s{i}_qkv -> s{i}_attn"] if i % 4 != 1 else []
        edges += [f"  s{i}_attn -> s{i}_mlp"] if i % 4 != 2 else []
        before = f"s{i}_mlp"
    return "\n".join([*lines, '  output [label="Output" shape=ellipse]', *edges, f"  {before} -> output", "}\n"])
