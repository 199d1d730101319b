"""A store of made-up signed reviews, each saved and decided as a server does it: for figures over many."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from fhir_coder.audit.fhir_event import Observer
from fhir_coder.exchange import CodingResult, Intake, ReleaseUse
from fhir_coder.model import (
    Assertions,
    CodeAssignment,
    CodedEncounter,
    Disposition,
    EditReport,
    Encounter,
    Finding,
    Mentions,
    Outcome,
    Patient,
    Reason,
    Rejection,
    RejectionReason,
    Sections,
    Severity,
)
from fhir_coder.store.audit import AuditLog
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.engine import open_engine
from fhir_coder.store.repository import Repository
from fhir_coder.store.reviews import Checked, Maker, Reviews
from fhir_coder.store.upgrade import upgrade
from fhir_coder.worklist.decision import Act, Decision, Someone

TENANT = "default"
_CODES = ("I10", "E11.9", "R05.9", "M54.50", "J06.9", "E78.5", "Z23", "N39.0", "J45.909", "K21.9", "M17.11", "L30.9")
_INSTEAD = {"E11.9": "E11.65", "R05.9": "R05.1", "M54.50": "M54.51", "J45.909": "J45.30"}
_WEIGHED = ("R50.9", "R51.9", "R07.9", "R42", "R53.83", "R11.0")
_EDITS = (("FCE-120", Severity.ADVISORY), ("FCE-206", Severity.ADVISORY), ("FCE-304", Severity.INFORMATION))
_PROVIDERS = ("Practitioner/abel", "Practitioner/bach", "Practitioner/cole", "Practitioner/dunn")
_SPECIALTIES = ("Internal Medicine", "Family Medicine", "Cardiology", "")
_CODERS = tuple(Maker(Someone(f"Practitioner/{name.lower()}", "https://ehr.example", name)) for name in ("Erin", "Finn", "Gale"))


class Practice:
    """Fills the store at ``url`` (FHIR_CODER_DATABASE_URL) with the key ``key``; ``last`` is the moment of the newest sign-off at the latest."""

    def __init__(self, url: str, key: str, last: datetime, days: int = 28) -> None:
        self._engine, cipher = open_engine(url), Cipher(key)
        upgrade(self._engine)
        self._now = self._last = last.astimezone(UTC)
        self._days = days
        self._repository = Repository(self._engine, cipher, lambda: self._now)
        self._reviews = Reviews(self._engine, cipher, AuditLog(self._engine, Observer("practice"), lambda: self._now), lambda: self._now)
        self._choice = random.Random(7)  # noqa: S311 - made-up figures

    def fill(self, signed: int, passed: int = 0) -> None:
        """Add reviews: ``signed`` by a person and ``passed`` by the engine."""
        for number in range(signed + passed):
            turnaround = timedelta(hours=min(self._choice.expovariate(1 / 9), 100))
            done = self._last - timedelta(days=self._choice.uniform(0, self._days))
            self._now = done - turnaround
            result = _result(number, self._choice, number >= signed)
            coding = self._repository.save(TENANT, "main", result)
            self._now = done
            if number < signed:
                self._decide(coding, result)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _decide(self, coding: str, result: CodingResult) -> None:
        maker = self._choice.choice(_CODERS)
        for version, decision in enumerate(_decisions(result, self._choice)):
            self._reviews.decide(TENANT, coding, version, decision, maker, Checked())


def _decisions(result: CodingResult, choice: random.Random) -> Iterator[Decision]:
    """Codes are kept as often as their probability says, a little less."""
    for one in result.disposition.report.coded.assignments:
        if choice.random() < 0.97 * one.probability:
            if choice.random() < 0.5:
                yield Decision(Act.ACCEPT, one.code)
        elif one.code in _INSTEAD:
            yield Decision(Act.REPLACE, one.code, instead=_INSTEAD[one.code], reason="more-specific")
        else:
            yield Decision(Act.REJECT, one.code, reason="not-documented")
    if choice.random() < 0.1:
        yield Decision(Act.RESTORE, _WEIGHED[0])
    yield Decision(Act.SIGN_OFF)


def _result(number: int, choice: random.Random, is_passed: bool) -> CodingResult:
    place = choice.choices(range(len(_PROVIDERS)), (5, 4, 3, 1))[0]
    encounter = Encounter(
        f"e{number}", (), Patient(f"p{number % 997}"), date(2026, 5, 1), reference=f"Encounter/e{number}", provider=_PROVIDERS[place]
    )
    codes = choice.sample(_CODES, choice.randint(1, 6))
    coded = CodedEncounter(
        Assertions(Mentions(Sections(encounter, ()), ()), ()),
        "2026-04-01",
        tuple(
            CodeAssignment(code, "", round(choice.betavariate(4, 1.3), 3), rank, (), "", {"lexical": 1.0})
            for rank, code in enumerate(codes, 1)
        ),
        tuple(Rejection(code, "", RejectionReason.LOW_PROBABILITY, (), 0.1) for code in _WEIGHED),
    )
    findings = tuple(Finding(edit, "", severity, (), "", "") for edit, severity in choice.sample(_EDITS, choice.randint(0, len(_EDITS))))
    outcome = Outcome.PASS if is_passed else Outcome.REVIEW
    reasons = () if is_passed else (Reason("low-probability", "A code is below the threshold.", ()),)
    role = {
        "resourceType": "PractitionerRole",
        "id": f"r{place}",
        "practitioner": {"reference": _PROVIDERS[place]},
        "specialty": [{"coding": [{"display": _SPECIALTIES[place]}]}],
    }
    return CodingResult(
        replace(Intake(encounter), resources={f"PractitionerRole/r{place}": role}),
        Disposition(EditReport(coded, findings, ()), outcome, reasons, tuple(outcome for _ in codes)),
        ReleaseUse("2026-04-01", date(2026, 4, 1), date(2026, 9, 30), "covered"),
        {"resourceType": "Bundle", "type": "collection"},
    )
