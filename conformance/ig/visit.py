"""One of the server's synthetic encounters, coded: what the examples are made of.

The notes are read by the server's own intake. The codes are set here, each on words of the note, as the engine would hand them on: so the examples need
neither a release of ICD-10-CM nor an index, and change only when what the server writes changes.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from fhir_coder.disposition import Policy, decide
from fhir_coder.ehr.intake import gather
from fhir_coder.exchange import CodingRequest, Intake, Resource
from fhir_coder.model import (
    Assertions,
    CodeAssignment,
    CodedEncounter,
    Disposition,
    EditReport,
    Evidence,
    Mentions,
    Note,
    Outcome,
    Rejection,
    RejectionReason,
    Sections,
)
from fhir_coder.sandbox.assembly import assemble
from fhir_coder.sandbox.seed import encounter_sources
from fhir_coder.writeback.proposal import Proposal
from fhir_coder.writeback.signature import Signature

ENCOUNTER = "diabetes-ckd"
TENANT = "default"
RELEASE, RELEASE_FROM, RELEASE_TO = "2026-04-01", date(2026, 4, 1), date(2026, 9, 30)
CODED_AT = datetime(2026, 5, 12, 16, 0, tzinfo=UTC)
SIGNED_AT = datetime(2026, 5, 12, 18, 30, tzinfo=UTC)
SIGNER = ("Practitioner/okafor", "Adaeze Okafor")

_PROPOSED = (
    (
        "E11.22",
        "Type 2 diabetes mellitus with diabetic chronic kidney disease",
        0.98,
        "Type 2 diabetes mellitus with diabetic chronic kidney disease",
    ),
    (
        "I12.9",
        "Hypertensive chronic kidney disease with stage 1 through stage 4 chronic kidney disease, or unspecified chronic kidney disease",
        0.97,
        "Hypertensive chronic kidney disease",
    ),
    ("E11.42", "Type 2 diabetes mellitus with diabetic polyneuropathy", 0.9312, "Diabetic polyneuropathy"),
)
_SIGNED = ("E11.22", "I12.9", "Z79.4")
_ADDED = ("Z79.4", "Long term (current) use of insulin", 1.0, "Long-term insulin use")


def resources() -> tuple[Resource, ...]:
    """The encounter as an EHR holds it: Encounter, Patient, who wrote, who pays, the note and the service."""
    source = next(one for one in encounter_sources() if one.short["id"] == ENCOUNTER)
    return tuple(assemble(source))


def intake() -> Intake:
    """The same as the engine reads it."""
    held = resources()
    request = CodingRequest(
        TENANT,
        encounter=_one(held, "Encounter"),
        patient=_one(held, "Patient"),
        notes=(_one(held, "DocumentReference"),),
        context=tuple(one for one in held if one["resourceType"] not in {"Encounter", "Patient", "DocumentReference"}),
    )
    return gather(request, None, today=lambda: CODED_AT.date())


def proposed() -> Proposal:
    """What is proposed, for a coder to review."""
    read = intake()
    note = read.encounter.notes[0]
    rejected = (Rejection("N18.6", "End stage renal disease", RejectionReason.NEGATED, (_words(note, "kidney failure"),), 0.03),)
    coded = _coded(read, tuple(_assignment(note, rank, *one) for rank, one in enumerate(_PROPOSED, 1)), rejected)
    return Proposal(TENANT, read, decide(EditReport(coded, ()), Policy()), CODED_AT)


def signed() -> Proposal:
    """What a coder made of it: one code rejected, one added, the rest signed."""
    read = intake()
    note = read.encounter.notes[0]
    kept = [one for one in (*_PROPOSED, _ADDED) if one[0] in _SIGNED]
    coded = _coded(read, tuple(_assignment(note, rank, *one) for rank, one in enumerate(kept, 1)))
    disposition = Disposition(EditReport(coded, ()), Outcome.PASS, (), tuple(Outcome.PASS for _ in kept))
    by, name = SIGNER
    signature = Signature(by, name, SIGNED_AT, 1, dict.fromkeys(_SIGNED, "confirmed"), chosen=frozenset({_ADDED[0]}), claim="active")
    return Proposal(TENANT, read, disposition, SIGNED_AT, signature=signature)


def _one(held: tuple[Resource, ...], kind: str) -> Resource:
    return next(one for one in held if one["resourceType"] == kind)


def _coded(read: Intake, assignments: tuple[CodeAssignment, ...], rejected: tuple[Rejection, ...] = ()) -> CodedEncounter:
    unread = Assertions(Mentions(Sections(read.encounter, ()), ()), ())
    return CodedEncounter(unread, RELEASE, assignments, rejected, versions={"release": RELEASE})


def _assignment(note: Note, rank: int, code: str, title: str, probability: float, words: str) -> CodeAssignment:
    return CodeAssignment(code, title, probability, rank, (_words(note, words),))


def _words(note: Note, words: str) -> Evidence:
    start = note.text.index(words)
    return Evidence(note.id, start, start + len(words), words, note.sha256)
