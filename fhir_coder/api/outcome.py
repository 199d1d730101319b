"""OperationOutcome: from an error, and from what a coding run has to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fhir_coder.errors import FhirCoderError
from fhir_coder.exchange import CodingResult, Resource
from fhir_coder.model import Finding, Severity
from fhir_coder.vocabulary import CANONICAL, EDIT

ERROR_SYSTEM = f"{CANONICAL}/CodeSystem/error"

# http://hl7.org/fhir/R4/valueset-issue-severity.html and valueset-issue-type.html (both required bindings)
_SEVERITIES = {Severity.BLOCKING: "error", Severity.ADVISORY: "warning", Severity.INFORMATION: "information"}
_TYPES = {Severity.BLOCKING: "business-rule", Severity.ADVISORY: "business-rule", Severity.INFORMATION: "informational"}

MAX_EXPRESSIONS = 20
"""How many places one issue names; a caller who sends thousands of unknown parameters learns the count."""

INLINE_SENTENCE = "Sent inline and note text is not stored: it cannot be shown for review or replayed later."


def outcome_of_error(error: FhirCoderError, request_id: str) -> Resource:
    """The body of every 4xx and 5xx answer."""
    issue: Resource = {
        "severity": "error",
        "code": error.issue,
        "details": {"coding": [{"system": ERROR_SYSTEM, "code": error.code}], "text": error.message},
        "diagnostics": f"{error.message} [{error.code}, request {request_id}]",
    }
    if error.expression:
        issue["expression"] = list(error.expression)
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def outcome_of_failure(request_id: str) -> Resource:
    """The body of a 500: a generic sentence and the id to quote; what failed stands in the log."""
    issue = {
        "severity": "fatal",
        "code": "exception",
        "details": {"coding": [{"system": ERROR_SYSTEM, "code": FhirCoderError.code}], "text": "The server failed."},
        "diagnostics": f"The server failed. Quote request {request_id} when reporting this.",
    }
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def outcome_of_status(status: int, sentence: str) -> Resource:
    """The body of an HTTP error that has no class of its own."""
    issue = {"severity": "error", "code": "processing", "diagnostics": f"HTTP {status}: {sentence}"}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def outcome_of_result(result: CodingResult, ignored: Iterable[str]) -> Resource:
    """All findings, problems without a code, edits not run, what intake and the parser ignored, and the release used."""
    return {"resourceType": "OperationOutcome", "issue": list(_issues(result, ignored))}


def _issues(result: CodingResult, ignored: Iterable[str]) -> Iterator[Resource]:
    report = result.disposition.report
    yield from map(finding_issue, report.shown)
    for evidence in report.coded.uncoded:
        place = f"note {evidence.note_id}, characters {evidence.start} to {evidence.end}"
        yield plain_issue("warning", "incomplete", f"A problem asserted in {place} found no code.")
    yield from ignored_issues(list(ignored))
    for sentence in result.intake.warnings:
        yield plain_issue("warning", "incomplete", sentence)
    for edit in report.not_run:
        yield plain_issue("information", "incomplete", f"Edit {edit} did not run: it lacked its input.")
    if result.is_inline and not result.keeps_text:
        yield plain_issue("information", "informational", INLINE_SENTENCE)
    yield from _of_receipt(result)
    yield plain_issue("information", "informational", _release_sentence(result))


def _of_receipt(result: CodingResult) -> Iterator[Resource]:
    """What was not written, counted; the receipt says of each resource why."""
    statuses = [entry["response"]["status"] for entry in (result.receipt or {}).get("entry", ())]
    held = sum(status.startswith("202") for status in statuses)
    failed = sum(status.startswith(("4", "5")) for status in statuses)
    if held:
        yield plain_issue("information", "informational", f"Held until sign-off: {held} of {len(statuses)} resources; see the receipt.")
    if failed:
        yield plain_issue("warning", "incomplete", f"Not written: {failed} of {len(statuses)} resources; see the receipt.")


def ignored_issues(paths: Sequence[str]) -> Iterator[Resource]:
    """One warning about all parameters that were ignored, by their FHIRPaths; nothing when there is none."""
    if paths:
        yield plain_issue("warning", "not-supported", ignored_sentence(len(paths)), paths)


def ignored_sentence(count: int) -> str:
    """How many parameters were ignored."""
    return "An unknown parameter was ignored." if count == 1 else f"{count} unknown parameters were ignored."


def finding_issue(finding: Finding) -> Resource:
    """A finding that is shown: the edit as a coding, its sentence as diagnostics."""
    coding = {"system": EDIT, "code": finding.edit, "display": finding.name}
    details = {"coding": [coding], "text": f"{finding.name}: {', '.join(finding.codes)}" if finding.codes else finding.name}
    return {"severity": _SEVERITIES[finding.severity], "code": _TYPES[finding.severity], "details": details, "diagnostics": finding.detail}


def _release_sentence(result: CodingResult) -> str:
    use = result.release
    covered = f"{use.effective_from.isoformat()} to {use.effective_to.isoformat()}"
    caveat = f" It has {use.caveat}." if use.caveat else ""
    return f"Coded with ICD-10-CM release {use.id}, which covers service dates {covered} (this encounter: {use.status}).{caveat}"


def plain_issue(severity: str, code: str, sentence: str, expression: Sequence[str] = ()) -> Resource:
    """An issue that is no finding; ``expression`` are FHIRPaths, of which the first ones are named."""
    issue: Resource = {"severity": severity, "code": code, "diagnostics": sentence}
    return issue | {"expression": list(expression[:MAX_EXPRESSIONS])} if expression else issue
