"""The smallest visit that can be coded, made up: what checks send that are not about a note."""

from __future__ import annotations

import base64
from typing import Any

from conformance.exchange import Resource

NOTE = """Chief complaint: cough for two days.

Assessment and plan:
1. Acute bronchitis. Rest, fluids, honey for the cough. Return if not better in ten days.
"""
VISIT_ID, PATIENT_ID, NOTE_ID = "conformance-visit", "conformance-patient", "conformance-note"


def encounter(**changes: Any) -> Resource:
    """An office visit that is over; a change of None leaves an element out."""
    one: Resource = {
        "resourceType": "Encounter",
        "id": VISIT_ID,
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
        "period": {"start": "2026-05-04T09:00:00Z", "end": "2026-05-04T09:20:00Z"},
    }
    return {name: value for name, value in (one | changes).items() if value is not None}


def patient(**changes: Any) -> Resource:
    """Who came."""
    one: Resource = {"resourceType": "Patient", "id": PATIENT_ID, "gender": "female", "birthDate": "1980-02-01"}
    return {name: value for name, value in (one | changes).items() if value is not None}


def note(text: str = NOTE, **changes: Any) -> Resource:
    """What the provider wrote, as plain text."""
    one: Resource = {
        "resourceType": "DocumentReference",
        "id": NOTE_ID,
        "status": "current",
        "docStatus": "final",
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
        "date": "2026-05-04T09:30:00Z",
        "content": [{"attachment": {"contentType": "text/plain; charset=utf-8", "data": base64.b64encode(text.encode()).decode()}}],
        "context": {"encounter": [{"reference": f"Encounter/{VISIT_ID}"}]},
    }
    return {name: value for name, value in (one | changes).items() if value is not None}


def parameters(*more: Resource) -> Resource:
    """A Parameters resource with these parameters."""
    return {"resourceType": "Parameters", **({"parameter": list(more)} if more else {})}  # R4 has no empty arrays


def inline(*more: Resource) -> Resource:
    """The whole visit, sent along."""
    parts = (("encounter", encounter()), ("patient", patient()), ("note", note()))
    return parameters(*({"name": name, "resource": one} for name, one in parts), *more)
