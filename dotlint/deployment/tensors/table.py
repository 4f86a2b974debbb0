"""The table of operators, from `rules/operators.toml`: what each role does with the placements of its inputs."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import Struct, convert

from dotlint.deployment.tensors.placements import ANY, BITS, placements

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.deployment.vocabulary import Vocabulary

HIDDEN_STATES: Final = 1
CHOICE: Final = 2 | 4
PAYLOADS: Final = {"hidden": HIDDEN_STATES, "scores": 2, "indices": 4, "logits": 8, "ids": 16}
"""What a tensor contains. `CHOICE` are the two by which experts are chosen."""
ALL_PAYLOADS: Final = 31

Join = Literal["first", "alike", "product", "attention"]
Collective = Literal["reduce", "gather", "concatenate", "reduce-scatter", "exchange", "split", "broadcast"]
Changes = Literal["nothing", "gather", "scatter", "gather-sequence", "split-sequence", "project", "choose"]
States = Literal["all", "part", "nothing"]


class ShapeRule(Struct, frozen=True, forbid_unknown_fields=True):
    """How an operator of a role changes shapes, and which part of its producer's and consumer's tensors it states.

    See the comment at the top of `rules/operators.toml`.
    """

    changes: Changes | None = None
    takes: States | None = None
    makes: States | None = None
    joins: bool = False
    fused: bool = False
    passes: bool = False

    @property
    def keeps(self) -> bool:
        """Whether it gives the tensor that it takes."""
        return self.passes or self.changes == "nothing"


class PayloadRule(Struct, frozen=True):
    """What an operator needs (`hidden`: one input of hidden states, `each`: every input) and the kinds that it gives.

    `passes` is whether it may also give what came in. An operator without `gives` may give anything.
    """

    needs: Literal["hidden", "each", ""] = ""
    kinds: int = 0
    passes: bool = False

    @property
    def makes_hidden(self) -> bool:
        """Whether its output is hidden states, whatever came in."""
        return bool(self.kinds & HIDDEN_STATES)


class OperatorRule(Struct, frozen=True):
    """What an operator of a role does; `gives` has, for each bit it accepts, the possible outputs. None: everything.

    `words` mean the role only beside other parts of its block; `exchanges` show that ranks exchange what they need.
    """

    role: str
    gives: Mapping[int, int] | None = None
    joins: Join = "first"
    weights: bool = False
    collective: Collective | None = None
    words: tuple[str, ...] = ()
    exchanges: tuple[str, ...] = ()
    shape: ShapeRule = ShapeRule()
    payload: PayloadRule = PayloadRule()


class Statement(Struct, frozen=True):
    """Phrases of labels that state what an operator gives; `roles` restricts them to some roles, if any."""

    phrases: tuple[str, ...]
    gives: int
    roles: tuple[str, ...] = ()


class OperatorTable(Struct, frozen=True):
    """The rules of all roles, and what labels state."""

    rules: Mapping[str, OperatorRule]
    statements: tuple[Statement, ...]


@lru_cache(maxsize=16)
def operator_table(vocabulary: Vocabulary) -> OperatorTable:
    """Return the table of a vocabulary. Its entries are valid: `table_mistakes` refuses others before."""
    rules = {
        role: OperatorRule(
            role,
            _gives(entry.get("gives")),
            entry.get("joins", "first"),
            entry.get("weights", False),
            entry.get("collective"),
            tuple(entry.get("words", ())),
            tuple(entry.get("exchanges", ())),
            shape=convert(entry.get("shape", {}), ShapeRule),
            payload=_payload(entry.get("payload", {})),
        )
        for role, entry in vocabulary.operators.items()
    }
    statements = tuple(
        Statement(
            tuple(f" {' '.join(vocabulary.split(phrase))} " for phrase in entry["phrases"]),
            placements(entry["gives"]),
            tuple(entry.get("roles", ())),
        )
        for entry in vocabulary.statements
    )
    return OperatorTable(rules, statements)


def _payload(entry: Mapping[str, Any]) -> PayloadRule:
    given = entry.get("gives", ())
    kinds = sum(PAYLOADS[name] for name in given if name != "same")
    return PayloadRule(entry.get("needs", ""), kinds, "same" in given)


def _gives(entry: Any) -> dict[int, int] | None:  # noqa: ANN401 - a value of a TOML file
    if entry is None:
        return None
    if entry == "same":
        return {bit: bit for bit in BITS.values()}
    if entry == "any":
        return dict.fromkeys(BITS.values(), ANY)
    found: dict[int, int] = {}
    for name, given in entry.items():
        bit = BITS[name]
        found[bit] = bit if given == "same" else ANY if given == "any" else placements(given)
    return found
