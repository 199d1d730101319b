"""Whether what a coding reads is the caller's to see. We read at the EHR in our own name, so a caller who is bound to one patient must not be
able to name another's resources and have their words come back."""

from __future__ import annotations

from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.content import Fetch
from fhir_coder.ehr.references import literal
from fhir_coder.errors import Forbidden
from fhir_coder.exchange import CodingRequest, Resource


def require_entitled(request: CodingRequest, encounter: Resource, client: EhrClient | None) -> Resource | None:
    """The EHR's own Encounter, where the caller's word for it did not do. Raises Forbidden when the caller is bound to a patient and the Encounter is not certainly theirs.

    An Encounter that the caller sent proves nothing about the EHR's of the same id: where that is read or written, it must be theirs too.
    """
    patient = request.limits.patient
    if not patient:
        return None
    _require_subject(encounter, patient)
    touches_ehr = client is not None and (request.notes is None or request.write_back)
    if client is not None and touches_ehr and request.encounter is not None and encounter.get("id"):
        held = client.read("Encounter", encounter["id"])
        _require_subject(held, patient)
        return held
    return None


def fetch_of(request: CodingRequest, client: EhrClient | None) -> Fetch | None:
    """How attachments are fetched, or None where they are not: the caller may not read them, or could have named any, being bound to one
    patient and having sent the documents."""
    is_sent = request.notes is not None or any(one["resourceType"] == "DiagnosticReport" for one in request.context)
    if client is None or not request.limits.may_fetch_attachments or (request.limits.patient and is_sent):
        return None
    return client.read_attachment


def _require_subject(encounter: Resource, patient: str) -> None:
    if literal(encounter.get("subject"), "Patient") != f"Patient/{patient}":
        raise Forbidden("the token is bound to another patient", expression=("Encounter.subject",))
