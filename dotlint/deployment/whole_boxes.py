"""Summary nodes: an ellipsis, a whole stage, phase or layer as one box, a box that lists several operators."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.facts import Facts
    from dotlint.deployment.model import Reading
    from dotlint.deployment.vocabulary import Role, Vocabulary

_LIST = regex(r"\[[^\[\]]*\]")
_NOT_OF_NODES = regex(r"\s*(?:(?:in|out)(?:puts?)?\s*\d*\s*[:=]|gpus?\b|devices?\b)", re.IGNORECASE)
_BETWEEN = regex(r"\s*(?:\+|,|/|&|→|->|\band\b)\s*")
_MARKS = ("+", ",", "/", "&", "→", "->", "and")
_BLOCK_WORDS = {"block", "blocks", "transformer", "decoder", "encoder", "layer", "layers", "阶段", "层"}
_OF_ATTENTION = {
    "qkv", "query", "key-projection", "value-projection", "scores", "softmax", "attention", "output-projection",
}  # fmt: skip
_OF_MLP = {"mlp", "mlp-up", "mlp-down", "activation", "expert", "shared-expert", "gate", "route"}
_FEWEST = 3  # `Add & Norm` is one fused operator; three roles are a block
_LONGEST = 3  # words of a name in a list; more are a sentence


def stands_for_others(evidence: Facts, name: str, vocabulary: Vocabulary) -> bool:
    """Return whether name or label declare that the node represents others.

    Phrases about tensors (`Output: same as input`) do not count.
    """
    lines = [name.replace("_", " "), *evidence.lines]
    text = "\n".join(lines).lower()
    if not any(phrase in text for phrase in vocabulary.summary_phrases):
        return False
    text = "\n".join(_LIST.sub("", line) for line in lines if not _NOT_OF_NODES.match(line)).lower()
    return any(phrase in text for phrase in vocabulary.summary_phrases)


def mark_whole_box(reading: Reading, vocabulary: Vocabulary) -> None:
    """Mark a node that represents a whole stage, phase or layer, or that lists several operators."""
    evidence = reading.evidence
    words = set(vocabulary.split(evidence.title))
    headed = words - _BLOCK_WORDS <= vocabulary.annotation_words
    if headed and words & {"stage", "phase", "pipeline"} and not reading.states_dims:
        why = f"a block that represents a whole stage or phase: `{evidence.title}`"
    elif headed and words & _BLOCK_WORDS and reading.role is None and _names_layer(reading, vocabulary):
        why = f"a block that represents a whole layer: `{evidence.title}`"
    elif _is_block({role.name for role in _listed_roles(evidence, vocabulary, headed=headed)}):
        why = "a block that lists several operators"
    else:
        return
    reading.summary, reading.role = True, None
    reading.whole_box = bool(evidence.tensors.inputs and evidence.tensors.outputs)
    reading.because(why)


def _names_layer(reading: Reading, vocabulary: Vocabulary) -> bool:
    """Return whether the name has a number and no word of an operator: `layer3`, `d0_l3`, not `layer3_proj`."""
    words = vocabulary.split(reading.name)
    return bool(reading.evidence.name.numbers) and all(
        len(word) == 1 or word in _BLOCK_WORDS or word in vocabulary.annotation_words for word in words
    )


def _is_block(roles: set[str]) -> bool:
    return len(roles) >= _FEWEST or bool(roles & _OF_ATTENTION and roles & _OF_MLP)


def _listed_roles(evidence: Facts, vocabulary: Vocabulary, *, headed: bool) -> Iterator[Role]:
    """Yield the roles of the parts of lists in a label: `RMSNorm + MHA + Residual`.

    Lists below the title count only if the title is a header: below `Expert 3` they describe the expert.
    """
    for line in evidence.lines if headed else evidence.lines[:1]:
        if "[" in line or not any(mark in line for mark in _MARKS) or _NOT_OF_NODES.match(line):
            continue
        parts = _BETWEEN.split(line)
        for part in parts if len(parts) > 1 else ():
            role = vocabulary.role(part)
            if role is not None and role.kind == "computation" and len(vocabulary.split(part)) <= _LONGEST:
                yield role
