"""Whether a note that was read is no longer a note of its encounter. One that merely is not read now, for want of a consent or by another setting, still is."""

from __future__ import annotations

from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.documents import encounters_of
from fhir_coder.ehr.references import is_other
from fhir_coder.ehr.standing import EXCLUDED_DOC_STATUS, EXCLUDED_STATUS
from fhir_coder.errors import ResourceDeleted, ResourceUnknown

_READ_AS_NOTES = frozenset({"DocumentReference", "DiagnosticReport"})
_WITHDRAWN = EXCLUDED_STATUS | EXCLUDED_DOC_STATUS | {"cancelled"}
"""Of a document and of its text; ``cancelled`` is of reports."""


def is_withdrawn(client: EhrClient, reference: str, encounter: str, was_seen: bool) -> bool:
    """``reference`` and ``encounter`` are ``Type/id``. That the EHR does not know a note counts where we have seen notes of the encounter before: who may not read them
    is told the same. Raises an EhrError."""
    kind, _, own_id = reference.partition("/")
    if kind not in _READ_AS_NOTES or not own_id:
        return False
    try:
        document = client.read(kind, own_id)
    except ResourceDeleted:
        return True
    except ResourceUnknown:
        return was_seen
    named = [*encounters_of(document), *([document["encounter"]] if "encounter" in document else ())]
    is_filed_elsewhere = bool(named) and all(is_other(one, encounter) for one in named)
    return is_filed_elsewhere or not _WITHDRAWN.isdisjoint((document.get("status"), document.get("docStatus")))
