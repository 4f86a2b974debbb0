"""How devices and tensor shapes are written."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from bench.mutation.model import HEAD

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


# Brackets, what joins a key to its size ("" for no keys), what joins axes, and how a size is written.
_SHAPES: dict[str, tuple[str, str, str, str]] = {
    "named": ("[]", "=", ", ", "number"),
    "colon": ("[]", ": ", ", ", "number"),
    "positional": ("[]", "", ", ", "number"),
    "tuple": ("()", "", ",", "number"),
    "times": ("", "", "x", "number"),
    "symbols": ("[]", "", ", ", "symbol"),
    "×": ("", "", "×", "number"),
    "[×]": ("[]", "", "×", "number"),
    "spaced times": ("", "", " x ", "number"),
    "spaced tuple": ("()", "", ", ", "number"),
    "kilo": ("[]", "=", ", ", "kilo"),
    "named symbols": ("[]", "=", ", ", "symbol"),
    "degrees": ("[]", "", ", ", "degree"),
    "(degrees)": ("()", "", ", ", "degree"),
    "named degrees": ("[]", "=", ", ", "degree"),
    "quotients": ("[]", "=", ", ", "quotient"),
    "bare keys": ("", "=", ", ", "number"),
}


def shape(dims: Dims, world: World, manner: Manner) -> str:
    """Write a tensor's shape."""
    keys = dict(zip(("batch", "seq", "hidden"), manner.keys.split(), strict=True)) | _KEYS.get(manner.keys, {})
    brackets, joint, between, form = _SHAPES[manner.shape]
    sizes = [(keys.get(axis, axis), _size(axis, size, form, world)) for axis, size in dims]
    text = between.join(f"{key}{joint}{size}" if joint else size for key, size in sizes)
    return brackets[:1] + text + brackets[1:]


def _size(axis: str, size: int, form: str, world: World) -> str:
    """Write a size as a number, or as a letter over what divides it."""
    if form == "kilo":
        return f"{size // 1024}k" if size % 1024 == 0 and axis != "vocab" else str(size)
    if form == "number":
        return str(size)
    whole = _wholes(world, axis, size)
    part = Fraction(size, whole)
    letter = {
        "batch": "B",
        "seq": "S",
        "hidden": "H",
        "ffn": "F",
        "heads": "N",
        "d_k": "D",
        "tokens": "T",
        "experts": "E",
        "vocab": "V",
    }
    if form == "quotient":
        return f"{whole}/{part.denominator}" if part.numerator == 1 < part.denominator <= 8 else str(size)
    if (axis == "seq" and size == 1) or axis not in letter or part.denominator > 64:
        return str(size)
    degree = {world.plan.sp: "SP", world.plan.tp: "TP"}.get(part.denominator) if form == "degree" else None
    over = f"/{degree or part.denominator}" if part.denominator > 1 else ""
    return (str(part.numerator) if part.numerator > 1 else "") + letter[axis] + over


def _wholes(world: World, axis: str, size: int) -> int:
    """Give the size of an axis of the whole tensor."""
    plan = world.plan
    return {
        "batch": plan.batch, "seq": plan.seq, "hidden": plan.hidden, "ffn": 4 * plan.hidden, "heads": plan.hidden // HEAD,
        "d_k": HEAD, "tokens": plan.batch * plan.seq, "vocab": getattr(plan, "vocab", size),
    }.get(axis, size)  # fmt: skip
