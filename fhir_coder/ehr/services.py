"""What an EHR supplies for the Claim beside the notes: coverage, who provided the visit, and billed services with their reasons.

Services are taken as they are coded (CPT or HCPCS); none is inferred. Sources: http://hl7.org/fhir/R4/chargeitem.html, procedure.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from fhir_coder.ehr.references import address_of, codings, is_other, literal
from fhir_coder.ehr.visit import Visit
from fhir_coder.exchange import Resource
from fhir_coder.model import ServiceLine
from fhir_coder.vocabulary import ICD10CM, PROCEDURE_SYSTEMS

SERVICE_TYPES = ("ChargeItem", "Procedure")
_NOT_BILLED = frozenset({"entered-in-error", "not-billable", "aborted", "not-done", "preparation", "on-hold", "stopped"})
_PROVIDER_TYPES = ("Practitioner", "PractitionerRole")
_ATTENDING = ("ATND", "PPRF")
_FindCondition = Callable[[str], Resource | None]


def choose_coverage(coverages: Iterable[Resource], visit: Visit) -> Resource | None:
    """The patient's active Coverage that comes first in coordination of benefits (``Coverage.order``)."""
    active = [
        one for one in coverages if one.get("status") == "active" and one.get("id") and not is_other(one.get("beneficiary"), visit.patient)
    ]
    return min(active, key=lambda one: (one.get("order", 1), one["id"]), default=None)


def choose_provider(encounter: Resource, context: Iterable[Resource]) -> str:
    """Reference of who saw the patient: the attending or primary performer, else any practitioner of the encounter, else the only one that
    the caller supplied; empty when nobody is named."""
    ranked = sorted(encounter.get("participant", ()), key=_participation)
    named = (literal(one.get("individual"), kind) for one in ranked for kind in _PROVIDER_TYPES)
    supplied = [address_of(one) for one in context if one["resourceType"] in _PROVIDER_TYPES]
    return next((one for one in named if one), supplied[0] if len(supplied) == 1 else "")


def choose_organization(encounter: Resource, context: Iterable[Resource]) -> str:
    """Reference of the organization that the encounter was with, else the only one that the caller supplied, else empty."""
    supplied = [address_of(one) for one in context if one["resourceType"] == "Organization"]
    return literal(encounter.get("serviceProvider"), "Organization") or (supplied[0] if len(supplied) == 1 else "")


def service_lines(resources: Iterable[Resource], visit: Visit, find_condition: _FindCondition) -> tuple[ServiceLine, ...]:
    """One line for each billed service of this visit, in the order of the resources; a service charged and recorded stands once."""
    lines: dict[tuple[str, str], ServiceLine] = {}
    for resource in resources:
        line = _service_line(resource, find_condition) if _is_billed(resource, visit) else None
        if line is not None:
            known = lines.get((line.system, line.code))
            lines[line.system, line.code] = _merge(known, line) if known else line
    return tuple(lines.values())


def _participation(participant: Resource) -> int:
    codes = {coding.get("code") for kind in participant.get("type", ()) for coding in codings(kind)}
    return next((rank for rank, code in enumerate(_ATTENDING) if code in codes), len(_ATTENDING))


def _is_billed(resource: Resource, visit: Visit) -> bool:
    encounter = resource.get("context") or resource.get("encounter")
    if is_other(resource.get("subject"), visit.patient) or is_other(encounter, visit.encounter):
        return False
    return resource["resourceType"] in SERVICE_TYPES and resource.get("status") not in _NOT_BILLED


def _service_line(resource: Resource, find_condition: _FindCondition) -> ServiceLine | None:
    coding = next((one for one in codings(resource.get("code")) if one.get("system") in PROCEDURE_SYSTEMS and one.get("code")), None)
    if coding is None:
        return None
    references = tuple(filter(None, (literal(one, "Condition") for one in resource.get("reasonReference", ()))))
    reasons = [*resource.get("reasonCode", ()), *resource.get("reason", ())]
    reasons += [condition.get("code") for condition in map(find_condition, references) if condition]
    return ServiceLine(coding["system"], coding["code"], address_of(resource), _icd10_codes(reasons), references, _performed(resource))


def _icd10_codes(concepts: Iterable[Resource | None]) -> tuple[str, ...]:
    found = (one["code"] for concept in concepts for one in codings(concept) if one.get("system") == ICD10CM and one.get("code"))
    return tuple(dict.fromkeys(found))


def _performed(resource: Mapping[str, object]) -> str:
    """When the service was done, as FHIR text, or empty."""
    for moment, span in (("performedDateTime", "performedPeriod"), ("occurrenceDateTime", "occurrencePeriod")):
        period = resource.get(span)
        start = resource.get(moment) or (period.get("start") if isinstance(period, dict) else None)
        if start:
            return str(start)
    return ""


def _merge(one: ServiceLine, other: ServiceLine) -> ServiceLine:
    """The same service from two resources (a charge and its procedure): reasons of both."""
    return ServiceLine(
        one.system,
        one.code,
        one.source,
        tuple(dict.fromkeys(one.reason_codes + other.reason_codes)),
        tuple(dict.fromkeys(one.reason_references + other.reason_references)),
        one.performed or other.performed,
    )
