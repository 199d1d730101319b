"""How the built-in EHR says no: an HTTP status, an issue type and a sentence."""

from __future__ import annotations

from fhir_coder.exchange import Resource


class Refused(Exception):
    """A request that is answered with an OperationOutcome."""

    def __init__(self, status: int, issue: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.issue = issue
        self.text = text

    @property
    def outcome(self) -> Resource:
        """The OperationOutcome."""
        return {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": self.issue, "diagnostics": self.text}]}
