"""The memory of GPUs by name, from `gpus.toml`."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from dotlint.files.paths import sibling_path
from dotlint.files.reading import read_file
from dotlint.text.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def gpu_memories() -> Mapping[str, int]:
    """Return the memory of each GPU that is known, in bytes, as its driver reports it."""
    table = read_toml(read_file(sibling_path(__file__, "gpus.toml")).decode("utf-8"))
    return {name: gpu["memory"] << 20 for name, gpu in table["gpus"].items()}


def gpus_named(name: str) -> list[str]:
    """Return the GPUs that a name may mean: "h100" and "NVIDIA H100 80GB HBM3" are H100-80GB, "A100" is two."""
    words = re.sub(r"nvidia|amd|geforce|instinct|tesla|quadro|sxm\d?|pcie", "", name.lower())
    found = re.sub(r"[\s_-]", "", words)
    exact = [known for known in gpu_memories() if found.startswith(_plain(known))]
    return exact or [known for known in gpu_memories() if found and found == _plain(known).rpartition(_size(known))[0]]


def _plain(name: str) -> str:
    return name.lower().replace("-", "")


def _size(name: str) -> str:
    return name.lower().rpartition("-")[2]
