"""The rank layouts of well-known systems.

Orders are outermost (slowest) first. `Experts` is where the ranks of expert layers come from: a grid of their own,
the whole stage (vLLM: EP is TP times DP whatever is declared), or nowhere (dense models only).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

Flavor = Literal["ulysses", "megatron", "ring"]
Experts = Literal["grid", "stage", "none"]
EtpDefault = Literal["one", "tp", "rest"]

FLAVORS: Final[tuple[Flavor, ...]] = ("ulysses", "megatron", "ring")
"""Kinds of sequence parallelism: Ulysses and ring attention need GPUs of their own, Megatron's shares those of TP."""


class Preset(Struct, frozen=True):
    """The conventions of one system. `etp` is the default degree of expert tensor parallelism."""

    name: str
    title: str
    order: tuple[str, ...]
    expert_order: tuple[str, ...] | None
    experts: Experts
    etp: EtpDefault
    sp: Flavor
    source: str
    attention_dp: bool = False  # data-parallel attention on the ranks of TP, so that dp multiplies nothing


_PRESETS: Final = (
    Preset(
        "megatron",
        "Megatron-LM",
        ("pp", "dp", "cp", "tp"),
        ("pp", "edp", "ep", "etp"),
        "grid",
        "tp",
        "megatron",
        'Megatron core parallel_state.py, order "tp-cp-ep-dp-pp", innermost first',
    ),
    Preset(
        "vllm",
        "vLLM",
        ("dp", "pp", "cp", "tp"),
        None,
        "stage",
        "one",
        "megatron",
        "vllm/distributed/parallel_state.py: arange(world).reshape(-1, dp, pp, pcp, tp)",
    ),
    Preset(
        "sglang",
        "SGLang",
        ("pp", "dp", "cp", "tp"),
        ("pp", "edp", "ep", "etp"),
        "grid",
        "rest",
        "megatron",
        "sglang/srt/distributed/parallel_state.py; tp is that of attention, --tp divided by --dp",
    ),
    Preset(
        "deepspeed",
        "DeepSpeed",
        ("pp", "dp", "sp", "tp"),
        ("pp", "edp", "ep", "etp"),
        "grid",
        "tp",
        "ulysses",
        "deepspeed/utils/groups.py; PipeModelDataParallelTopology: pipe, data, model",
    ),
    Preset(
        "trtllm",
        "TensorRT-LLM",
        ("pp", "cp", "tp"),
        ("pp", "cp", "etp", "ep"),
        "grid",
        "rest",
        "megatron",
        "tensorrt_llm/mapping.py: moe_tp * moe_ep is tp",
        attention_dp=True,
    ),
    Preset(
        "llama3",
        "Llama 3",
        ("dp", "pp", "cp", "tp"),
        None,
        "none",
        "one",
        "megatron",
        "The Llama 3 Herd of Models, 3.3.2: 4D parallelism in the order TP, CP, PP, DP",
    ),
)

PRESETS: Final[Mapping[str, Preset]] = {preset.name: preset for preset in _PRESETS}
