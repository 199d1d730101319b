"""The answer of ``$check-coding``: an OperationOutcome of the findings, then what could not be checked and by which release it was."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.api.check_request import CheckRequest
from fhir_coder.api.outcome import MAX_EXPRESSIONS, finding_issue, ignored_issues, plain_issue
from fhir_coder.checking import CheckedCodes
from fhir_coder.edits.registry import all_edits
from fhir_coder.exchange import Resource

_NEEDS = {"note": "a note", "lines": "service lines"}


def outcome_of_check(request: CheckRequest, checked: CheckedCodes) -> Resource:
    """One issue for each finding with the places of its codes; it is never empty."""
    return {"resourceType": "OperationOutcome", "issue": list(_issues(request, checked))}


def _issues(request: CheckRequest, checked: CheckedCodes) -> Iterator[Resource]:
    for finding in checked.findings:
        places = request.places(finding)
        yield finding_issue(finding) | ({"expression": list(places[:MAX_EXPRESSIONS])} if places else {})
    if not checked.findings:
        yield plain_issue("information", "informational", "No finding: no edit that could run has anything to say about these codes.")
    yield from request.remarks
    yield from ignored_issues(request.ignored)
    if checked.spans_releases:
        yield plain_issue("warning", "incomplete", _span_sentence(request))
    yield from _not_run(checked)
    yield from _unknown(request)
    yield plain_issue("information", "informational", _release_sentence(request, checked))


def _span_sentence(request: CheckRequest) -> str:
    codes = request.codes
    return (
        f"The dates of service run from {codes.service_date} to {codes.last_service_date}, and the release used does not hold on all of them; "
        f"the codes were checked for {codes.service_date}. Check the later services apart."
    )


def _not_run(checked: CheckedCodes) -> Iterator[Resource]:
    """The edits that lacked their input, by what they need."""
    for need, words in _NEEDS.items():
        ids = [edit.id for edit in all_edits() if edit.needs == need and edit.id in checked.not_run]
        if ids:
            yield plain_issue("information", "incomplete", f"Not run, for they need {words}: {', '.join(ids)}.")


def _unknown(request: CheckRequest) -> Iterator[Resource]:
    """Facts without which edits pass over everything they are for."""
    codes = request.codes
    facts = {"date of service": codes.service_date, "birth date": codes.patient.birth_date, "gender": codes.patient.gender}
    missing = [name for name, value in facts.items() if not value]
    if missing:
        yield plain_issue("information", "incomplete", f"Unknown: {', '.join(missing)}. Edits on these had nothing to compare.")


def _release_sentence(request: CheckRequest, checked: CheckedCodes) -> str:
    use, count = checked.release, len(request.codes.codes)
    covered = f"{use.effective_from.isoformat()} to {use.effective_to.isoformat()}"
    caveat = f" It has {use.caveat}." if use.caveat else ""
    codes = f"{count} code{'' if count == 1 else 's'}"
    return f"Checked {codes} with ICD-10-CM release {use.id}, which covers service dates {covered} (this request: {use.status}).{caveat}"
