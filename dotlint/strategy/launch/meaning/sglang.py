"""SGLang: `--tp` is all ranks of a stage, which attention divides into data, context and tensor parallelism."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.strategy.launch.meaning.meaning import Meaning, fill_world, stated

if TYPE_CHECKING:
    from dotlint.strategy.launch.options import Options
    from dotlint.strategy.model import ModelFacts


def meaning(options: Options, _facts: ModelFacts, world: int | None) -> Meaning:
    """Return the meaning of the options of `sglang.launch_server` (sglang/srt/arg_groups/fields/parallel.py)."""
    found = stated(options, world)
    degrees = found.degrees
    ranks, context = degrees.get("tp", 1), degrees.get("cp", 1)
    inside = options.get("dp_attention") and "dp" in degrees
    attention = options.get("attention_dp", degrees.get("dp", 1) if inside else 1)
    replicas = 1 if inside else degrees.get("dp", 1)
    if attention > 1 and replicas > 1:
        raise options.mistake(
            "attention_dp", f"with {options.given['dp'].option} {replicas} is not supported", "leave one of them out"
        )
    for name, part in (("dp" if inside else "attention_dp", attention), ("cp", context)):
        if part > 1 and ranks % (attention * context if name == "cp" else part):
            raise options.mistake(name, f"does not divide the {ranks} ranks of --tp-size")
    if options.get("ep_is_tp"):
        degrees["ep"] = ranks
    experts, copies = degrees.get("ep", 1), options.get("expert_dp", 1)
    if ranks % (experts * copies):
        raise options.mistake(
            "ep" if "ep" in options.given else "expert_dp", f"does not divide the {ranks} ranks of --tp-size"
        )
    degrees["tp"] = ranks // attention // context
    degrees.pop("dp", None)
    if attention * replicas > 1:
        degrees["dp"] = attention * replicas
    else:
        fill_world(found, ("tp", "cp", "pp"))
        replicas = degrees.get("dp", 1)
    if replicas * copies > 1 and (experts > 1 or "expert_dp" in options.given):
        degrees |= {"ep": experts, "etp": ranks // experts // copies}
    return found
