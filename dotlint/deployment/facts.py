"""What one label says in figures: GPUs and tensor dimensions.

These readers gather evidence and decide nothing: each returns what stands in the text, or None.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct, field

from dotlint.regex import regex
from dotlint.strategy.gpus import GpuSet

_IDS = r"\d+(?:\s*(?:-|–|to|\.\.\.?|…)\s*\d+)?"
_LIST = rf"{_IDS}(?:\s*(?:,|&|\+|and|or)\s*(?:gpus?[\s_-]?)?{_IDS})*"
# `GPU: 0-15`, `GPUs [0,1,2,3]`, `Device 3`, `gpu_7`; never `8 GPUs`, which is a count.
GPU_IDS = regex(
    rf"(?<![A-Za-z])(?:gpus?|devices?)(?:\s*(?:ids?|ranks?))?\s*(?:[:=#_-]|\bon\b)?\s*[\[({{]?\s*"
    rf"(?P<ids>{_LIST})(?![\d.]*[A-Za-z%])\s*[\])}}]?",
    re.IGNORECASE,
)
_GPU_KEY = regex(r"(?<![A-Za-z])(?:gpus?|devices?)\b\s*[:=]?\s*(?P<rest>.*)", re.IGNORECASE)
_SUM = regex(r"(\d+)\s*\+\s*(\d+)")  # `GPU: [128+0-128+7]`: a base and an offset
# `GPU: TP=8 across 0-7`: words between the key and the ids.
_BEHIND = regex(rf"\b(?:gpus?|devices?)\b.*?\b(?:across|over|on)\s+(?P<ids>{_IDS})\s*$", re.IGNORECASE)
_TRANSFER = regex(r"->|→|↔|<->|=>|⇒", re.IGNORECASE)
_COUNT = regex(
    r"(?<![\d\-–,:=\[])\b(?P<count>\d+)\s*(?:x\s*)?(?:gpus?|devices?)\b(?!\s*[:=\[]?\s*\d)", re.IGNORECASE
)
_VAGUE = regex(
    r"\b(?:all|shared|replicated|each|every|multiple|various|distributed|any|some|across)\b", re.IGNORECASE
)
# `Each GPU: [4096, 1024]` and `experts per GPU: 4` say what a GPU holds, not which one it is.
_SHARE = regex(r"\b(?:each|every|per)[\s_-]+$", re.IGNORECASE)
_GROUPWISE = regex(r"\b(?:gpus?|devices?)\s*[:=]\s*per\b", re.IGNORECASE)  # `GPUs: per TP pair`
_TEMPLATE = regex(r"[{$%]\w*|gpu_?[ijkn]\b", re.IGNORECASE)
_HOST = regex(r"\b(?:cpu|host|n/?a|none)\b", re.IGNORECASE)


class Gpus(Struct, frozen=True):
    """What a text says of GPUs: `ids` (global or local ranks as written), or `vague` words, or a mere count.

    `transfer` is true of `GPU 0 -> GPU 1`, where the ids are two ends and no group; `host` of CPU or N/A.
    """

    ids: GpuSet | None = None
    vague: str | None = None
    count: int | None = None
    host: bool = False
    transfer: bool = False


def _read_ids(text: str) -> list[int] | None:
    ids: list[int] = []
    for first, last in re.findall(r"(\d+)(?:\s*(?:-|–|to|\.\.\.?|…)\s*(\d+))?", text):
        low, high = int(first), int(last) if last else int(first)
        if high < low or high - low > 1_000_000 or high > 10_000_000:
            return None
        ids.extend(range(low, high + 1))
    return ids


def _counted(line: str, match: re.Match[str]) -> bool:
    """Whether the number behind belongs to the next word and the one before counts: `16 GPUs 4 Head Groups`."""
    before, after = line[: match.start()], line[match.end("ids") :]
    return (
        match["ids"].isdigit()
        and match[0][:4].lower() == "gpus"
        and re.search(r"(?<!stage )(?<!layer )\b\d+\s+$", before, re.IGNORECASE) is not None
        and re.match(r"\s+[A-Za-z]{3,}", after) is not None
    )


def read_gpus(lines: list[str]) -> Gpus | None:
    """Read the GPUs that a label's lines name; None where they speak of none."""
    ids: list[int] = []
    vague: str | None = None
    count: int | None = None
    host = transfer = False
    for line in lines:
        lower = line.lower()
        if "gpu" not in lower and "device" not in lower:
            continue
        if _TRANSFER.search(line):
            transfer = True
        if "+" in line:
            line = _SUM.sub(lambda m: str(int(m[1]) + int(m[2])), line)  # noqa: PLW2901
        matched = False
        for match in GPU_IDS.finditer(line):
            if _SHARE.search(line, 0, match.start()):
                matched = True
                continue
            found = _read_ids(match["ids"])
            if found is not None and not _counted(line, match):
                ids.extend(found)
                matched = True
        if matched:
            continue
        behind = _BEHIND.search(line)
        if behind and (found := _read_ids(behind["ids"])) is not None:
            ids.extend(found)
            continue
        counted = _COUNT.search(line)
        if counted:
            count = int(counted["count"])
            continue
        key = _GPU_KEY.match(line) or (_GPU_KEY.search(line) if len(line.split()) <= 4 else None)
        if key is None:
            continue
        if _HOST.search(key["rest"]):
            host = True
        elif _VAGUE.search(line) or _TEMPLATE.search(line) or _GROUPWISE.search(line):
            vague = line.strip()
    if ids:
        return Gpus(ids=GpuSet.of(ids), transfer=transfer, vague=vague, count=count)
    if vague or count is not None or host:
        return Gpus(vague=vague, count=count, host=host, transfer=transfer)
    return None


_SIDE = regex(
    r"(?P<side>\b(?:in(?:put)?|out(?:put)?)(?:\s*(?:dim(?:ension)?s?|shape))?\s*\d*)\s*[:=]\s*(?P<rest>.*)",
    re.IGNORECASE,
)
_BRACKET = regex(r"[\[(](?P<inside>[^\[\]()]*)[\])]")
_ARROW = regex(r"\]\s*(?:->|→)\s*\[")
_PAIR = regex(r"(?P<key>[A-Za-z_][\w ]*?)\s*[=:]\s*(?P<value>[^,;=\s\]]+)")


class Dims(Struct, frozen=True):
    """One tensor's dimensions: `keys` in order ("" where unnamed) with `values` as written; `text` is the whole.

    `sizes` has an int for each value that is one, None elsewhere.
    """

    text: str
    keys: tuple[str, ...]
    values: tuple[str, ...]
    sizes: tuple[int | None, ...]

    def size(self, *keys: str) -> int | None:
        """Size of the first axis with one of these names; None where there is none or it is no number."""
        for key, size in zip(self.keys, self.sizes, strict=True):
            if key in keys:
                return size
        return None


class Tensors(Struct, frozen=True):
    """Input and output dimensions that a label states; a side that is empty was not stated."""

    inputs: tuple[Dims, ...] = ()
    outputs: tuple[Dims, ...] = ()
    bare: tuple[Dims, ...] = field(default=())  # bracketed dimensions that say neither Input nor Output


@lru_cache(maxsize=4096)
def read_dims(text: str) -> Dims | None:
    """Read `[batch=4, seq=1024]` or `[4, 1024, 512]`; None where it is no list of dimensions."""
    keys: list[str] = []
    values: list[str] = []
    sizes: list[int | None] = []
    for part in text.split(","):
        word = part.strip()
        if not word:
            continue
        pair = _PAIR.fullmatch(word)
        key, value = (pair["key"].strip().lower(), pair["value"]) if pair else ("", word)
        if not pair and not re.fullmatch(r"[\w?*/.×x ~]+", value):
            return None
        keys.append(key)
        values.append(value)
        sizes.append(int(value) if value.isdigit() and len(value) < 16 else None)
    if not values:
        return None
    return Dims(text.strip(), tuple(keys), tuple(values), tuple(sizes))


def read_tensors(lines: list[str]) -> Tensors:
    """Read the `Input:` and `Output:` dimensions of a label's lines, and bare `[...] -> [...]` ones."""
    inputs: list[Dims] = []
    outputs: list[Dims] = []
    bare: list[Dims] = []
    for line in lines:
        if "[" not in line and "(" not in line and "=" not in line and ":" not in line:
            continue
        side = _SIDE.match(line) if line[:1] in "iIoO" else None
        if side is not None:
            target = inputs if side["side"].lower().startswith("in") else outputs
            rest = side["rest"]
            found = [dims for group in _BRACKET.finditer(rest) if (dims := read_dims(group["inside"]))]
            if not found and "=" in rest and (dims := read_dims(rest)):
                found = [dims]
            if not found and re.match(r"same\b", rest.strip(), re.IGNORECASE):
                found = list(inputs)
            target.extend(found)
        elif _GPU_KEY.match(line) is None and (groups := list(_BRACKET.finditer(line))):
            found = [dims for group in groups if (dims := read_dims(group["inside"])) and len(dims.values) > 1]
            if len(found) == 2 and _ARROW.search(line):
                inputs.append(found[0])
                outputs.append(found[1])
            else:
                bare.extend(found)
    return Tensors(tuple(inputs), tuple(outputs), tuple(bare))
