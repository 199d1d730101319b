"""The lines of a receipt: what became of one resource, as the ``response`` of a Bundle entry (http://hl7.org/fhir/R4/bundle.html)."""

from __future__ import annotations

from collections.abc import Iterable

from fhir_coder.arrival import BEGUN, NOT_SENT_AGAIN, UNANSWERED
from fhir_coder.errors import EhrError, FhirCoderError
from fhir_coder.exchange import Resource
from fhir_coder.writeback.fidelity import Alteration, alterations, altered_codes
from fhir_coder.writeback.names import address_of, version_of


def receipt_of(responses: Iterable[Resource]) -> Resource:
    """The receipt: a Bundle of type batch-response."""
    return {"resourceType": "Bundle", "type": "batch-response", "entry": [{"response": response} for response in responses]}


def written(status: str, sent: Resource, kept: Resource, sentence: str = "") -> Resource:
    """Created, updated or retired; and whether the EHR kept it as it was sent. ``sentence`` adds why, as information."""
    issues = [_issue("information", "informational", sentence)] if sentence else []
    return _located(status, kept, [*issues, *_altered(alterations(sent, kept), "The EHR did not keep it as it was sent")])


def unverified(status: str, kept: Resource, sentence: str = "") -> Resource:
    """Written, and the EHR did not let it be read again."""
    issues = [_issue("information", "informational", sentence)] if sentence else []
    return _located(status, kept, [*issues, _issue("information", "incomplete", "Written; it could not be read back.")])


def already_there(proposed: Resource, current: Resource) -> Resource:
    """Nothing written; and whether what is there has the same codes: after somebody's change it may not."""
    altered = _altered(altered_codes(proposed, current), "Already there with other codes; it was left as it is")
    return _located("200 OK", current, altered or [_issue("information", "duplicate", "Already there; nothing was written.")])


def left(current: Resource, sentence: str, element: str = "", issue_code: str = "conflict") -> Resource:
    """Nothing written although something would have had to be: somebody has it otherwise (``conflict``), or the EHR offers no way (``not-supported``)."""
    issue = _issue("warning", issue_code, f"{sentence}.")
    return _located("200 OK", current, [issue | ({"expression": [element]} if element else {})])


def held(sentence: str) -> Resource:
    """Not written yet."""
    return answer("202 Held until sign-off", "informational", sentence, "information")


def refused(error: FhirCoderError) -> Resource:
    """The EHR said no, or did not answer; with its own OperationOutcome where it sent one."""
    status = (error.ehr_status if isinstance(error, EhrError) else 0) or error.status
    response = answer(
        f"{status} Refused" if isinstance(error, EhrError) and error.ehr_status else f"{status} Failed", error.issue, error.message
    )
    if isinstance(error, EhrError) and error.outcome:
        response["outcome"] = error.outcome
    return response


def unknown(error: FhirCoderError) -> Resource:
    """No answer came, so it is not known whether it was written."""
    text = f"{error.message}; it is not known whether it was written. The next coding of the encounter looks for it first."
    return answer(UNANSWERED, error.issue, text, "error")


def not_attempted(error: FhirCoderError) -> Resource:
    """Nothing was sent, because the EHR had stopped answering."""
    return answer("503 Not attempted", "transient", f"Not sent: before it, {error.message}. Code the encounter again.", "error")


def begun(current: Resource | None, word: str = "") -> Resource:
    """About to be sent: of this version, or to be created."""
    status = f"{BEGUN} {word}".strip()
    return _located(status, current, []) if current else answer(status, "informational", "Begun, and no answer yet.", "information")


def not_sent_again(kind: str) -> Resource:
    """Nothing sent, because it may be there."""
    text = f"An attempt before may have created the {kind}, and the EHR cannot be asked: look there, and say whether it stands there."
    return answer(NOT_SENT_AGAIN, "duplicate", text, "error")


def omitted(sentence: str, current: Resource | None) -> Resource:
    """Not offered, or not allowed; of what stands there where that is known."""
    response = answer("501 Not Implemented", "not-supported", sentence, "warning")
    return response | ({"location": _located("", current, [])["location"]} if current else {})


def answer(status: str, issue: str, sentence: str, severity: str = "error") -> Resource:
    """A line without an address."""
    return {"status": status, "outcome": _outcome([_issue(severity, issue, sentence)])}


def _located(status: str, resource: Resource, issues: list[Resource]) -> Resource:
    version, address = version_of(resource), address_of(resource)
    response: Resource = {"status": status, "location": f"{address}/_history/{version}" if version else address}
    if version:
        response["etag"] = f'W/"{version}"'
    return response | ({"outcome": _outcome(issues)} if issues else {})


def _altered(found: tuple[Alteration, ...], sentence: str) -> list[Resource]:
    return [_issue("warning", "conflict", f"{sentence}: {one.element} ({one.sentence}).") | {"expression": [one.element]} for one in found]


def _outcome(issues: list[Resource]) -> Resource:
    return {"resourceType": "OperationOutcome", "issue": issues}


def _issue(severity: str, code: str, sentence: str) -> Resource:
    return {"severity": severity, "code": code, "diagnostics": sentence}
