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
    """The conventions of one system.

    `etp` is the default degree of expert tensor parallelism; `axes` are those that the system can divide.
    """

    name: str
    title: str
    order: tuple[str, ...]
    expert_order: tuple[str, ...] | None
    experts: Experts
    etp: EtpDefault
    sp: Flavor
    source: str
    axes: tuple[str, ...]
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
        ("pp", "vpp", "ep", "etp", "edp", "tp", "sp", "cp", "dp"),
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
        ("pp", "ep", "etp", "edp", "tp", "sp", "cp", "dcp", "dp"),
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
        ("pp", "ep", "etp", "edp", "tp", "sp", "cp", "dcp", "dp", "dpa"),
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
        ("pp", "ep", "etp", "edp", "tp", "sp", "dp"),
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
        ("pp", "ep", "etp", "edp", "tp", "sp", "cp", "dp", "dpa"),
        attention_dp=True,
    ),
    Preset(
        "torchtitan",
        "torchtitan",
        ("pp", "dp", "cp", "tp"),
        ("pp", "edp", "ep"),
        "grid",
        "one",
        "megatron",
        "torchtitan/distributed/parallel_dims.py: pp, dp_replicate, dp_shard, cp, tp",
        ("pp", "vpp", "ep", "edp", "tp", "sp", "cp", "dp"),
    ),
    Preset(
        "huggingface",
        "Hugging Face Transformers",
        ("pp", "dp", "tp"),
        ("pp", "edp", "ep"),
        "grid",
        "one",
        "megatron",
        "transformers/distributed/tensor_parallel.py: tp_plan",
        ("ep", "edp", "tp", "sp", "dp"),
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
        ("pp", "vpp", "tp", "sp", "cp", "dp"),
    ),
)

PRESETS: Final[Mapping[str, Preset]] = {preset.name: preset for preset in _PRESETS}
