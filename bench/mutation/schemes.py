"""Ways in which people name, label and lay out the same deployment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from string import Formatter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.mutation.model import Dims, Op, Plan, World

_TITLES = {
    "input": "Input", "output": "Output", "norm": "LayerNorm", "norm2": "Post-Attention LayerNorm",
    "qkv": "QKV Projection", "attention": "Attention Compute", "all_gather": "All-Gather", "all_reduce": "All-Reduce",
    "reduce_scatter": "Reduce-Scatter", "add": "Residual Add", "add2": "MLP Residual Add",
    "mlp_up": "MLP Up Projection", "mlp_down": "MLP Down Projection", "gate": "MoE Gate",
    "route": "Expert Routing, top-2", "dispatch": "All-to-All Dispatch", "combine": "All-to-All Combine",
    "expert": "Expert", "sp_split": "SP Split", "sp_gather": "SP Gather", "send": "Pipeline Send",
    "recv": "Pipeline Recv",
}  # fmt: skip
_SHORT = {
    "input": "input", "output": "output", "norm": "ln", "norm2": "post_ln", "qkv": "qkv", "attention": "attn",
    "all_gather": "ag", "all_reduce": "allreduce", "reduce_scatter": "reduce_scatter", "add": "residual",
    "add2": "mlp_residual", "mlp_up": "mlp_up", "mlp_down": "mlp_down", "gate": "gate", "route": "route",
    "dispatch": "a2a_dispatch", "combine": "a2a_combine", "expert": "expert", "sp_split": "sp_split",
    "sp_gather": "sp_gather", "send": "send", "recv": "recv",
}  # fmt: skip
_LONG = {
    **_SHORT, "norm": "ln1", "norm2": "ln2", "qkv": "qkv_proj", "attention": "mha", "all_gather": "attn_gather",
    "all_reduce": "ffn_allreduce", "add": "add1", "add2": "add2", "mlp_up": "fc1", "mlp_down": "fc2",
    "dispatch": "dispatch", "combine": "combine", "send": "pp_send", "recv": "pp_recv",
}  # fmt: skip
_SHAPES = {
    "input": "ellipse", "output": "ellipse", "all_gather": "ellipse", "all_reduce": "ellipse", "dispatch": "ellipse",
    "reduce_scatter": "ellipse", "combine": "ellipse", "send": "ellipse", "recv": "ellipse",
    "route": "parallelogram", "sp_split": "parallelogram", "sp_gather": "parallelogram",
}  # fmt: skip
_EDGES = {
    "dashed": "style=dashed", "pipeline": 'label="pipeline send"', "kv": 'label="KV cache transfer"',
    "residual": 'label="residual"',
}  # fmt: skip


@dataclass(frozen=True)
class Scheme:
    """One way of writing.

    `name` makes ids; brackets hold what is written only where all that it names is there, `{lone}` being the stage of
    what has no layer. `base` is the first number of stages and layers, `ranks` that of shards. `label` goes before the title.
    `clusters` are drawn a stage or a layer, `headers` are stage labels outside of clusters. `keys` name axes, "" none.
    `edges`: one a statement, in chains, or in sets; `inline` writes each stage's edges behind its nodes.
    """

    title: str
    name: str
    base: int = 0
    ranks: int = 0
    words: tuple[tuple[str, str], ...] = tuple(_SHORT.items())
    label: str = ""
    clusters: str = ""
    headers: bool = False
    inline: bool = False
    keys: str = "batch seq hidden"
    gpu: str = "GPU: {}"
    listed: bool = False
    html: bool = False
    quoted: bool = False
    semicolons: bool = True
    edges: str = "single"
    declares: bool = False


_L = tuple(_LONG.items())
SCHEMES = [
    Scheme("op_lN_tpN", "[{dec}_]{op}[_l{layer}][_stage{lone}][_{kind}{shard}]", headers=True, declares=True),
    Scheme("op_lN_gpuM", "[{dec}_]{op}[_l{layer}][_s{lone}][_gpu{gpu}]", words=_L, keys="batch_size seq_len hidden_size"),
    Scheme("op_N_M", "[{dec}_]{op}[_{layer}][_stage{lone}][_{shard}]", clusters="stage", gpu="GPU: [{}]"),
    Scheme("op_N_sN", "[{dec}_]{op}[_{layer}][_{shard}][_s{stage}]", clusters="stage", words=_L, inline=True),
    Scheme("glued opN_M", "[{dec}_]{op}[{layer}][{lone}][_{shard}]", base=1, ranks=1, headers=True, semicolons=False),
    Scheme("glued opN_M, bare", "[{dec}_]{op}[{layer}][{lone}][_{shard}]", base=1, ranks=1, edges="chains"),
    Scheme("layerN_op_N", "[{dec}_][layer{layer}_][stage{lone}_]{op}[_{shard}]", clusters="stage", declares=True),
    Scheme("layer_N_op", "[{dec}_][layer_{layer}_][stage_{lone}_]{op}[_rank_{shard}]", base=1, clusters="stage", edges="chains"),
    Scheme("layers as clusters", "[{dec}_][L{layer}_][S{lone}_]{op}[_{kind}{shard}]", clusters="layer", words=_L, gpu="GPUs {}"),
    Scheme("lN_op", "[{dec}_][l{layer}_][s{lone}_]{op}[_{shard}]", keys="", gpu="GPUs {}", edges="sets", headers=True),
    Scheme("gpuN_lM_op", "[{dec}_][gpu{gpu}_][l{layer}_][stage{lone}_]{op}", headers=True, inline=True),
    Scheme("gpuN local", "[{dec}_][s{stage}_][gpu{local}_][l{layer}_]{op}", base=1, clusters="stage", listed=True),
    Scheme("stageN_layerN_op", "[{dec}_][stage{stage}_][layer{layer}_]{op}[_{shard}]", base=1, headers=True, words=_L),
    Scheme("ppN_layerN_op_tpN", "[{dec}_][pp{stage}_][layer{layer}_]{op}[_{kind}{shard}]", keys="", gpu="GPUs {}"),
    Scheme("Layer_N_Op_EPn_PPn", "[{Dec}_][Layer_{layer}_]{Snake}[_{KIND}{shard}][_PP{stage}]", quoted=True, keys="B S H"),
    Scheme("LN_Op camel", "[{Dec}][L{layer}_]{Camel}[_Stage{lone}][_R{shard}]", quoted=True, headers=True, gpu="Device {}"),
    Scheme("op S L #, quoted", "[{dec} ]{Title}[ S{stage}][ L{layer}][ #{shard}]", quoted=True, clusters="stage", base=1),
    Scheme("head groups", "[{dec}_][l{layer}_][s{lone}_]{op}[_hg{shard}]", clusters="stage", inline=True, edges="sets"),
    Scheme("opaque ids", "node_{number}", label="[Stage {stage} ][Layer {layer} ][Rank {shard} ]", headers=True),
    Scheme("opaque ids, clusters", "n{number}", label="[L{layer} ][Rank {shard} ]", clusters="stage", gpu="GPU {}"),
    Scheme("HTML labels", "[{dec}_]{op}[_l{layer}][_stage{lone}][_{kind}{shard}]", html=True, clusters="stage", listed=True),
]  # fmt: skip


@dataclass
class Page:
    """A deployment written down: its `text`, the ids of its operators, and the lines of nodes and of single edges."""

    text: str
    ids: dict[str, str]
    lines: dict[str | tuple[str, str], str]


_OPTIONAL = re.compile(r"\[([^\]]*)\]")


def _filled(template: str, op: Op, world: World, scheme: Scheme) -> str:
    """Fill a template in; what stands in brackets is left out where something that it names is not there."""
    title = _TITLES[op.role].partition(",")[0]
    stage = None if op.stage is None else op.stage + scheme.base
    sharded, decode = op.shard is not None, op.phase == "decode" and world.plan.decode
    values = {
        "dec": "decode" if decode else None, "Dec": "Decode" if decode else None, "op": dict(scheme.words)[op.role],
        "Title": title, "Camel": re.sub("[ -]", "", title), "Snake": re.sub("[ -]", "_", title), "stage": stage,
        "layer": None if op.layer is None else op.layer + scheme.base, "lone": stage if op.layer is None else None,
        "shard": op.shard + scheme.ranks if op.shard is not None else None, "gpu": op.home if sharded else None,
        "kind": "ep" if op.experts else "tp", "KIND": "EP" if op.experts else "TP",
        "local": op.home - op.unit[0] if sharded and op.home is not None and op.unit else None,
        "number": 100 + list(world.ops).index(op.key),
    }  # fmt: skip

    def kept(match: re.Match[str]) -> str:
        fields = [name for _, name, _, _ in Formatter().parse(match[1]) if name]
        return match[1] if all(values[name] is not None for name in fields) else ""

    return _OPTIONAL.sub(kept, template).format(**values)


def names(world: World, scheme: Scheme) -> dict[str, str]:
    """Give every operator its id; ids are unique."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for key, op in world.ops.items():
        name = _filled(scheme.name, op, world, scheme)
        if world.plan.replicas > 1 and "number" not in scheme.name:
            name += f"_dp{op.replica}"
        while name in taken:
            name += "_b"
        taken.add(name)
        found[key] = name
    return found


def _id(name: str, scheme: Scheme) -> str:
    plain = name.replace("_", "a").isalnum() and not name[0].isdigit()
    return f'"{name}"' if scheme.quoted or not plain else name


def _dims(dims: Dims, scheme: Scheme) -> str:
    if not scheme.keys:
        return "[" + ", ".join(str(size) for _, size in dims) + "]"
    usual = dict(zip(("batch", "seq", "hidden"), scheme.keys.split(), strict=True)) | {"experts": "num_experts"}
    return "[" + ", ".join(f"{usual.get(axis, axis)}={size}" for axis, size in dims) + "]"


def _gpus(span: tuple[int, int], scheme: Scheme) -> str:
    low, high = span
    whole = ",".join(map(str, range(low, high + 1))) if scheme.listed and high - low < 8 else f"{low}-{high}"
    return scheme.gpu.format(whole if low != high else low)


def _label(op: Op, world: World, scheme: Scheme) -> str:
    """Give the label: title, dimensions, GPUs."""
    title = _TITLES[op.role]
    if op.experts is not None:
        low, high = op.experts
        title = f"Experts {low}-{high}" if low != high else f"Expert {low}"
    if scheme.label:
        told = "Decode " if op.phase == "decode" and world.plan.decode else ""
        place = _filled(scheme.label, op, world, scheme).strip()
        title = f"{told}{place}: {title}" if place else f"{told}{title}"
        title += f" (DP {op.replica})" if world.plan.replicas > 1 else ""
    lines = [title]
    lines += ["Input: " + _dims(op.before, scheme)] if op.before is not None else []
    lines += ["Output: " + _dims(op.after, scheme)] if op.after is not None else []
    lines += [_gpus(op.gpus, scheme)] if op.gpus is not None else []
    return (
        "<" + "<br/>".join([f"<b>{lines[0]}</b>", *lines[1:]]) + ">" if scheme.html else '"' + "\\n".join(lines) + '"'
    )


def render(world: World, scheme: Scheme) -> Page:
    """Write the deployment as DOT in the scheme's manner."""
    end = ";" if scheme.semicolons else ""
    page = Page("", names(world, scheme), {})
    plan = world.plan
    top = f"  // {plan.spec.upper()} parallel strategy" if scheme.declares else f"  // {scheme.title}"
    lines = [
        f"digraph {'deployment' if plan.only == 'prefill' else plan.only} {{",
        top,
        f"  rankdir=TB{end}",
        f"  node [style=rounded]{end}",
    ]
    written: set[str] = set()
    for place, group in groupby(
        world.ops.values(), key=lambda op: (op.phase, op.replica, op.stage, _cluster(op, scheme))
    ):
        ops = list(group)
        opening = _opening(ops[0], world.plan, scheme, end)
        lines += opening
        for op in ops:
            shape = op.shape or _SHAPES.get(op.role, "box")
            line = f"{_id(page.ids[op.key], scheme)} [label={_label(op, world, scheme)}, shape={shape}]{end}"
            page.lines[op.key] = ("    " if place[3] else "  ") + line
            lines.append(page.lines[op.key])
            written.add(op.key)
        lines += ["  }"] if place[3] else []
        lines += _edges(world, scheme, page, end, written) if scheme.inline else []
    lines += _edges(world, scheme, page, end, set(world.ops))
    page.text = "\n".join([*lines, "}"]) + "\n"
    return page


def _cluster(op: Op, scheme: Scheme) -> str:
    """Name the cluster that an operator is in, "" for none."""
    if scheme.clusters == "layer" and op.layer is not None:
        return f"layer{op.layer + scheme.base}"
    return f"stage{op.stage + scheme.base}" if scheme.clusters == "stage" and op.stage is not None else ""


def _opening(first: Op, plan: Plan, scheme: Scheme, end: str) -> list[str]:
    """Open the cluster of a stage or a layer, or write the stage's label."""
    if first.stage is None or first.unit is None:
        return []
    told = ["Decode"] if first.phase == "decode" and plan.decode else []
    told += [f"DP {first.replica}"] if plan.replicas > 1 else []
    prefix = "".join(word.replace(" ", "").lower() + "_" for word in told)
    layer, stage = first.stage * plan.layers + scheme.base, first.stage + scheme.base
    gpus = f"GPUs: {first.unit[0]}-{first.unit[1]}"
    label = " ".join([*told, f"Stage {stage}\\nLayers {layer}-{layer + plan.layers - 1}\\n{gpus}"])
    if scheme.clusters == "layer" and first.layer is not None:
        label = " ".join([*told, f"Layer {first.layer + scheme.base}, Stage {stage}"])
    if _cluster(first, scheme):
        return [f"  subgraph cluster_{prefix}{_cluster(first, scheme)} {{", f'    label="{label}"{end}']
    return [f'  {prefix}stage{stage}_label [label="{label}", shape=box]{end}'] if scheme.headers else []


def _edges(world: World, scheme: Scheme, page: Page, end: str, among: set[str]) -> list[str]:
    """Write the edges among these operators that are not yet written."""
    rows: list[tuple[list[list[str]], str]] = []  # the sides of each statement, by key, and its style
    for tail, head, style in world.edges:
        if tail not in among or head not in among or (tail, head) in page.lines:
            continue
        page.lines[tail, head] = ""
        sides, last = rows[-1] if rows else ([], "")
        if scheme.edges == "chains" and style == last == "solid" and sides[-1] == [tail]:
            sides.append([head])
        elif scheme.edges == "sets" and style == last and len(sides) == 2 and sides[0] == [tail]:
            sides[1].append(head)
        elif scheme.edges == "sets" and style == last and len(sides) == 2 and sides[1] == [head]:
            sides[0].append(tail)
        else:
            rows.append(([[tail], [head]], style))
    return list(_statements(rows, scheme, page, end))


def _statements(rows: list[tuple[list[list[str]], str]], scheme: Scheme, page: Page, end: str) -> Iterator[str]:
    for sides, style in rows:
        shown = [[_id(page.ids[key], scheme) for key in side] for side in sides]
        text = " -> ".join(side[0] if len(side) == 1 else "{" + " ".join(side) + "}" for side in shown)
        line = f"  {text}{f' [{_EDGES[style]}]' if style in _EDGES else ''}{end}"
        if len(sides) == 2 and len(sides[0]) == len(sides[1]) == 1:
            page.lines[sides[0][0], sides[1][0]] = line
        yield line
