"""A practice that codes one encounter again and again at an EHR in memory, with the memory that the store gives the server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from fhir_coder.exchange import Intake
from fhir_coder.model import (
    Assertions,
    CodeAssignment,
    CodedEncounter,
    Disposition,
    EditReport,
    Encounter,
    Evidence,
    Mentions,
    Note,
    Outcome,
    Patient,
    Reason,
    Sections,
)
from fhir_coder.writeback.bundle import build_bundle
from fhir_coder.writeback.delivery import deliver
from fhir_coder.writeback.proposal import Proposal
from fhir_coder.writeback.terms import terms_of
from tests.simulated_ehr import Resource, SimulatedEhr

NOTE = Note(id="n1", text="Hypertension. Type 2 diabetes.", reference="DocumentReference/n1")
CHANGED_NOTE = Note(id="n1", text="Hypertension, controlled. Type 2 diabetes.", reference="DocumentReference/n1")
ENCOUNTER = Encounter(
    id="e1",
    notes=(NOTE,),
    patient=Patient("p1", date(1960, 1, 1), "female"),
    service_date=date(2026, 5, 4),
    coverage="Coverage/c1",
    provider="Practitioner/d1",
    reference="Encounter/e1",
)
START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
KEY = "default.e1"


def proposal_of(
    codes: tuple[str, ...],
    note: Note = NOTE,
    outcome: Outcome = Outcome.REVIEW,
    recorded: datetime = START,
    encounter: Encounter = ENCOUNTER,
) -> Proposal:
    """What is proposed for the encounter when these codes are assigned, each on the first words of the note."""
    encounter = replace(encounter, notes=(note,)) if note is not NOTE else encounter
    assignments = tuple(
        CodeAssignment(code, f"title of {code}", 0.91, rank, (Evidence(note.id, 0, 12, note.text[:12], note.sha256),))
        for rank, code in enumerate(codes, 1)
    )
    coded = CodedEncounter(Assertions(Mentions(Sections(encounter, ()), ()), ()), "2026-04-01", assignments, versions={"index": "abc"})
    reasons = (Reason("policy-review-all", "Every encounter is reviewed."),) if outcome is Outcome.REVIEW else ()
    disposition = Disposition(EditReport(coded, ()), outcome, reasons, tuple(outcome for _ in codes))
    return Proposal("default", Intake(encounter), disposition, recorded)


@dataclass(frozen=True)
class Kept:
    """A line of a receipt as the store gives it back."""

    resource: Resource | None
    status: str
    location: str


@dataclass(frozen=True)
class Coding:
    """One coding: what was proposed and what the receipt says."""

    bundle: Resource
    receipt: Resource

    @property
    def statuses(self) -> list[str]:
        """Type and three digits for each proposed resource, in order."""
        return [f"{kind} {response['status'][:3]}" for kind, response in self._proposed()]

    @property
    def beyond(self) -> list[Resource]:
        """Responses about resources of earlier codings."""
        return [entry["response"] for entry in self.receipt["entry"][len(self.bundle["entry"]) :]]

    def response(self, kind: str, number: int = 0) -> Resource:
        """The response for the numbered resource of a type."""
        return [response for one, response in self._proposed() if one == kind][number]

    def issues(self, kind: str, number: int = 0) -> list[Resource]:
        """What that response says."""
        return list(self.response(kind, number).get("outcome", {}).get("issue", []))

    def _proposed(self) -> Iterator[tuple[str, Resource]]:
        for entry, answered in zip(self.bundle["entry"], self.receipt["entry"], strict=False):
            yield entry["resource"]["resourceType"], answered["response"]

    def kept(self) -> list[Kept]:
        """The receipt as the store keeps it."""
        resources = [entry["resource"] for entry in self.bundle["entry"]]
        padded = [*resources, *([None] * (len(self.receipt["entry"]) - len(resources)))]
        lines = [(one, entry["response"]) for one, entry in zip(padded, self.receipt["entry"], strict=True)]
        return [Kept(one, response["status"], response["location"]) for one, response in lines if "location" in response]


class Practice:
    """``remembers``: earlier receipts are at hand, as they are unless the store was lost."""

    def __init__(self, ehr: SimulatedEhr, remembers: bool = True, write_before_review: bool | None = None) -> None:
        self.ehr = ehr
        self.client = ehr.client()
        self._remembers = remembers
        self._write_before_review = write_before_review
        self._kept: list[Kept] = []
        self._codings = 0

    def code(self, *codes: str, note: Note = NOTE, outcome: Outcome = Outcome.REVIEW, is_signed_off: bool = False) -> Coding:
        """Code the encounter with these codes and deliver the proposal; ``is_signed_off``: what was held before too."""
        proposal = proposal_of(codes, note, outcome, START + timedelta(hours=self._codings))
        self._codings += 1
        bundle = build_bundle(proposal)
        terms = terms_of(proposal, self._write_before_review, self._kept if self._remembers else ())
        terms = replace(terms, is_signed_off=terms.is_signed_off or is_signed_off)
        coding = Coding(bundle, deliver(bundle, self.client, terms))
        self._kept += coding.kept()
        return coding


def code_of(condition: Resource) -> str:
    """The code of a Condition at the EHR."""
    return str(condition["code"]["coding"][0]["code"])


def verification(condition: Resource) -> str:
    """Its verificationStatus."""
    return str(condition["verificationStatus"]["coding"][0]["code"])
