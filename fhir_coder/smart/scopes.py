"""SMART scopes: how they are spelled (v1 and v2), and which ones the operations need.

Source: https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html. It defines no scope for operations; the rule here is our
own and stands in docs/security.md. A scope with a query part opens a part of its type only and counts for nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from fhir_coder.errors import InsufficientScope
from fhir_coder.smart.refusal import REALM

_SCOPE = re.compile(
    r"(?P<level>system|user|patient)/(?P<type>\*|[A-Z][A-Za-z]{0,63})\.(?P<access>read|write|\*|(?=[cruds])c?r?u?d?s?)(?P<query>\?.*)?",
    re.ASCII | re.DOTALL,
)
_V1 = {"read": "rs", "write": "cud", "*": "cruds"}


@dataclass(frozen=True, slots=True)
class Scope:
    """Access to all resources of a type (or of ``*``, every type) at a level (system, user or patient); ``letters`` are of ``cruds``."""

    level: str
    type: str
    letters: frozenset[str]

    def allows(self, resource_type: str, letter: str) -> bool:
        """Whether it opens that interaction with that type."""
        return self.type in {"*", resource_type} and letter in self.letters


def parse_scopes(text: str) -> tuple[Scope, ...]:
    """The scopes for whole types in a scope string; launch, identity and unknown ones are passed over."""
    return tuple(_scopes(text))


def _scopes(text: str) -> Iterator[Scope]:
    for word in text.split(" "):
        match = _SCOPE.fullmatch(word)
        if match and match["query"] is None:
            yield Scope(match["level"], match["type"], frozenset(_V1.get(match["access"], match["access"])))


Need = tuple[str, str]
"""A resource type, and the letters needed of it."""


class Operation(Enum):
    """The operations, each with the scopes that it needs: one of the alternatives, all of it."""

    CODE_ENCOUNTER = ((("Encounter", "r"), ("DocumentReference", "rs")),)
    CHECK_CODING = ((("Claim", "r"),), (("Condition", "r"),))


WRITES: tuple[tuple[str, str, str], ...] = (
    *((kind, letter, interaction) for kind in ("Condition", "Claim", "Task") for letter, interaction in (("c", "create"), ("u", "update"))),
    ("Provenance", "c", "create"),
)
"""What write-back does, by type, letter and interaction. Each is optional: what a token does not allow is not written."""

QUESTIONS: tuple[tuple[str, str, str], ...] = (("Communication", "c", "create"),)
"""What a question to the provider takes beside the Task of :data:`WRITES`; a Task carries the words where this is missing."""


def covers(scopes: Iterable[Scope], need: Need) -> bool:
    """Whether the scopes together open all letters of a type."""
    given = tuple(scopes)
    return all(any(scope.allows(need[0], letter) for scope in given) for letter in need[1])


def require_scopes(scopes: Iterable[Scope], operation: Operation) -> None:
    """Raises InsufficientScope, which names the scopes needed."""
    given = tuple(scopes)
    if not any(all(covers(given, need) for need in needs) for needs in operation.value):
        alternatives = [" ".join(f"system/{kind}.{letters}" for kind, letters in needs) for needs in operation.value]
        raise InsufficientScope(
            f"the token's scope does not cover this operation, which needs {' or '.join(alternatives)} (or user/, or patient/ of one patient)",
            headers={"WWW-Authenticate": f'{REALM}, error="insufficient_scope", scope="{alternatives[0]}"'},
        )


def withheld_writes(scopes: Iterable[Scope]) -> frozenset[tuple[str, str]]:
    """Resource types and interactions of write-back that the scopes do not open."""
    return _withheld(scopes, WRITES)


def withheld_questions(scopes: Iterable[Scope]) -> frozenset[tuple[str, str]]:
    """The same of what a question takes beside."""
    return _withheld(scopes, QUESTIONS)


def _withheld(scopes: Iterable[Scope], wanted: Iterable[tuple[str, str, str]]) -> frozenset[tuple[str, str]]:
    given = tuple(scopes)
    return frozenset((kind, interaction) for kind, letter, interaction in wanted if not covers(given, (kind, letter)))
