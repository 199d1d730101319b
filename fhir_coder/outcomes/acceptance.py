"""How many codes each coder signs that nobody accepted one by one.

A sign-off takes such codes as they are. That is allowed, and says less about the code than an acceptance does: a coder whose share is high, or whose
second reviews differ, may be signing what they have not read (automation bias).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from fhir_coder.outcomes.outcome import SignedOutcome
from fhir_coder.worklist.decision import Someone


@dataclass(frozen=True, slots=True)
class Accepted:
    """What one coder signed: sign-offs that are in force, those that took the whole proposal without a decision on any code (``blind``), the codes that
    were signed, and those of them that nobody had accepted one by one (``unseen``)."""

    coder: Someone
    sign_offs: int
    blind: int
    codes: int
    unseen: int


def accepted_by_coder(outcomes: Iterable[SignedOutcome]) -> tuple[Accepted, ...]:
    """One for each coder, the highest share of unseen codes first."""
    signed: defaultdict[tuple[str, str], list[SignedOutcome]] = defaultdict(list)
    for one in outcomes:
        signed[one.decided_by.id, one.decided_by.issuer].append(one)
    found = [
        Accepted(
            theirs[0].decided_by,
            len(theirs),
            sum(one.is_blind for one in theirs),
            sum(len(one.final) for one in theirs),
            sum(len(one.unseen) for one in theirs),
        )
        for theirs in signed.values()
    ]
    return tuple(sorted(found, key=lambda one: (-one.unseen / max(one.codes, 1), one.coder.id)))
