"""What launch options can be read from."""

from __future__ import annotations

from typing import Final

ENGINES: Final = ("vllm", "sglang", "megatron", "trtllm", "torchtitan", "deepspeed")
MANIFESTS: Final = ("dynamo", "llm-d", "kserve", "kubernetes")
SYSTEMS: Final = (*ENGINES, *MANIFESTS)
"""What a launch can be read from: the options of an engine, or manifests whose containers start one."""
