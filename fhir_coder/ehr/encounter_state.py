"""Whether an Encounter may be coded here at all: it took place, it is over, and the outpatient guidelines apply to it.

Sources: http://hl7.org/fhir/R4/valueset-encounter-status.html; ICD-10-CM Official Guidelines FY2026, Sections II to IV.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import cache

from fhir_coder.ehr.modifiers import refuse_modified
from fhir_coder.ehr.policy import IntakePolicy
from fhir_coder.errors import Uncodable
from fhir_coder.exchange import Resource
from terminology.knowledge import knowledge_of

NOT_A_VISIT = frozenset({"entered-in-error", "cancelled"})
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


class Standing(StrEnum):
    """Whether an encounter may be coded: ``codable`` now, ``unfinished``: not yet, ``not-a-visit`` and ``inpatient``: not here."""

    CODABLE = "codable"
    UNFINISHED = "unfinished"
    NOT_A_VISIT = "not-a-visit"
    INPATIENT = "inpatient"


def standing_of(encounter: Resource, policy: IntakePolicy) -> Standing:
    """What :func:`check_encounter` would say, for who looks whether the time has come."""
    status = encounter.get("status", "")
    if status in NOT_A_VISIT:
        return Standing.NOT_A_VISIT
    if _guidelines_of(encounter) == "inpatient":
        return Standing.INPATIENT
    return Standing.UNFINISHED if status != "finished" and policy.unfinished == "refuse" else Standing.CODABLE


def check_encounter(encounter: Resource, policy: IntakePolicy) -> Iterator[str]:
    """Sentences on what a person should know of the encounter. Raises Uncodable for one that must not be coded here."""
    refuse_modified(encounter)
    status = encounter.get("status", "")
    if status in NOT_A_VISIT:
        raise Uncodable(f"the Encounter is {status}", expression=("Encounter.status",))
    if status != "finished":
        if policy.unfinished == "refuse":
            raise Uncodable("the Encounter is not finished: its documentation may still change", expression=("Encounter.status",))
        yield f"the Encounter is not finished (status {status})"
    yield from _check_class(encounter)


def _check_class(encounter: Resource) -> Iterator[str]:
    """``Encounter.class`` is one Coding in R4. ``hospitalization`` does not decide: systems fill it for emergency visits too."""
    guidelines = _guidelines_of(encounter)
    if guidelines == "inpatient":
        raise Uncodable(
            "the Encounter is an inpatient stay: selecting its diagnoses follows Sections II and III of the guidelines, which differ from the "
            "outpatient rules (Section IV) that this software applies",
            expression=("Encounter.class",),
        )
    if guidelines is None:
        yield "the class of the Encounter is not one that is known here: it was coded by the outpatient guidelines"


def _guidelines_of(encounter: Resource) -> str | None:
    """Which guidelines the class of an Encounter is under; None for a class that is not known."""
    coding = encounter.get("class", {})
    return _guidelines().get((coding.get("system", ACT_CODE), coding.get("code", "").upper()))


@cache
def _guidelines() -> dict[tuple[str, str], str]:
    lines = knowledge_of("fhir_coder.ehr").joinpath("encounter_classes.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")][1:]
    return {(system, code): guidelines for system, code, guidelines in rows}
