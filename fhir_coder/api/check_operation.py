"""``POST [base]/Claim/$check-coding``."""

from __future__ import annotations

from typing import Protocol

from flask import Response, g, request

from fhir_coder.api.audited import tell
from fhir_coder.api.body import read_body
from fhir_coder.api.check_outcome import outcome_of_check
from fhir_coder.api.check_request import read_check_request
from fhir_coder.api.gate import current_grant
from fhir_coder.api.metrics import Metrics
from fhir_coder.api.operation import CodingEngine, require_tenant
from fhir_coder.api.prefer import read_preferences
from fhir_coder.api.respond import format_of, respond
from fhir_coder.checking import CheckedCodes, GivenCodes
from fhir_coder.fhir.limits import Limits
from fhir_coder.smart.context import require_patient


class CheckingEngine(CodingEngine, Protocol):
    """What both operations need of the engine."""

    def check(self, given: GivenCodes) -> CheckedCodes:
        """Run the compliance edits on given codes; asks nobody and keeps nothing."""


class CheckCoding:
    """The operation as a view: bytes and headers in, OperationOutcome out, with status 200 whatever the findings are."""

    def __init__(self, engine: CheckingEngine, limits: Limits, metrics: Metrics) -> None:
        self._engine = engine
        self._limits = limits
        self._metrics = metrics

    def __call__(self, tenant: str) -> Response:
        """Negotiate, read, check, answer; every refusal is one of our errors."""
        require_tenant(self._engine, tenant)
        form = format_of(request)
        preferences = read_preferences(request.headers.get("Prefer"))
        g.preference_applied = preferences.applied()
        read = read_check_request(read_body(request, self._limits), is_strict=preferences.is_strict)
        tell(patient=f"Patient/{read.codes.patient.id}" if read.codes.patient.id else "", detail={"codes": str(len(read.codes.codes))})
        if grant := current_grant():
            require_patient(grant, read.codes.patient.id)
        checked = self._engine.check(read.codes)
        self._metrics.count_check(checked.findings[0].severity.value if checked.findings else "none")
        return respond(outcome_of_check(read, checked), form)
