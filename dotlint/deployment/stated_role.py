"""The role that the label and the name of a node state, without regard to any other node."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.deployment.vocabulary import Role, Vocabulary

_BLOCKS = {"mlp", "attention"}  # their bare names are also titles of what belongs to the block
_MORE_WORDS = {"across", "over", "all", "ranks", "group", "groups", "pairs", "into", "tensor", "between", "devices"}
_BETWEEN_STAGES = {"pp", "pipeline", "stage", "stages", "pointtopoint"}


def stated_role(name: str, lines: Sequence[str], vocabulary: Vocabulary) -> Role | None:
    """Return the role that a label and a name state: the title first, then the name, then the other lines."""
    title = lines[0] if lines else ""
    role = vocabulary.role(title)
    if role is None or role.kind == "io":
        named = vocabulary.role(name)
        # A label with the word Output takes precedence over a name about tokens.
        role = role if named is None or (role is not None and named.kind == "io") else named
    words = set(vocabulary.split(title))
    if role is None and words <= vocabulary.annotation_words:
        return next((found for _, found in _further(lines, vocabulary)), None)
    if role is None or not _states_little(role, words, vocabulary):
        return role
    named = vocabulary.role(name)
    if named is not None and named.collective and words <= set(vocabulary.split(name)):
        return named  # the title `Combine` of `all_to_all_combine`
    if named is not None and named.communicates == "all-to-all" and role.kind == "routing":
        return vocabulary.role(f"{name} {title}")
    for line, found in _further(lines, vocabulary):
        if found.collective and all(
            word in vocabulary.words or word in vocabulary.annotation_words or word in _MORE_WORDS
            for word in vocabulary.split(line)
        ):
            return vocabulary.role(f"{title} {line}")
    return role


def _further(lines: Sequence[str], vocabulary: Vocabulary) -> Iterator[tuple[str, Role]]:
    for line in lines[1:]:
        if "[" not in line and "gpu" not in line.lower() and (found := vocabulary.role(line)) is not None:
            yield line, found


def _states_little(role: Role, words: set[str], vocabulary: Vocabulary) -> bool:
    """Return whether a title leaves open how the node does what it does: `Token Distribution`, `Communication`."""
    if role.name == "transfer":
        return _BETWEEN_STAGES.isdisjoint(words)
    return role.kind == "routing" or (role.name in _BLOCKS and len(words - vocabulary.annotation_words) == 1)
