"""Facts: what the name, label, cluster and attributes of a node state, collected one by one, not yet weighed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.gpus_and_dims import Gpus, Tensors, read_gpus, read_tensors
from dotlint.deployment.roles import stated_role
from dotlint.deployment.words import Name, label_lines, parse_name, plain_words
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.deployment.vocabulary import Role, Vocabulary
    from dotlint.graph.model import Node, Subgraph

# `PP=4` is a degree, `PP0` and `PP rank: 0` are a stage.
_STAGE = regex(
    r"\b(?:(?:pipeline[\s_]*)?stage[\s_:#=]*|pp[\s_]*(?:stage|rank)[\s_:#=]*|pp[\s_]?)(\d+)\b(?![^\S\n]*(?:x|×|stages?\b))",
    re.IGNORECASE,
)
_LINK = regex(r"\bstages?[\s_]*(\d+)\s*(?:->|→|to|=>|-|/)\s*(?:stage[\s_]*)?(\d+)", re.IGNORECASE)
_LAYER = regex(
    r"\b(?:layer|lyr|transformer\s+block)[\s_:#=]*(\d+)\b(?!\s*(?:-|–|to|\.\.)\s*\d)|\bL(\d+)\b", re.IGNORECASE
)
_LAYERS = regex(r"\b(?:layers?|blocks?)[\s_:#=]*\(?(\d+)\s*(?:-|–|—|to|\.\.\.?|…|through)\s*(\d+)", re.IGNORECASE)
_EXPERTS = regex(
    r"\b(?:experts?|exp)[\s_:#-]*+[(\[]?\s*+(?P<ids>\d++(?:\s*+(?:-|–|—|to|\.\.\.?|…|,)\s*+\d++)*+)(?!\s*(?:experts|per)\b)",
    re.IGNORECASE,
)
_PHASES = {"prefill": "prefill", "decode": "decode", "dec": "decode", "decoding": "decode"}
_LONGEST = 8192  # characters read per line; a list of a thousand GPUs has half as many
_HUGE = regex(r"\d{16,}")  # not a count, id or size of anything
_NONE: frozenset[str] = frozenset()
_STAGE_WORDS = {"stage", "pp", "st"}
_LAYER_WORDS = {"layer", "l", "lay", "lyr", "block"}


class Facts(Struct, frozen=True, gc=False):
    """What the name and label of a node or cluster state; None or empty if they state nothing."""

    name: Name
    lines: tuple[str, ...]
    title: str
    stage: int | None
    link: tuple[int, int] | None
    layer: int | None
    layers: tuple[int, int] | None
    phases: frozenset[str]
    gpus: Gpus | None
    tensors: Tensors
    experts: tuple[int, int] | None
    role: Role | None


def _number_after(name: Name, words: set[str]) -> int | None:
    return next((number for word, number in zip(name.words, name.numbers, strict=True) if word in words), None)


# `Send to PP1`, `Recv from stage 0`: the other end of a transfer, not the stage of the node.
_OTHER_END = regex(r"\b(?:to|from|into|towards?)\s+(?:the\s+)?(?:pipeline\s+)?(?:stage|pp)[\s_:#]*\d+", re.IGNORECASE)


def _one_stage(name: Name, text: str) -> tuple[int | None, tuple[int, int] | None]:
    lower = text.lower()
    link = _LINK.search(text) if "stage" in lower else None
    if link is not None:
        return None, (int(link[1]), int(link[2]))
    named = _number_after(name, _STAGE_WORDS)
    if named is not None:
        return named, None
    if "stage" not in lower and "pp" not in lower:
        return None, None
    stages = {int(match[1]) for match in _STAGE.finditer(_OTHER_END.sub("", text))}
    return (stages.pop() if len(stages) == 1 else None), None


def _expert_range(text: str) -> tuple[int, int] | None:
    """Parse `0-3`, `0,1,2,3` or `5`; None if the ids are not a range."""
    ids = [int(number) for number in re.findall(r"\d+", text)]
    if "," in text and sorted(ids) != list(range(min(ids), max(ids) + 1)):
        return None
    return (min(ids), max(ids)) if "," in text or len(ids) == 1 or ids[0] <= ids[-1] else None


def read_facts(name: str, label: str, vocabulary: Vocabulary) -> Facts:
    """Return the facts of a name and label, without regard to any other node."""
    lines = tuple([_HUGE.sub("…", line[:_LONGEST]) for line in label_lines(label)])
    parsed = parse_name(name)
    title = lines[0] if lines else ""
    speech = "\n".join(line for line in lines if "[" not in line)
    stage, link = _one_stage(parsed, speech)
    layer = _number_after(parsed, _LAYER_WORDS)
    if layer is None and (match := _LAYER.search(speech)):
        layer = int(match[1] or match[2])
    ranged = _LAYERS.search(speech) if "layer" in (lower := speech.lower()) or "block" in lower else None
    experts = _EXPERTS.search(title) or _EXPERTS.search(name.replace("_", " "))
    words = set(plain_words(name).split()) | set(plain_words(title).split())
    return Facts(
        name=parsed,
        lines=lines,
        title=title,
        stage=stage,
        link=link,
        layer=layer,
        layers=(int(ranged[1]), int(ranged[2])) if ranged else None,
        phases=frozenset(_PHASES[word] for word in phases) if (phases := words & _PHASES.keys()) else _NONE,
        gpus=read_gpus(lines),
        tensors=read_tensors(lines),
        experts=_expert_range(experts["ids"]) if experts else None,
        role=stated_role(name, lines, vocabulary),
    )


def node_facts(node: Node, vocabulary: Vocabulary) -> Facts:
    """Return the facts of the name and label of a node."""
    label = node.attributes.get("label", "")
    return read_facts(node.name, "" if label == "\\N" else label, vocabulary)


def subgraph_facts(subgraph: Subgraph, vocabulary: Vocabulary) -> Facts:
    """Return the facts of the name and label of a cluster; an inherited label does not count."""
    return read_facts(subgraph.name or "", subgraph.own_attributes.get("label", ""), vocabulary)
