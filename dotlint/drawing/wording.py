"""Every word that a drawing shows: titles, notes, headers, comments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.strategy.degrees import AXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dotlint.drawing.model import Look
    from dotlint.drawing.plan import Chunk, Layers
    from dotlint.strategy.gpus import GpuSet
    from dotlint.strategy.phase import Phase
    from dotlint.strategy.phases import Strategy

TITLES: Final[Mapping[str, str]] = {
    "input": "Input Tokens",
    "embed": "Token Embedding",
    "embed_all_reduce": "All-Reduce (Embedding)",
    "embed_reduce_scatter": "Reduce-Scatter (Embedding)",
    "split": "Sequence Split",
    "receive": "Pipeline Receive",
    "attn_norm": "Attention Norm",
    "attn_all_gather": "All-Gather (Attention)",
    "qkv": "QKV Projection",
    "ulysses_in": "All-to-All (Sequence to Heads)",
    "attn": "Attention",
    "ring": "Ring Transfer of Keys and Values",
    "ring_attn": "Ring Attention",
    "gather_queries": "All-Gather (Queries)",
    "merge_scatter": "Reduce-Scatter (Log-Sum-Exp Merge)",
    "heads_all_gather": "All-Gather (Heads)",
    "ulysses_gather": "All-Gather (Ulysses Heads)",
    "ulysses_out": "All-to-All (Heads to Sequence)",
    "attn_out": "Output Projection",
    "attn_all_reduce": "All-Reduce (Attention)",
    "attn_reduce_scatter": "Reduce-Scatter (Attention)",
    "attn_add": "Residual Add",
    "mlp_norm": "MLP Norm",
    "mlp_all_gather": "All-Gather (MLP)",
    "mlp_up": "MLP Up Projection",
    "mlp_down": "MLP Down Projection",
    "mlp_all_reduce": "All-Reduce (MLP)",
    "mlp_reduce_scatter": "Reduce-Scatter (MLP)",
    "mlp_add": "Residual Add",
    "gate": "MoE Gate",
    "route": "Expert Routing",
    "dispatch": "All-to-All Dispatch",
    "shared_expert": "Shared Expert",
    "shared_all_gather": "All-Gather (Shared Expert)",
    "shared_all_reduce": "All-Reduce (Shared Expert)",
    "shared_reduce_scatter": "Reduce-Scatter (Shared Expert)",
    "expert_all_reduce": "All-Reduce (Experts)",
    "combine": "All-to-All Combine",
    "aggregate": "Expert Aggregation",
    "gather": "Sequence Gather",
    "final_norm": "Final Norm",
    "head_all_gather": "All-Gather (LM Head)",
    "head": "LM Head",
    "logits_all_gather": "All-Gather (Logits)",
    "sampling": "Sampling",
    "output": "Output",
    "kv": "KV Cache Transfer",
    "attention_block": "Attention Block",
    "mlp_block": "MLP Block",
    "moe_block": "MoE Block",
    "stage": "Stage",
}

LOOKS: Final[Mapping[str, Look]] = {
    **{what: "communication" for what in TITLES if what.endswith(("_all_reduce", "_all_gather", "_reduce_scatter"))},
    **dict.fromkeys(
        (
            "receive",
            "ulysses_in",
            "ulysses_out",
            "ring",
            "ulysses_gather",
            "gather_queries",
            "merge_scatter",
            "dispatch",
            "combine",
            "kv",
        ),
        "communication",
    ),
    **dict.fromkeys(("split", "gather", "route", "aggregate"), "routing"),
    **dict.fromkeys(("input", "output"), "end"),
}
"""The look of every operator that is no computation."""

SYMBOLS: Final[Mapping[str, str]] = {
    "B": "the number of sequences in a batch",
    "S": "the number of tokens in a sequence",
    "H": "the hidden size",
    "F": "the width of the MLP",
    "V": "the size of the vocabulary",
    "E": "the number of experts",
    "K": "the number of experts for each token",
}
"""What the symbols of sizes mean that no fact determines."""

KV_LINES: Final = ("KV cache, from prefill to decode",)


def degrees_line(**degrees: int) -> str:
    """Return degrees as a label states them: TP=2, SP=2."""
    return ", ".join(f"{axis.upper()}={degree}" for axis, degree in degrees.items())


def top_k_line(top_k: int | None) -> list[str]:
    """Return the line that states how many experts a token goes to, if that is known."""
    return [] if top_k is None else [f"Top-{top_k}"]


def expert_title(group: int, groups: int, experts: int | None) -> str:
    """Return the title of an expert group: its experts, counted from 0; the first groups have one more if uneven."""
    if experts is None:
        return f"Experts of Group {group + 1}" if groups > 1 else "Experts"
    least, more = divmod(experts, groups)
    first = group * least + min(group, more)
    last = first + least - (group >= more)
    return f"Expert {first}" if first == last else f"Experts {first}-{last}"


def pipeline_lines(tail: int, head: int) -> tuple[str, ...]:
    """Return the label of an edge between 0-based stages."""
    return "Pipeline", f"Stage {tail + 1}→{head + 1}"


def operator_name(prefix: str, section: str, layer: str, what: str, at: Mapping[str, int]) -> str:
    """Return the id of an operator, such as prefill_s1_l2_qkv_tp0."""
    return "_".join([*filter(None, (prefix, section, layer)), what, *(f"{axis}{n}" for axis, n in at.items())])


def degrees_text(phase: Phase) -> str:
    """Return the degrees of a phase, PP and TP in any case: PP=4, EP=4, TP=2, SP=2."""
    degrees = {axis: phase.degrees.get(axis) for axis in AXES}
    return degrees_line(**{axis: n for axis, n in degrees.items() if n > 1 or axis in {"pp", "tp"}})


def phase_title(name: str) -> str:
    """Return what a phase is called: Prefill Phase."""
    return f"{name.capitalize()} Phase" if name else "Deployment"


def phase_lines(phase: Phase) -> tuple[str, ...]:
    """Return the header of a phase: its name, degrees and GPUs."""
    return phase_title(phase.name), degrees_text(phase), f"{phase.total} GPUs Total"


def symbols_text(symbols: Iterable[str]) -> str:
    """Return what symbols mean."""
    return "; ".join(f"{symbol} is {SYMBOLS[symbol]}" for symbol in symbols)


def title(strategy: Strategy) -> str:
    """Return the first comment of a drawing."""
    return f"Deployment of {strategy.source}, layout {strategy.layout.name}"


def replica_lines(phase: Phase, *, alone: bool) -> tuple[str, ...]:
    """Return how the data-parallel replicas are folded, if there are any: one drawn `alone`, or all in each node."""
    dp, name = phase.degrees.dp, f" of {phase.name}" if phase.name else ""
    if dp == 1:
        return ()
    if alone:
        return (f"one of the {dp} data-parallel replicas{name} is drawn; the others are the same on other GPUs",)
    return (f"each node{name} stands for all {dp} data-parallel replicas, among which the experts are divided",)


def grouped_text(nodes: int) -> str:
    """Return that equal layers are folded."""
    return f"equal layers of a stage are drawn once; all layers would be {nodes} nodes"


def coarser_text(detail: str, nodes: int, most: int) -> str:
    """Return that a drawing has less detail than asked for."""
    return f"--detail {detail} would be {nodes} nodes, more than {most}: drawn with less detail"


def section_name(stage: int, chunk: int, vpp: int) -> str:
    """Return the part of an id that names a 0-based stage, and its chunk if it has several."""
    return f"s{stage + 1}_c{chunk + 1}" if vpp > 1 else f"s{stage + 1}"


def layers_text(numbers: range) -> str:
    """Return 1-based layers in words: Layer 1, Layers 1-4."""
    return f"Layer {numbers.start}" if len(numbers) == 1 else f"Layers {numbers.start}-{numbers.stop - 1}"


def stage_lines(phase: Phase, chunk: Chunk, gpus: GpuSet) -> tuple[str, ...]:
    """Return the header of a stage: its number, layers and GPUs."""
    layers = [layers_text(chunk.numbers)] if chunk.numbers else []
    return stage_title(chunk, phase.degrees.vpp), *layers, f"GPUs: {gpus}"


def stage_title(chunk: Chunk, vpp: int) -> str:
    """Return the title of a stage, and of its chunk if it has several."""
    title = f"Pipeline Stage {chunk.stage + 1}"
    return f"{title}, Chunk {chunk.chunk + 1}" if vpp > 1 else title


def stage_parts(chunk: Chunk, *, first: bool, last: bool) -> list[str]:
    """Return what a stage consists of: its layers, and the operators in them and around them."""
    layers = [layers_text(chunk.numbers)] if chunk.numbers else []
    kinds = [name for name, moe in (("MLP", False), ("MoE", True)) if any(some.moe is moe for some in chunk.layers)]
    parts = [*(["Embedding"] if first else []), "Attention", *kinds, *(["LM Head", "Sampling"] if last else [])]
    return [*layers, " + ".join(parts)]


def attention_title(method: str) -> str:
    """Return the title of a whole attention, with the way in which its ranks share a sequence, if they do."""
    return f"{method} {TITLES['attention_block']}".strip()


def layer_name(layers: Layers, chunk: Chunk, *, numbered: bool) -> str:
    """Return the part of an id that names layers: their number, or the kind of a group if a stage has several.

    `numbered` is whether each layer of the phase is drawn: the numbers of some would say that the others are missing.
    """
    if numbered and layers.numbers is not None:
        return f"l{layers.numbers.start}"
    if len(chunk.layers) == 1:
        return ""
    return "moe" if layers.moe else "dense"
