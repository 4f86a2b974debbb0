"""Facts: what the name, label, cluster and attributes of a node state, collected one by one, not yet weighed."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dotlint.deployment.gpus_and_dims import Tensors, read_tensors, with_attributes
from dotlint.deployment.placed_tensors import placed
from dotlint.deployment.stated_role import stated_role
from dotlint.deployment.words import Name, label_lines, parse_name, plain_words, record_lines, word_set
from dotlint.syntax.lexemes import Html
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.deployment.devices.reader import Gpus
    from dotlint.deployment.vocabulary import Role, Vocabulary
    from dotlint.graph.model import Node, Subgraph

_LAYERS = regex(r"\b(?:layers?|blocks?)[\s_:#=]*\(?(\d+)\s*(?:-|–|—|to|\.\.\.?|…|through)\s*(\d+)", re.IGNORECASE)
_EXPERTS = regex(
    r"\b(?:experts?|exp)[\s_:#-]*+[(\[]?\s*+(?P<ids>\d++(?:\s*+(?:-|–|—|to|\.\.\.?|…|,)\s*+\d++)*+)(?!\s*(?:experts|per)\b)",
    re.IGNORECASE,
)
_LONGEST = 8192  # characters read per line; a list of a thousand GPUs has half as many
_HUGE_LENGTH = 16
_HUGE = regex(rf"\d{{{_HUGE_LENGTH},}}")  # not a count, id or size of anything
_NONE: frozenset[str] = frozenset()


class Facts(Struct, frozen=True, gc=False):
    """What the name and label of a node or cluster state; None or empty if they state nothing."""

    name: Name
    lines: tuple[str, ...]
    title: str
    layers: tuple[int, int] | None
    phases: frozenset[str]
    gpus: Gpus | None
    tensors: Tensors
    experts: tuple[int, int] | None
    role: Role | None


def _first_experts(text: str) -> re.Match[str] | None:
    return _EXPERTS.search(text) if "exp" in text.lower() else None


def _expert_range(text: str) -> tuple[int, int] | None:
    """Parse `0-3`, `0,1,2,3` or `5`; None if the ids are not a range."""
    ids = [int(number) for number in re.findall(r"\d+", text)]
    if "," in text and sorted(ids) != list(range(min(ids), max(ids) + 1)):
        return None
    return (min(ids), max(ids)) if "," in text or len(ids) == 1 or ids[0] <= ids[-1] else None


def _devices(name: str, lines: tuple[str, ...], vocabulary: Vocabulary) -> Gpus | None:
    """Return the devices that a label states; a title that repeats the name states none if another line does."""
    if len(lines) > 1 and plain_words(lines[0]) == plain_words(name):
        stated = vocabulary.devices.read(lines[1:])
        if stated is not None:
            return stated
    return vocabulary.devices.read(lines)


@lru_cache(maxsize=16384)  # a fix is tried on a text in which nearly all nodes are the same
def read_facts(name: str, visible: tuple[str, ...], vocabulary: Vocabulary) -> Facts:
    """Return the facts of a name and the lines of a label, without regard to any other node."""
    lines = tuple([line if len(line) < _HUGE_LENGTH else _HUGE.sub("…", line[:_LONGEST]) for line in visible])
    parsed = parse_name(name)
    title = lines[0] if lines else ""
    speech = "\n".join(line for line in lines if "[" not in line)
    ranged = _LAYERS.search(speech) if "layer" in (lower := speech.lower()) or "block" in lower else None
    experts = _first_experts(title) or _first_experts(name.replace("_", " "))
    role = stated_role(name, lines, vocabulary)
    known = vocabulary.phases
    words = word_set(name) | word_set(title)
    return Facts(
        name=parsed,
        lines=lines,
        title=title,
        layers=(int(ranged[1]), int(ranged[2])) if ranged else None,
        phases=frozenset(known[word] for word in phases) if (phases := words & known.keys()) else _NONE,
        gpus=_devices(name, lines, vocabulary),
        tensors=placed(read_tensors(lines), role.name if role else ""),
        experts=_expert_range(experts["ids"]) if experts else None,
        role=role,
    )


def node_facts(node: Node, vocabulary: Vocabulary) -> Facts:
    """Return the facts of the name and label of a node."""
    attributes = node.attributes
    label = attributes.get("label", "")
    record = attributes.get("shape", "") in {"record", "Mrecord"} and not isinstance(label, Html)
    lines = (record_lines if record else label_lines)("" if label == "\\N" else label)
    facts = read_facts(node.name, tuple(lines), vocabulary)
    tensors = with_attributes(facts.tensors, attributes)
    return facts if tensors is facts.tensors else replace(facts, tensors=tensors)


def subgraph_facts(subgraph: Subgraph, vocabulary: Vocabulary) -> Facts:
    """Return the facts of the name and label of a cluster; an inherited label does not count."""
    return read_facts(subgraph.name or "", tuple(label_lines(subgraph.own_attributes.get("label", ""))), vocabulary)
