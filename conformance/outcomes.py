"""What an error must look like, whatever its cause: an OperationOutcome of FHIR R4 with the issue type that fits."""

from __future__ import annotations

from conformance.exchange import FHIR_JSON, Answer, Resource
from conformance.verdict import expect

SEVERITIES = frozenset({"fatal", "error", "warning", "information"})
ISSUE_TYPES = frozenset(
    {
        "invalid",
        "structure",
        "required",
        "value",
        "invariant",
        "security",
        "login",
        "unknown",
        "expired",
        "forbidden",
        "suppressed",
        "processing",
        "not-supported",
        "duplicate",
        "multiple-matches",
        "not-found",
        "deleted",
        "too-long",
        "code-invalid",
        "extension",
        "too-costly",
        "business-rule",
        "conflict",
        "transient",
        "lock-error",
        "no-store",
        "exception",
        "timeout",
        "incomplete",
        "throttled",
        "informational",
    }
)
"""http://hl7.org/fhir/R4/valueset-issue-type.html; the binding is required."""


def expect_outcome(answer: Answer, status: int, *types: str) -> Resource:
    """The OperationOutcome of an error with that status, and one of the types in an issue of severity error or fatal."""
    expect(answer.status == status, f"HTTP {status}", answer)
    expect(answer.media_type == FHIR_JSON, f"an OperationOutcome as {FHIR_JSON}", answer)
    outcome = answer.resource
    expect_valid(outcome, answer)
    grave = [one for one in outcome["issue"] if one["severity"] in {"error", "fatal"}]
    expect(grave, "an issue of severity error or fatal", answer)
    if types:
        expect({one["code"] for one in grave} & set(types), f"issue.code {' or '.join(types)}", ", ".join(one["code"] for one in grave))
    return outcome


def expect_valid(outcome: Resource, answer: Answer) -> None:
    """An OperationOutcome with at least one issue, each with a severity and a type of the required value sets."""
    expect(outcome.get("resourceType") == "OperationOutcome", "an OperationOutcome", answer)
    issues = outcome.get("issue")
    expect(isinstance(issues, list) and issues, "at least one issue", answer)
    for one in issues or ():
        expect(one.get("severity") in SEVERITIES, "a severity of the value set", one.get("severity"))
        expect(one.get("code") in ISSUE_TYPES, "an issue type of the value set", one.get("code"))
