"""DOT files of any size: deployments, plain edges and one long chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ROLES = ("Layer Norm", "QKV Projection", "Attention Compute", "Output Projection", "All-Reduce", "Residual Add", "MLP")
SHAPES = {"All-Reduce": "ellipse", "Residual Add": "parallelogram"}


def deployment(edges: int) -> Iterator[str]:
    """Layers over eight GPUs, four to a stage: labels with GPUs and dimensions, a cluster a stage."""
    per_layer = 8 * len(ROLES)
    layers = max(1, edges // per_layer)
    yield "digraph deployment {\n  rankdir=TB;\n  node [shape=box];\n"
    yield '  input [label="Input\\nInput: [batch=4, seq=1024]\\nOutput: [batch=4, seq=1024, hidden=512]\\nGPU: 0-7"];\n'
    before = ["input"] * 8
    for layer in range(layers):
        if layer % 4 == 0:
            yield f'  subgraph cluster_stage{layer // 4} {{\n    label="Stage {layer // 4}, GPUs 0-7";\n'
        for role in ROLES:
            word = role.lower().replace(" ", "_").replace("-", "_")
            for gpu in range(8):
                name = f"{word}_l{layer}_g{gpu}"
                dims = "[batch=4, seq=1024, hidden=512]"
                label = f"{role}\\nGPU: {gpu}\\nInput: {dims}\\nOutput: {dims}"
                yield f'    {name} [label="{label}", shape={SHAPES.get(role, "box")}];\n'
                yield f"    {before[gpu]} -> {name};\n"
                before[gpu] = name
        if layer % 4 == 3 or layer == layers - 1:
            yield "  }\n"
    yield "}\n"


def edges(count: int) -> Iterator[str]:
    """An edge a line, between a tenth as many nodes; none twice, or the report of that would be what is measured."""
    nodes = max(2, count // 10)
    yield "digraph edges {\n"
    for at in range(count):
        tail = at % nodes
        yield f"  n{tail} -> n{tail + 1 + at // nodes};\n"
    yield "}\n"


def chain(count: int) -> Iterator[str]:
    """One statement that is a chain of so many edges."""
    yield "digraph chain {\n  n0"
    for at in range(count):
        yield f" -> n{at + 1}" if at % 10 else f"\n    -> n{at + 1}"
    yield ";\n}\n"


KINDS: dict[str, Callable[[int], Iterator[str]]] = {"deployment": deployment, "edges": edges, "chain": chain}


def write(kind: str, count: int, folder: Path) -> Path:
    """Write a file of a kind with about `count` edges."""
    path = folder / f"{kind}_{count}.dot"
    with path.open("w") as file:
        file.writelines(KINDS[kind](count))
    return path
