"""Ways in which people name, label and lay out the same deployment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.mutation.model import Op, World

_TITLES = {
    "input": "Input", "output": "Output", "norm": "LayerNorm", "qkv": "QKV Projection", "attention": "Attention Compute",
    "all_gather": "All-Gather", "all_reduce": "All-Reduce", "mlp_up": "MLP Up Projection", "mlp_down": "MLP Down Projection",
    "gate": "MoE Gate", "route": "Expert Routing", "dispatch": "All-to-All Dispatch", "combine": "All-to-All Combine",
    "expert": "Expert", "sp_split": "SP Split", "sp_gather": "SP Gather",
}  # fmt: skip
_SHORT = {
    "input": "input", "output": "output", "norm": "ln", "qkv": "qkv", "attention": "attn", "all_gather": "ag",
    "all_reduce": "allreduce", "mlp_up": "mlp_up", "mlp_down": "mlp_down", "gate": "gate", "route": "route",
    "dispatch": "a2a_dispatch", "combine": "a2a_combine", "expert": "expert", "sp_split": "sp_split", "sp_gather": "sp_gather",
}  # fmt: skip
_SHAPES = {
    "input": "ellipse", "output": "ellipse", "all_gather": "ellipse", "all_reduce": "ellipse", "dispatch": "ellipse",
    "combine": "ellipse", "route": "parallelogram", "sp_split": "parallelogram", "sp_gather": "parallelogram",
}  # fmt: skip


@dataclass(frozen=True)
class Scheme:
    """One way of writing: `name` gives ids; `base` is the first number of stages and layers."""

    title: str
    name: Callable[[Op, int], str]
    base: int = 0
    clusters: bool = False
    headers: bool = False
    keyed: bool = True  # [batch=4, seq=1024, hidden=512], else [4,1024,512]
    gpu: str = "GPU: {}"
    quoted: bool = False
    semicolons: bool = True
    chains: bool = False


def _number(value: int | None, base: int, prefix: str) -> str:
    return "" if value is None else f"{prefix}{value + base}"


def _phase(op: Op) -> str:
    return "decode_" if op.phase == "decode" else ""


def _join(*parts: str) -> str:
    return "_".join(part for part in parts if part)


SCHEMES = [
    Scheme("op_lN_tpN", lambda o, b: _phase(o) + _join(_SHORT[o.role], _number(o.layer, b, "l"), _number(o.stage if o.layer is None else None, b, "stage"), _number(o.shard, 0, "ep" if o.experts else "tp")), headers=True),
    Scheme("layerN_op_N", lambda o, b: _phase(o) + _join(_number(o.layer, b, "layer"), _number(o.stage if o.layer is None else None, b, "stage"), _SHORT[o.role], _number(o.shard, 0, "")), clusters=True),
    Scheme("stageN_layerN_op", lambda o, b: _phase(o) + _join(_number(o.stage, b, "stage"), _number(o.layer, b, "layer"), _SHORT[o.role], _number(o.shard, 0, "")), base=1, headers=True),
    Scheme("glued opN_N", lambda o, b: _phase(o) + _SHORT[o.role] + ("" if o.layer is None and o.stage is None else str((o.layer if o.layer is not None else o.stage or 0) + b)) + ("" if o.shard is None else f"_{o.shard + 1}"), base=1, headers=True, semicolons=False),
    Scheme("LN_Op camel", lambda o, b: ("Decode" if o.phase == "decode" else "") + _number(o.layer, b, "L") + ("_" if o.layer is not None else "") + _TITLES[o.role].replace(" ", "").replace("-", "") + ("" if o.layer is not None or o.stage is None else f"_Stage{o.stage + b}") + ("" if o.shard is None else f"_R{o.shard}"), quoted=True, headers=True),
    Scheme("ppN_layerN_op_tpN", lambda o, b: _phase(o) + _join(_number(o.stage, b, "pp"), _number(o.layer, b, "layer"), _SHORT[o.role], _number(o.shard, 0, "ep" if o.experts else "tp")), keyed=False, gpu="GPUs {}"),
    Scheme("op_N_sN", lambda o, b: _phase(o) + _join(_SHORT[o.role], _number(o.layer, b, ""), _number(o.shard, 0, ""), _number(o.stage, b, "s")), clusters=True, gpu="GPU: [{}]"),
    Scheme("gpuN_lN_op", lambda o, b: _phase(o) + _join("" if o.shard is None or o.home is None else f"gpu{o.home}", _number(o.layer, b, "l"), _number(o.stage if o.layer is None else None, b, "stage"), _SHORT[o.role]), headers=True),
    Scheme("layer_N_op_rank_N", lambda o, b: _phase(o) + _join(_number(o.layer, b, "layer_"), _number(o.stage if o.layer is None else None, b, "stage_"), _SHORT[o.role], _number(o.shard, 0, "rank_")), base=1, clusters=True, chains=True),
    Scheme("op-stage/layer quoted", lambda o, b: _phase(o) + f"{_TITLES[o.role]}{'' if o.stage is None else f' S{o.stage + b}'}{'' if o.layer is None else f' L{o.layer + b}'}{'' if o.shard is None else f' #{o.shard}'}", quoted=True, clusters=True, base=1),
]  # fmt: skip


def names(world: World, scheme: Scheme) -> dict[str, str]:
    """Give every operator its id; ids are unique."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for key, op in world.ops.items():
        name = scheme.name(op, scheme.base)
        while name in taken:
            name += "_b"
        taken.add(name)
        found[key] = name
    return found


def _id(name: str, scheme: Scheme) -> str:
    plain = name.replace("_", "a").isalnum() and not name[0].isdigit()
    return f'"{name}"' if scheme.quoted or not plain else name


def _dims(dims: tuple[int, int, int], scheme: Scheme, role: str, *, out: bool) -> str:
    if not scheme.keyed:
        return "[" + ",".join(map(str, dims)) + "]"
    last = "num_experts" if role == "gate" and out else "hidden"
    return f"[batch={dims[0]}, seq={dims[1]}, {last}={dims[2]}]"


def label(op: Op, scheme: Scheme) -> str:
    """The label: title, dimensions, GPUs."""
    title = _TITLES[op.role]
    if op.experts is not None:
        low, high = op.experts
        title = f"Experts {low}-{high}" if low != high else f"Expert {low}"
    lines = [title]
    if op.before is not None:
        lines.append("Input: " + _dims(op.before, scheme, op.role, out=False))
    if op.after is not None:
        lines.append("Output: " + _dims(op.after, scheme, op.role, out=True))
    if op.gpus is not None:
        low, high = op.gpus
        lines.append(scheme.gpu.format(f"{low}-{high}" if low != high else f"{low}"))
    return "\\n".join(lines)


def render(world: World, scheme: Scheme) -> str:
    """Write the deployment as DOT in the scheme's manner."""
    end = ";" if scheme.semicolons else ""
    ids = names(world, scheme)
    lines = [f"// {scheme.title}", "digraph deployment {", f"  rankdir=TB{end}"]
    open_cluster: tuple[str, int] | None = None
    plan = world.plan
    for key, op in world.ops.items():
        place = (op.phase, op.stage) if op.stage is not None else None
        if place != open_cluster and open_cluster is not None and scheme.clusters:
            lines.append("  }")
        if place is not None and place != open_cluster:
            low = place[1] * plan.stage_gpus
            first = place[1] * plan.layers + scheme.base
            told = f"Stage {place[1] + scheme.base}\\nLayers {first}-{first + plan.layers - 1}\\nGPUs: {low}-{low + plan.stage_gpus - 1}"
            told = ("Decode " if op.phase == "decode" else "") + told
            suffix = f"{_phase(op)}stage{place[1] + scheme.base}"
            if scheme.clusters:
                lines += [f"  subgraph cluster_{suffix} {{", f'    label="{told}"{end}']
            elif scheme.headers:
                lines.append(f'  {suffix}_label [label="{told}", shape=box]{end}')
        open_cluster = place
        pad = "    " if scheme.clusters and place else "  "
        shape = op.shape or _SHAPES.get(op.role, "box")
        lines.append(f'{pad}{_id(ids[key], scheme)} [label="{label(op, scheme)}", shape={shape}]{end}')
    if open_cluster is not None and scheme.clusters:
        lines.append("  }")
    lines += _edges(world, scheme, ids, end)
    return "\n".join([*lines, "}"]) + "\n"


def _edges(world: World, scheme: Scheme, ids: dict[str, str], end: str) -> list[str]:
    lines: list[str] = []
    chain: list[str] = []
    for tail, head, style in world.edges:
        text = f"{_id(ids[tail], scheme) if tail in ids else tail} -> {_id(ids[head], scheme) if head in ids else head}"
        if scheme.chains and style == "solid" and tail in ids and head in ids:
            if chain and chain[-1] == _id(ids[tail], scheme):
                chain.append(_id(ids[head], scheme))
                continue
            if chain:
                lines.append("  " + " -> ".join(chain) + end)
            chain = [_id(ids[tail], scheme), _id(ids[head], scheme)]
            continue
        extra = {
            "dashed": " [style=dashed]",
            "pipeline": ' [label="pipeline send"]',
            "kv": ' [label="KV cache transfer"]',
        }.get(style, "")
        lines.append(f"  {text}{extra}{end}")
    if chain:
        lines.append("  " + " -> ".join(chain) + end)
    return lines
