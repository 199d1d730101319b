"""What a server must do with a fixture, as one entry of ``expected.json``: kind, how binding it is, why, and what the kind needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.requirement import Level

COMMON_KEYS = frozenset({"kind", "scope", "why"})
KINDS: Mapping[str, frozenset[str]] = {
    "answered": frozenset(),
    "refused": frozenset(),
    "refused-with": frozenset({"status", "issue"}),
    "answered-or-refused": frozenset(),
    "disposition": frozenset({"anyOf"}),
    "reason": frozenset({"system", "code"}),
    "assigned": frozenset({"anyOf"}),
    "not-assigned": frozenset({"codes"}),
    "not-passed": frozenset({"codes"}),
    "first-listed": frozenset({"anyOf"}),
    "not-first-listed": frozenset({"codes"}),
    "sequence": frozenset({"before", "after"}),
    "read": frozenset({"documents"}),
    "read-or-review": frozenset({"document"}),
    "not-read": frozenset({"documents"}),
    "read-once": frozenset({"document"}),
    "text": frozenset({"document", "contains"}),
    "evidence": frozenset({"document", "codes"}),
    "reconciled": frozenset({"recorded", "status"}),
    "conditions": frozenset(),
    "claim-coverage": frozenset({"supplied"}),
    "claim-diagnoses": frozenset({"most"}),
}
"""The kinds, each with the keys that it needs beside the common ones."""
OPTIONAL_KEYS: Mapping[str, frozenset[str]] = {"not-passed": frozenset({"exact"})}


@dataclass(frozen=True, slots=True)
class Expectation:
    """``why`` cites what settles it; ``given`` holds the keys of its kind."""

    kind: str
    scope: Level
    why: str
    given: Mapping[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.given[key]


def read_expectation(told: Mapping[str, Any]) -> Expectation:
    """Raises ValueError for a kind or key that is not known, or one that is missing."""
    kind = told.get("kind", "")
    if kind not in KINDS:
        raise ValueError(f"there is no expectation of kind {kind!r}")
    needed = KINDS[kind] | COMMON_KEYS
    if not needed <= told.keys() <= needed | OPTIONAL_KEYS.get(kind, frozenset()):
        raise ValueError(f"an expectation of kind {kind} has the keys {', '.join(sorted(needed))}")
    return Expectation(kind, Level(told["scope"]), told["why"], {key: value for key, value in told.items() if key not in COMMON_KEYS})
