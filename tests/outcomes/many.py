"""A practice with four weeks of work: enough of everything that each chart has something to show. The same each time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from fhir_coder.model import Outcome
from fhir_coder.outcomes.outcome import CodedLine, SignedOutcome
from fhir_coder.outcomes.signed_line import SignedLine, line_of
from tests.outcomes.made import ANNA, BERT, START, coded, signed

_CODES = ("I10", "E11.9", "R05.9", "M54.50", "J06.9", "E78.5", "Z23", "N39.0")
_INSTEAD = {"E11.9": "E11.65", "R05.9": "R05.1", "M54.50": "M54.51"}
_PROVIDERS = (("Practitioner/dr", "Internal Medicine"), ("Practitioner/who", "Family Medicine"), ("Practitioner/no", ""))
DAYS = 28


class ManyOutcomes:
    """Outcomes as the store gives them: ``count`` that are signed, and twice as many that were coded."""

    def __init__(self, count: int = 300) -> None:
        choice = random.Random(7)
        self._signed = [_signed(choice) for _ in range(count)]
        self._coded = [_coded(choice) for _ in range(2 * count)]

    def coded(self, tenant: str, since: datetime | None = None, until: datetime | None = None) -> Iterator[CodedLine]:
        yield from (one for one in self._coded if _is_within(one.created_at, since, until))

    def lines(self, tenant: str, since: datetime | None = None, until: datetime | None = None) -> Iterator[SignedLine]:
        yield from (line_of(one) for one in self._signed if _is_within(one.signed_at, since, until))


def _is_within(moment: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or since <= moment) and (until is None or moment < until)


def _day(choice: random.Random) -> datetime:
    return START - timedelta(days=choice.randrange(DAYS), hours=choice.randrange(8))


def _told(choice: random.Random) -> dict[str, Any]:
    provider, specialty = choice.choices(_PROVIDERS, (5, 4, 1))[0]
    return {"provider": provider, "specialty": specialty, "engine_version": choice.choice(("0.1.0", "0.2.0"))}


def _coded(choice: random.Random) -> CodedLine:
    hours = (_day(choice) - START) / timedelta(hours=1)
    return coded(hours, choice.choices((Outcome.PASS, Outcome.REVIEW), (2, 3))[0], **_told(choice))


def _signed(choice: random.Random) -> SignedOutcome:
    proposed = {code: round(choice.betavariate(4, 1.3), 3) for code in choice.sample(_CODES, choice.randint(1, 4))}
    final, replaces = [], []
    for code, probability in proposed.items():
        if choice.random() < probability:
            final.append(choice.choice(("", "~")) + code)
        elif code in _INSTEAD:
            final.append(_INSTEAD[code])
            replaces.append(f"{code}>{_INSTEAD[code]}")
    edits = " ".join(
        choice.sample(("FCE-206/blocking", "FCE-120/advisory", "FCE-304/advisory", "FCE-208/information"), choice.randint(0, 2))
    )
    person = choice.choices((ANNA, BERT), (3, 1))[0]
    hours, queued = choice.expovariate(1 / 9), _day(choice)
    return signed(proposed, " ".join(final), hours, " ".join(replaces), edits, queued=queued, decided_by=person, **_told(choice))
