"""Signed decisions made up by a known rule, seeded."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from fhir_coder.exchange import Artifacts
from fhir_coder.model import Outcome
from fhir_coder.outcomes.outcome import FinalCode, ProposedOutcome, RejectedOutcome, SignedOutcome
from fhir_coder.worklist.decision import Someone
from fhir_coder.worklist.review import Origin, Verdict

RANKER, MODEL = "outpatient@0123456789ab", "mini@ba9876543210"
BEGINNING = datetime(2026, 5, 1, 8, tzinfo=UTC)


def outcome(
    number: int, codes: dict[str, tuple[float, str]], ranker: str = RANKER, signer: str = "", added: tuple[str, ...] = ()
) -> SignedOutcome:
    """One signed coding: each proposed code with its probability and what became of it (accepted, open, rejected)."""
    final = [
        FinalCode(code, Origin.PROPOSED, Verdict(how), "", probability) for code, (probability, how) in codes.items() if how != "rejected"
    ]
    final += [FinalCode(code, Origin.ADDED, Verdict.ACCEPTED, "", None) for code in added]
    return SignedOutcome(
        tenant="north",
        coding_id=f"{number:032x}",
        ehr="main",
        encounter_reference=f"Encounter/{number}",
        patient_reference="",
        service_date=date(2026, 5, 1),
        created_at=BEGINNING,
        provider="",
        specialty="",
        release_id="2026-04-01",
        engine_version="0.1.0",
        versions={"ranker": ranker, "model": MODEL},
        artifacts=Artifacts(),
        disposition=Outcome.REVIEW,
        is_confident=False,
        proposed=tuple(
            ProposedOutcome(code, probability, rank, Outcome.REVIEW, {}) for rank, (code, (probability, _)) in enumerate(codes.items(), 1)
        ),
        weighed=(),
        edits=(),
        signed_at=BEGINNING + timedelta(hours=number),
        decided_by=Someone(signer or f"Practitioner/{number % 3}", "https://ehr.invalid"),
        final=tuple(final),
        rejected=tuple(RejectedOutcome(code, "not-documented") for code, (_, how) in codes.items() if how == "rejected"),
        overrides=(),
        times_signed=1,
        decisions=len(codes) + 1,
        sequence=len(codes) + 1,
    )


def decisions(
    rule: Callable[[float], float], encounters: int = 800, codes: int = 5, least: float = 0.5, seed: int = 7
) -> list[SignedOutcome]:
    """Encounters whose codes people keep as often as a rule says for their probability."""
    dice = random.Random(seed)
    made = []
    for number in range(encounters):
        drawn = [round(dice.uniform(least, 0.9999), 4) for _ in range(codes)]
        made.append(
            outcome(
                number, {f"A0{place}": (one, "accepted" if dice.random() < rule(one) else "rejected") for place, one in enumerate(drawn)}
            )
        )
    return made
