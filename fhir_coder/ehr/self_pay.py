"""Whether the patient pays for the visit and has kept it from health plans: no Claim may then be made of it.

45 CFR 164.522(a)(1)(vi): a provider must agree when a patient who paid in full asks that a health plan is not told, for payment or operations,
of what was paid for. FHIR has no one place for this; these are looked at, the surest first: the label ``HIPAASelfPay``, a Consent that restricts
payment, and a Coverage that the patient pays which comes first for this visit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from fhir_coder.ehr.consent import Consents
from fhir_coder.ehr.references import address_of, codings, is_other, literal
from fhir_coder.ehr.screening import self_pay_mark
from fhir_coder.ehr.selection import name_of
from fhir_coder.ehr.sensitivity import marks_of_resource
from fhir_coder.ehr.visit import Visit
from fhir_coder.exchange import Resource
from fhir_coder.sensitive_settings import SensitiveRules

RULE = "45 CFR 164.522(a)(1)(vi)"

_SELF_PAY = frozenset(
    {
        ("http://terminology.hl7.org/CodeSystem/coverage-selfpay", "pay"),
        ("http://hl7.org/fhir/coverage-selfpay", "pay"),
        ("https://nahdo.org/sopt", "81"),
        ("urn:oid:2.16.840.1.113883.3.221.5", "81"),
    }
)
"""Types of Coverage that a patient pays: FHIR's own, and "Self-pay" of the Source of Payment Typology."""
_PERSONS = ("Patient/", "RelatedPerson/")


def self_pay_restriction(
    labelled: Iterable[Resource], consents: Consents, coverages: Sequence[Resource], accounts: Iterable[Resource], visit: Visit
) -> str:
    """Why no Claim may be made, as a sentence that names resources, or empty. ``labelled`` are the resources whose labels count."""
    for one in labelled:
        if self_pay_mark(marks_of_resource(one, SensitiveRules())):
            return f"{name_of(one)} carries the label HIPAASelfPay ({RULE})"
    if consent := consents.restricting_payment():
        return f"{consent} restricts disclosure to health plans ({RULE})"
    first = _first(coverages, list(accounts), visit)
    return f"{name_of(first)} says that the patient pays ({RULE})" if first is not None and is_self_pay(first) else ""


def is_self_pay(coverage: Resource) -> bool:
    """Whether a Coverage is the patient's own pocket: by its type, or because persons are the only payors."""
    if any((one.get("system", ""), one.get("code", "")) in _SELF_PAY for one in codings(coverage.get("type"))):
        return True
    payors = [literal(one) for one in coverage.get("payor", ())]
    return bool(payors) and all(one.startswith(_PERSONS) for one in payors)


def insurances(coverages: Iterable[Resource]) -> tuple[Resource, ...]:
    """The coverages that a claim could go to."""
    return tuple(one for one in coverages if not is_self_pay(one))


def _first(coverages: Sequence[Resource], accounts: list[Resource], visit: Visit) -> Resource | None:
    """The Coverage that comes first for the visit: by the Encounter's Account where that names some (``Account.coverage.priority``), else by
    ``Coverage.order``. Of equals one that the patient pays comes first: a claim can be made later, a disclosure not taken back."""
    ranked = {
        literal(one.get("coverage"), "Coverage"): one.get("priority", 1) for account in accounts for one in account.get("coverage", ())
    }
    active = [one for one in coverages if one.get("status") == "active" and not is_other(one.get("beneficiary"), visit.patient)]
    active = [one for one in active if _is_in_force(one, visit)]
    named = [one for one in active if address_of(one) in ranked]
    key = (lambda one: ranked[address_of(one)]) if named else (lambda one: one.get("order", 1))
    return min(named or active, key=lambda one: (key(one), not is_self_pay(one), one.get("id", "")), default=None)


def _is_in_force(coverage: Resource, visit: Visit) -> bool:
    """Whether its period takes in the day of the visit; what cannot be told does."""
    try:
        day = date.fromisoformat(visit.start[:10]).isoformat()
    except ValueError:
        return True
    period = coverage.get("period", {})
    start, end = period.get("start", ""), period.get("end", "")
    return start[:10] <= day and (not end or day[: len(end[:10])] <= end[:10])
