"""What was decided on each code, one flat object a code, with what a recalibration needs. Ids, codes and numbers: no word of a note or of a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from fhir_coder.model import CodeAssignment
from fhir_coder.outcomes.outcome import FinalCode, ProposedOutcome, SignedOutcome
from fhir_coder.store.records import StoredEncounter
from fhir_coder.worklist.decision import Someone
from fhir_coder.worklist.second_review import SecondReview

FORMAT = 1
"""Of the lines; a member that goes or means something else makes it another."""
SIGN_OFF, SECOND_REVIEW = "sign-off", "second-review"

NamesPeople = Callable[[Someone], str]
"""How a person stands in the lines."""
NamesPatients = Callable[[str, str], str]
"""How a patient stands in the lines: from the EHR and its reference to them."""


def signed_lines(outcome: SignedOutcome, name: NamesPeople, patient: NamesPatients) -> Iterator[dict[str, Any]]:
    """Every code that was proposed or signed: the proposed ones in claim order, then those that people brought."""
    final = {one.code: (place, one) for place, one in enumerate(outcome.final, 1)}
    reasons = {one.code: one.reason for one in outcome.rejected}
    instead = {one.replaces: one.code for one in outcome.final if one.replaces}
    head = {
        "format": FORMAT,
        "source": SIGN_OFF,
        "tenant": outcome.tenant,
        "coding": outcome.coding_id,
        "encounter": outcome.encounter_reference,
        "patient": patient(outcome.ehr, outcome.patient_reference),
        "ehr": outcome.ehr,
        "service_date": str(outcome.service_date or ""),
        "provider": outcome.provider,
        "specialty": outcome.specialty,
        "release": outcome.release_id,
        "engine": outcome.engine_version,
        "versions": dict(outcome.versions),
        "artifacts": asdict(outcome.artifacts),
        "disposition": outcome.disposition.value,
        "confident": outcome.is_confident,
        "coded_at": outcome.created_at.isoformat(),
        "decided_at": outcome.signed_at.isoformat(),
        "person": name(outcome.decided_by),
        "times_signed": outcome.times_signed,
        "decisions": outcome.decisions,
    }
    for one in outcome.proposed:
        place, kept = final.get(one.code, (0, None))
        verdict = _verdict(kept, one.code in instead)
        told = {"reason": reasons.get(one.code, ""), "replaced_by": "" if kept else instead.get(one.code, "")}
        yield head | _proposed(one) | {"verdict": verdict, "final": kept is not None, "position": place, "origin": "proposed"} | told
    proposed = {one.code for one in outcome.proposed}
    for code, (place, kept) in final.items():
        if code not in proposed:
            told = {"reason": "", "replaced_by": ""}
            yield head | _brought(code, kept.probability, _verdict(kept, False), place, kept.origin.value) | told


def second_lines(coding: StoredEncounter, second: SecondReview, name: NamesPeople, patient: NamesPatients) -> Iterator[dict[str, Any]]:
    """Every code that passed or that the second coder has; their verdict on a code is whether they have it too."""
    head = {
        "format": FORMAT,
        "source": SECOND_REVIEW,
        "tenant": coding.tenant,
        "coding": coding.id,
        "encounter": coding.encounter_reference,
        "patient": patient(coding.ehr, coding.patient_reference),
        "ehr": coding.ehr,
        "service_date": str(coding.service_date or ""),
        "provider": "",
        "specialty": "",
        "release": coding.release_id,
        "engine": coding.engine_version,
        "versions": dict(coding.versions),
        "artifacts": asdict(coding.artifacts),
        "disposition": coding.disposition.value,
        "confident": coding.is_confident,
        "coded_at": coding.created_at.isoformat(),
        "decided_at": second.completed_at.isoformat() if second.completed_at else "",
        "person": name(second.coder) if second.coder else "",
        "times_signed": 0,
        "decisions": 0,
        "reason": "",
        "replaced_by": "",
    }
    places = {code: place for place, code in enumerate(second.second, 1)}
    for rank, (one, routed) in enumerate(zip(coding.assignments, coding.by_code, strict=True), 1):
        is_kept = one.code in places
        told = {"verdict": "agreed" if is_kept else "not-found", "final": is_kept, "position": places.get(one.code, 0)}
        yield head | _assigned(one, rank, routed.value) | told | {"origin": "proposed"}
    assigned = {one.code for one in coding.assignments}
    for code, place in places.items():
        if code not in assigned:
            yield head | _brought(code, _weighed(coding, code), "added", place, "added")


def _proposed(one: ProposedOutcome) -> dict[str, Any]:
    return _numbers(one.code, one.rank, one.probability, one.disposition.value, one.features)


def _assigned(one: CodeAssignment, rank: int, routed: str) -> dict[str, Any]:
    return _numbers(one.code, rank, one.probability, routed, one.features)


def _numbers(code: str, rank: int, probability: float, routed: str, features: Mapping[str, float]) -> dict[str, Any]:
    return {"code": code, "rank": rank, "probability": probability, "routed": routed, "features": dict(features)}


def _brought(code: str, probability: float | None, verdict: str, place: int, origin: str) -> dict[str, Any]:
    """What of a line a code has that people brought."""
    numbers: dict[str, Any] = {"code": code, "rank": 0, "probability": probability, "routed": "", "features": {}}
    return numbers | {"verdict": verdict, "final": True, "position": place, "origin": origin}


def _weighed(coding: StoredEncounter, code: str) -> float | None:
    return next((one.probability for one in coding.rejected if one.code == code), None)


def _verdict(kept: FinalCode | None, is_replaced: bool) -> str:
    """``accepted``: a person said yes to this code; ``taken``: the sign-off took it as it was."""
    if kept is None:
        return "replaced" if is_replaced else "rejected"
    return "accepted" if kept.verdict.value == "accepted" else "taken"
