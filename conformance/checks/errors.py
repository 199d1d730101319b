"""Errors: a status, an OperationOutcome and an issue type for each cause."""

from __future__ import annotations

from conformance.check import check
from conformance.outcomes import expect_outcome
from conformance.target import OPERATION, Target


@check
def body_is_not_json(target: Target) -> None:
    """A body that is no JSON is 400."""
    answer = target.post(f"Encounter/${OPERATION}", "{", headers={"Content-Type": "application/fhir+json"})
    expect_outcome(answer, 400, "structure", "invalid")
