"""Outcomes made by hand: a few words say what was proposed and what was signed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fhir_coder.exchange import Artifacts
from fhir_coder.model import Outcome, Severity
from fhir_coder.outcomes.outcome import CodedLine, EditOutcome, FinalCode, OverrideOutcome, ProposedOutcome, SignedOutcome
from fhir_coder.worklist.decision import Someone
from fhir_coder.worklist.review import Origin, State, Verdict

ANNA, BERT = Someone("Practitioner/anna", "https://ehr.invalid", "Anna Abel"), Someone("Practitioner/bert", "https://ehr.invalid")
START = datetime(2026, 5, 4, 8, tzinfo=UTC)


def signed(
    proposed: dict[str, float], final: str, hours: float = 1, replaces: str = "", edits: str = "", overrides: str = "", **members: Any
) -> SignedOutcome:
    """``final``: codes in order, ``~`` before one that nobody accepted; ``replaces``: ``old>new`` pairs; ``edits``: ``id/severity`` each."""
    before = dict(reversed(pair.split(">")) for pair in replaces.split())
    queued = members.pop("queued", START)
    told: dict[str, Any] = {
        "tenant": "north",
        "coding_id": "0" * 32,
        "ehr": "main",
        "encounter_reference": "Encounter/e1",
        "patient_reference": "Patient/p1",
        "service_date": None,
        "created_at": queued,
        "provider": "Practitioner/dr",
        "specialty": "",
        "release_id": "2026-04-01",
        "engine_version": "0.1.0",
        "versions": {},
        "artifacts": Artifacts(),
        "disposition": Outcome.REVIEW,
        "is_confident": False,
        "proposed": tuple(ProposedOutcome(code, p, rank, Outcome.REVIEW, {}) for rank, (code, p) in enumerate(proposed.items(), 1)),
        "weighed": (),
        "edits": tuple(EditOutcome(edit, Severity(severity), ()) for edit, severity in (one.split("/") for one in edits.split())),
        "sequence": 1,
        "signed_at": queued + timedelta(hours=hours),
        "decided_by": ANNA,
        "final": tuple(_final(one, before.get(one.lstrip("~"), "")) for one in final.split()),
        "rejected": (),
        "overrides": tuple(OverrideOutcome(one, "other") for one in overrides.split(",") if one),
        "times_signed": 1,
        "decisions": 1,
    }
    return SignedOutcome(**told | members)


def _final(said: str, replaces: str) -> FinalCode:
    verdict = Verdict.OPEN if said.startswith("~") else Verdict.ACCEPTED
    return FinalCode(said.lstrip("~"), Origin.REPLACED if replaces else Origin.PROPOSED, verdict, replaces, None)


def coded(hours: float = 0, outcome: Outcome = Outcome.REVIEW, provider: str = "Practitioner/dr", **members: Any) -> CodedLine:
    state = State.PASSED if outcome is Outcome.PASS else State.WAITING
    told = {"specialty": "", "release_id": "2026-04-01", "engine_version": "0.1.0"} | members
    return CodedLine("0" * 32, "main", START + timedelta(hours=hours), provider, disposition=outcome, state=state, **told)
