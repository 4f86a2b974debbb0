"""One way of writing, drawn factor by factor, each by itself."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from bench.mutation.drawn.words import AXES, CHINESE, CHINESE_LABELS, LABELS, ROLES, TITLES

if TYPE_CHECKING:
    import random

FACTORS: dict[str, dict[str, int]] = {
    "ids": {"composed": 15, "opaque": 3, "alphabet": 3, "numbered": 2},
    "order": {"DRMSLOT": 6, "ODRMSLT": 4, "DRMSLTO": 3, "OTLSMRD": 1, "DRMSOLT": 2, "TDRMSLO": 2, "LODRMTS": 1, "SLODRMT": 1, "ODRMTLS": 1},
    "sep": {"_": 10, "-": 2, ".": 2, " ": 2, "camel": 2, "glued": 3, "__": 1},
    "join": {"glued": 3, "apart": 1},
    "case": {"lower": 6, "upper": 1, "capital": 2},
    "base": {"0": 3, "1": 1},
    "layer_base": {"0": 3, "1": 1},
    "ranks": {"0": 4, "1": 1, "letters": 1},
    "layer_scope": {"global": 2, "stage": 1},
    "shard_by": {"rank": 3, "device": 1},
    "stage_id": {"yes": 3, "no": 2},
    "layer_id": {"yes": 5, "no": 1},
    "shard_id": {"yes": 6, "no": 1},
    "stage_label": {"no": 3, "yes": 2},
    "layer_label": {"no": 2, "yes": 1},
    "shard_label": {"no": 2, "yes": 1},
    "lead": {"colon": 2, "space": 2, "parens": 2, "line": 1, "slash": 1},
    "title": {"title": 6, "word": 2, "id": 1},
    "clusters": {"none": 4, "stage": 4, "layer": 2, "replica": 2, "nested": 2},
    "cluster_id": {"word": 4, "word_": 2, "running": 1, "bare": 1},
    "cluster_label": {"number": 3, "gpus": 2, "layers": 1, "none": 1},
    "language": {"en": 6, "zh": 1},
    "device": {
        "GPU: 0-7": 3, "GPU 0-7": 2, "GPUs 0-7": 2, "GPU: [0-7]": 1, "GPU 0~7": 1, "gpus[0:8]": 1, "{0,1}": 1, "0..7": 1, "cuda:3": 1,
        "npu:3": 1, "NPU 3": 1, "ranks 0-7": 1, "rank=3": 1, "device_id=2": 1, "Device 3": 1, "host1:gpu3": 1, "node1/gpu3": 1, "G3": 1,
        "GPU0": 1, "GPU 0,1": 1, "dev(1,2)": 1, "显卡 3": 1, "GPU：3": 1, "none": 3,
    },
    "shape": {"named": 4, "colon": 1, "positional": 2, "tuple": 1, "times": 1, "symbols": 1, "none": 3},
    "keys": {"batch seq hidden": 2, "batch_size seq_len hidden_size": 2, "B S H": 1, "b s h": 1, "bs seqlen d_model": 1, "batch seq_len dim": 1},
    "sides": {"Input": 3, "in": 1, "arrow": 1},
    "statements": {"nodes first": 4, "by stage": 2, "edges first": 1, "shuffled": 1},
    "edges": {"single": 4, "chains": 2, "sets": 2, "ports": 1},
    "node": {"plain": 6, "html": 1, "table": 1, "record": 1},
    "quoted": {"no": 2, "yes": 1},
    "semicolons": {"yes": 3, "no": 1},
    "shapes": {"house": 3, "boxes": 2, "other": 1},
    "link": {"marked": 3, "bare": 2, "send recv": 2, "transfer": 2, "send to": 1},
    "link_gpus": {"both": 2, "arrow": 1, "from to": 1, "none": 1},
    "mark": {"pipeline send": 2, "PP send/recv": 1, "p2p": 1, "send activations": 1, "stage transfer": 1},
    "kv_mark": {"KV cache transfer": 2, "KV cache": 1, "kv handover": 1},
    "gate_edges": {"dashed": 2, "solid": 1},
    "header": {"none": 4, "comment": 1, "title": 1, "stages": 1, "label": 1},
    "legend": {"no": 5, "yes": 1},
    "phase_word": {"decode": 1, "both": 1},
    "declared": {"yes": 6, "no": 1},
}  # fmt: skip
"""What may be drawn, with weights."""


@dataclass(frozen=True)
class Manner:
    """One way of writing; every field of one word is a factor, `FACTORS` has its values.

    `words`, `titles` and `axes` are the words of roles and axes in ids, `told` those of axes in labels. `several` is how
    the tensors of an operator that takes several are written.
    """

    ids: str
    order: str
    sep: str
    join: str
    case: str
    base: str
    layer_base: str
    ranks: str
    layer_scope: str
    shard_by: str
    stage_id: str
    layer_id: str
    shard_id: str
    stage_label: str
    layer_label: str
    shard_label: str
    lead: str
    title: str
    clusters: str
    cluster_id: str
    cluster_label: str
    language: str
    device: str
    shape: str
    keys: str
    sides: str
    statements: str
    edges: str
    node: str
    quoted: str
    semicolons: str
    shapes: str
    link: str
    link_gpus: str
    mark: str
    kv_mark: str
    gate_edges: str
    header: str
    legend: str
    phase_word: str
    declared: str
    words: dict[str, str]
    titles: dict[str, str]
    axes: dict[str, str]
    told: dict[str, str]
    cluster_told: dict[str, str]
    several: str = "first"

    @property
    def first(self) -> int:
        """The number of the first stage."""
        return int(self.base)

    @property
    def first_layer(self) -> int:
        """The number of the first layer."""
        return int(self.layer_base)

    def factors(self) -> dict[str, str]:
        """Every factor with its value, words included."""
        plain = {field.name: value for field in fields(self) if isinstance(value := getattr(self, field.name), str)}
        words = {f"word.{axis}": word or "(bare)" for axis, word in self.axes.items()}
        titles = {f"title.{role}": title for role, title in self.titles.items()}
        roles = {f"id.{role}": word for role, word in self.words.items()}
        labels = {f"label.{axis}": word for axis, word in self.told.items()}
        return plain | words | titles | roles | labels


def draw_manner(rng: random.Random) -> Manner:
    """Draw every factor by itself; what is fair is decided elsewhere."""
    plain = {name: rng.choices(list(values), list(values.values()))[0] for name, values in FACTORS.items()}
    chinese = plain["language"] == "zh"
    return Manner(
        **plain,
        words={role: rng.choice(words) for role, words in ROLES.items()},
        titles={role: rng.choice(titles) for role, titles in (CHINESE if chinese else TITLES).items()},
        axes={axis: rng.choice(words) for axis, words in AXES.items()},
        told={axis: rng.choice(words) for axis, words in (CHINESE_LABELS if chinese else LABELS).items()},
        cluster_told={axis: rng.choice(words) for axis, words in (CHINESE_LABELS if chinese else LABELS).items()},
    )
