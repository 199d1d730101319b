"""What an EHR's refusal becomes in our own error tree. Messages name our request and the status; the EHR's words stay in ``outcome``."""

from __future__ import annotations

from fhir_coder.ehr.searchset import Read
from fhir_coder.errors import EhrRefused, EhrUnavailable, FhirCoderError, RequestError, ResourceDeleted, ResourceUnknown
from fhir_coder.exchange import Resource
from fhir_coder.outbound.attempt import Answer

_EXPIRED = frozenset({400, 404, 410})
"""How EHRs answer to a page link that has run out: Epic 400, HAPI 410, others 404."""


def failure(answer: Answer, what: str, read: Read) -> FhirCoderError:
    """The error for an answer that is no success. ``what`` names the request without query or content (``read Encounter/7``)."""
    if answer.status == 429 or answer.status >= 500:
        asked = answer.headers.get("Retry-After", "")
        told = f"the EHR answered {answer.status} to {what}"
        return EhrUnavailable(told, ehr_status=answer.status, outcome=_outcome(answer, read), retry_after=asked)
    if 300 <= answer.status < 400:
        return EhrRefused(f"the EHR redirects {what}; redirects are not followed", ehr_status=answer.status)
    return EhrRefused(f"the EHR answered {answer.status} to {what}", ehr_status=answer.status, outcome=_outcome(answer, read))


def read_failure(answer: Answer, what: str, read: Read) -> FhirCoderError:
    """As :func:`failure`, for the read of one resource: 404 and 410 say something of the resource, not of the EHR."""
    if answer.status == 404:
        return ResourceUnknown(f"the EHR does not know the resource ({what})")
    if answer.status == 410:
        return ResourceDeleted(f"the EHR says that the resource was deleted ({what})")
    return failure(answer, what, read)


def search_failure(answer: Answer, resource_type: str, page: int, read: Read) -> FhirCoderError:
    """As :func:`failure`, for a page of a search (from 1). A link to a further page that the EHR no longer knows has expired: the search may
    be made again from its start, so it counts as transient."""
    if page > 1 and answer.status in _EXPIRED:
        return EhrUnavailable(f"the link to page {page} of the search for {resource_type} has expired", ehr_status=answer.status)
    return failure(answer, f"search {resource_type}" + (f" (page {page})" if page > 1 else ""), read)


def _outcome(answer: Answer, read: Read) -> Resource | None:
    """The OperationOutcome in an answer, if there is a valid one."""
    try:
        resource = read(answer.body)
    except RequestError:
        return None
    return resource if resource.get("resourceType") == "OperationOutcome" else None
