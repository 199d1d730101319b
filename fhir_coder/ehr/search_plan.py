"""How the documents of a visit are asked for, as far as an EHR's metadata lists the parameters: pure functions.

US Core (6.1.0 and later, DocumentReference, "Mandatory Search Parameters") demands ``patient``, ``patient`` + ``category`` and ``patient`` +
``category`` + ``date``; ``encounter`` is a parameter of base R4 that many EHRs list beside them. Epic and Oracle Health demand the patient
with every search; Oracle Health takes ``period`` only with both ``ge`` and ``lt``. What comes back is checked again in any case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from fhir_coder.ehr.capabilities import Capabilities
from fhir_coder.ehr.visit import Visit

CLINICAL_NOTE = ("http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "clinical-note")
DAYS_BEFORE = 7
"""Notes are opened before the visit: intake forms, preparation of the chart."""
DAYS_AFTER = 30
"""Notes are written, signed and amended after it: hospitals have 30 days to complete a record (42 CFR 482.24(c)(4)(vii))."""
PAGE_SIZE = "50"
"""Matches asked for in one page where ``_count`` is listed and more than one visit is searched: Oracle Health gives 10 unasked and 100 at most,
and pages with notes inline must stay below the size that is read."""

Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Search:
    """One search: its type and its parameters in order (``date`` may stand twice)."""

    resource_type: str
    parameters: Parameters


def plan_note_searches(capabilities: Capabilities, visit: Visit) -> tuple[Search, ...]:
    """The searches for the notes of a visit, the narrow one first; none when the EHR cannot be asked.

    Where ``category`` is listed the first asks for clinical notes only, as some EHRs demand; the second asks without, because notes often
    lack the category and would be lost.
    """
    kind = "DocumentReference"
    parameters = _parameters(capabilities, kind, visit)
    if not parameters:
        return ()
    wide = Search(kind, parameters)
    if not capabilities.searches(kind, "category"):
        return (wide,)
    return Search(kind, (*parameters, ("category", "|".join(CLINICAL_NOTE)))), wide


def plan_report_searches(capabilities: Capabilities, visit: Visit) -> tuple[Search, ...]:
    """The search for diagnostic reports of a visit, or none. Never by category: US Core's and HL7 v2's are both in use for them."""
    parameters = _parameters(capabilities, "DiagnosticReport", visit)
    return (Search("DiagnosticReport", parameters),) if parameters else ()


def _parameters(capabilities: Capabilities, kind: str, visit: Visit) -> Parameters:
    """Patient and encounter, else patient and days, else the patient alone; nothing when neither visit nor EHR allows that."""
    if not capabilities.can(kind, "search-type"):
        return ()
    patient: Parameters = (("patient", visit.patient),) if visit.patient else ()
    if visit.encounter and capabilities.searches(kind, "encounter"):
        return (*patient, ("encounter", visit.encounter))
    narrowed = patient
    if patient and capabilities.searches(kind, "date"):
        narrowed = patient + _window("date", "le", visit)
    elif patient and capabilities.searches(kind, "period"):
        narrowed = patient + _window("period", "lt", visit)
    paging = (("_count", PAGE_SIZE),) if narrowed and capabilities.searches(kind, "_count") else ()
    return narrowed + paging


def _window(name: str, upper: str, visit: Visit) -> Parameters:
    """The days around the visit's period, by its own calendar; nothing when its start is unknown."""
    first = _day(visit.start)
    last = _day(visit.end) or first
    if first is None or last is None:
        return ()
    until = max(first, last) + timedelta(days=DAYS_AFTER + (upper == "lt"))
    return (name, f"ge{first - timedelta(days=DAYS_BEFORE)}"), (name, f"{upper}{until}")


def _day(text: str) -> date | None:
    """The calendar day, where it is one that a window fits around."""
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return day if 1 < day.year < 9999 else None
