"""Diagnostic reports of an encounter whose text is read beside the notes: ``DiagnosticReport.presentedForm``.

US Core 6.1.0 ("Clinical Notes") lets the same scan or report come as DocumentReference and as DiagnosticReport; which of them is read is
settled when both were looked at (:mod:`fhir_coder.ehr.note_reading`). A report without a presented form is not a document: its
``conclusion`` is left to those who read its observations. Status: http://hl7.org/fhir/R4/valueset-diagnostic-report-status.html.
"""

from __future__ import annotations

from collections.abc import Iterable

from fhir_coder.ehr.documents import names_other, refuse_other_patient
from fhir_coder.ehr.moments import moment
from fhir_coder.ehr.policy import DEFAULT_POLICY, IntakePolicy
from fhir_coder.ehr.references import address_of
from fhir_coder.ehr.screening import Screen
from fhir_coder.ehr.selection import Excluded, Selection, document_date, name_of
from fhir_coder.ehr.visit import Visit
from fhir_coder.exchange import Resource

SIGNED = frozenset({"final", "amended", "corrected", "appended"})
PRELIMINARY = frozenset({"registered", "partial", "preliminary"})


def select_reports(
    sent: Iterable[Resource],
    found: Iterable[Resource],
    visit: Visit,
    policy: IntakePolicy = DEFAULT_POLICY,
    screen: Screen | None = None,
) -> Selection:
    """Reports with a text of their own: those that the caller sent along, unless they name another encounter, and those found that name
    this one. Raises Uncodable for one of another patient."""
    presented = [one for one in sent if one.get("presentedForm")]
    strangers = [one for one in presented if names_other(_encounter(one), visit)]
    ours = {_key(one): one for one in found if one.get("presentedForm") and visit.is_among(_encounter(one))}
    ours |= {_key(one): one for one in presented if not names_other(_encounter(one), visit)}
    refuse_other_patient(ours.values(), visit)
    judged = {key: (screen or Screen()).of_document(one).excluded for key, one in ours.items()}
    excluded = tuple(Excluded(ours[key], why) for key, why in judged.items() if why and ours[key].get("status") in SIGNED | PRELIMINARY)
    ours = {key: one for key, one in ours.items() if not judged[key]}
    signed = [one for one in ours.values() if one.get("status") in SIGNED]
    unsigned = [one for one in ours.values() if one.get("status") in PRELIMINARY]
    warnings = [f"{name_of(one)} names another encounter and was not read" for one in strangers]
    warnings += [
        f"{name_of(one)} is {one.get('status', 'of unknown status')} and was not read"
        for one in ours.values()
        if one.get("status") not in SIGNED | PRELIMINARY
    ]
    warnings += [f"{name_of(one)} is preliminary" + (" and was not read" if policy.skips_preliminary else "") for one in unsigned]
    kept = signed if policy.skips_preliminary else signed + unsigned
    kept.sort(key=lambda one: (moment(document_date(one)), one.get("id", "")))
    return Selection(tuple(kept), tuple(warnings), pending=tuple(unsigned) if policy.skips_preliminary else (), excluded=excluded)


def _key(report: Resource) -> object:
    """What is one report: the same address, or without one only itself."""
    return address_of(report) or id(report)


def _encounter(report: Resource) -> list[Resource]:
    return [report["encounter"]] if "encounter" in report else []
