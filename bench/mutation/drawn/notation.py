"""How devices and tensor shapes are written."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.mutation.drawn.manner import Manner
    from bench.mutation.model import Dims, World

HOST = 4
"""Devices of a host, where devices are counted host by host."""


def _every(low: int, high: int, form: str, between: str = ",") -> str:
    return between.join(form.format(gpu) for gpu in range(low, high + 1))


def _span(single: str, many: str) -> Callable[[int, int], str]:
    """Write one device by one form and several by another; {0} is the first, {1} the last, {2} the one behind."""
    return lambda low, high: single.format(low) if low == high else many.format(low, high, high + 1)


def _hosts(host: str, gpu: str) -> Callable[[int, int], str]:
    """Write devices as hosts and their devices."""

    def write(low: int, high: int) -> str:
        parts = []
        for number in range(low // HOST, high // HOST + 1):
            first, last = max(low, number * HOST) % HOST, min(high, number * HOST + HOST - 1) % HOST
            parts.append(f"{host}{number}{gpu}{first}" + (f"-{last}" if last != first else ""))
        return ", ".join(parts)

    return write


_DEVICES: dict[str, Callable[[int, int], str]] = {
    "GPU: 0-7": _span("GPU: {0}", "GPU: {0}-{1}"),
    "GPU 0-7": _span("GPU {0}", "GPU {0}-{1}"),
    "GPUs 0-7": _span("GPU {0}", "GPUs {0}-{1}"),
    "GPU: [0-7]": _span("GPU: [{0}]", "GPU: [{0}-{1}]"),
    "GPU 0~7": _span("GPU {0}", "GPU {0}~{1}"),
    "gpus[0:8]": _span("gpus[{0}]", "gpus[{0}:{2}]"),
    "{0,1}": lambda low, high: "GPU {" + _every(low, high, "{}") + "}",
    "0..7": _span("GPU {0}", "GPU {0}..{1}"),
    "cuda:3": lambda low, high: _every(low, high, "cuda:{}", ", "),
    "npu:3": lambda low, high: _every(low, high, "npu:{}", ", "),
    "NPU 3": _span("NPU {0}", "NPU {0}-{1}"),
    "ranks 0-7": _span("rank {0}", "ranks {0}-{1}"),
    "rank=3": _span("rank={0}", "rank={0}-{1}"),
    "device_id=2": _span("device_id={0}", "device_ids={0}-{1}"),
    "Device 3": _span("Device {0}", "Devices {0}-{1}"),
    "host1:gpu3": _hosts("host", ":gpu"),
    "node1/gpu3": _hosts("node", "/gpu"),
    "G3": _span("G{0}", "G{0}-G{1}"),
    "GPU0": _span("GPU{0}", "GPU{0}-GPU{1}"),
    "GPU 0,1": lambda low, high: ("GPUs " if high > low else "GPU ") + _every(low, high, "{}", ", "),
    "显卡 3": _span("显卡 {0}", "显卡 {0}-{1}"),
    "GPU：3": _span("GPU：{0}", "GPU：{0}-{1}"),
}


def devices(span: tuple[int, int], world: World, manner: Manner) -> str:
    """Write a span of devices; coordinates of a mesh are stage and place within the stage."""
    low, high = span
    if manner.device == "dev(1,2)":
        size = world.plan.stage_gpus
        return ", ".join(f"dev({gpu // size},{gpu % size})" for gpu in range(low, high + 1))
    return _DEVICES[manner.device](low, high)


_KEYS = {
    "B S H": {"ffn": "F", "heads": "N", "d_k": "D", "tokens": "T", "experts": "E", "vocab": "V"},
    "b s h": {"ffn": "f", "heads": "n", "d_k": "d", "tokens": "t", "experts": "e", "vocab": "v"},
    "batch_size seq_len hidden_size": {"ffn": "ffn_size", "d_k": "head_dim", "heads": "num_heads", "tokens": "num_tokens",
                                       "experts": "num_experts", "vocab": "vocab_size"},
    "bs seqlen d_model": {"ffn": "d_ff", "d_k": "d_head", "heads": "n_heads", "tokens": "n_tokens", "experts": "n_experts"},
    "batch seq_len dim": {"ffn": "ffn_dim", "d_k": "head_dim", "heads": "num_heads", "experts": "num_experts"},
}  # fmt: skip


def shape(dims: Dims, world: World, manner: Manner) -> str:
    """Write a tensor's shape."""
    keys = dict(zip(("batch", "seq", "hidden"), manner.keys.split(), strict=True)) | _KEYS.get(manner.keys, {})
    sizes = [str(size) for _, size in dims]
    match manner.shape:
        case "named":
            return "[" + ", ".join(f"{keys.get(axis, axis)}={size}" for axis, size in dims) + "]"
        case "colon":
            return "[" + ", ".join(f"{keys.get(axis, axis)}: {size}" for axis, size in dims) + "]"
        case "tuple":
            return "(" + ",".join(sizes) + ")"
        case "times":
            return "x".join(sizes)
        case "symbols":
            return "[" + ", ".join(_symbol(axis, size, world) for axis, size in dims) + "]"
    return "[" + ", ".join(sizes) + "]"


def _symbol(axis: str, size: int, world: World) -> str:
    """Write an axis as a letter over what divides it."""
    plan = world.plan
    wholes = {
        "batch": plan.batch, "seq": plan.seq, "hidden": plan.hidden, "ffn": 4 * plan.hidden, "heads": plan.hidden // 64,
        "d_k": 64, "tokens": plan.batch * plan.seq, "experts": size, "vocab": size,
    }  # fmt: skip
    letter = {
        "batch": "B",
        "seq": "S",
        "hidden": "H",
        "ffn": "F",
        "heads": "N",
        "d_k": "D",
        "tokens": "T",
        "experts": "E",
    }
    part = Fraction(size, wholes[axis])
    if axis == "seq" and size == 1:
        return "1"
    over = f"/{part.denominator}" if part.denominator > 1 else ""
    return (str(part.numerator) if part.numerator > 1 else "") + letter.get(axis, "V") + over
